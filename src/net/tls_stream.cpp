#include "net/tls_stream.h"

#include <algorithm>
#include <cstring>

#include <fmt/core.h>

namespace plinth::net {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;  // the most that one TLS record carries
// Ciphertext waiting for the network; more plaintext is encrypted when it has gone.
constexpr std::size_t kCiphertextBytesMax = 256 * 1024;
// Encrypted before other connections get their turn: about a third of a millisecond.
constexpr std::size_t kEncryptedPerTurnMax = 512 * 1024;
constexpr std::size_t kFlushBytes = 128 * 1024;

std::string name_entry(const X509_NAME* name, int id, int& position) {
  position = X509_NAME_get_index_by_NID(const_cast<X509_NAME*>(name), id, position);
  if (position < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, position)));
  if (size < 0) return {};
  std::string out(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return out;
}

std::string serial_text(const X509* certificate) {
  const std::unique_ptr<BIGNUM, OpensslFree<BN_free>> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return {};
  char* text = BN_bn2dec(number.get());
  std::string out = text == nullptr ? "" : text;
  OPENSSL_free(text);
  return out;
}

PeerCertificate describe(const X509* certificate) {
  PeerCertificate out;
  out.present = true;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  int position = -1;
  out.common_name = name_entry(subject, NID_commonName, position);
  position = -1;
  while (true) {
    std::string organization = name_entry(subject, NID_organizationName, position);
    if (position < 0) break;
    out.organizations.push_back(std::move(organization));
  }
  out.serial = serial_text(certificate);
  if (std::tm end{}; ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
    out.not_after_s = static_cast<std::int64_t>(timegm(&end));
  return out;
}

}  // namespace

// The BIO between OpenSSL and the stream's input_ and output_.
struct TlsBio {
  static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
    stream(bio).output_.append(data, size);
    *written = size;
    return 1;
  }
  static int read(BIO* bio, char* out, std::size_t size, std::size_t* got) {
    BIO_clear_retry_flags(bio);
    std::string_view& input = stream(bio).input_;
    *got = std::min(size, input.size());
    if (*got == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(out, input.data(), *got);
    input.remove_prefix(*got);
    return 1;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* method() {
    static const BIO_METHOD* const kMethod = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "plinth stream");
      BIO_meth_set_write_ex(made, write);
      BIO_meth_set_read_ex(made, read);
      BIO_meth_set_ctrl(made, control);
      BIO_meth_set_create(made, create);
      return made;
    }();
    return kMethod;
  }
};

TlsStream::TlsStream(SslPtr ssl, std::unique_ptr<Stream> plain)
    : ssl_(std::move(ssl)), plain_(std::move(plain)), peer_(plain_->peer()) {
  BIO* bio = BIO_new(TlsBio::method());
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsStream::~TlsStream() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  if (self_) *self_ = nullptr;
}

void TlsStream::handshake(HandshakeDone done) {
  handshake_done_ = std::move(done);
  plain_->start(this);
  schedule();  // a client speaks first
}

void TlsStream::start(StreamEvents* events) {
  events_ = events;
  update_reading();
  if (events != nullptr) schedule();
}

// A parked stream leaves its bytes in the socket.
void TlsStream::update_reading() { plain_->pause_reading(paused_ || (handshaken_ && events_ == nullptr)); }

void TlsStream::pause_reading(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  update_reading();
  if (!paused) schedule();
}

void TlsStream::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  if (!self_) self_ = std::make_shared<TlsStream*>(this);
  loop().post([self = self_] {
    TlsStream* stream = *self;
    if (stream == nullptr) return;
    stream->scheduled_ = false;
    stream->guarded([stream] { return stream->advance(); });
  });
}

template <typename Step>
TlsStream::Alive TlsStream::guarded(Step step) {
  bool destroyed = false;
  bool* const outer = destroyed_;
  destroyed_ = &destroyed;
  step();
  if (!destroyed) {
    destroyed_ = outer;
    return Alive::kYes;
  }
  if (outer != nullptr) *outer = true;
  return Alive::kNo;
}

void TlsStream::on_data(std::string_view bytes) {
  if (kept_.empty()) {
    input_ = bytes;
  } else {
    kept_.append(bytes);
    input_ = {};
  }
  guarded([this] { return advance(); });
}

// Reads what there is to read, sends what there is to send.
TlsStream::Alive TlsStream::advance() {
  bool& destroyed = *destroyed_;
  std::string taken;
  if (!kept_.empty()) {
    taken.swap(kept_);
    input_ = taken;
  }
  if (!handshaken_ && step_handshake() == Alive::kNo) return Alive::kNo;
  if (handshaken_ && read_plaintext() == Alive::kNo) return Alive::kNo;
  keep_rest_of_input();
  if (closed_ && events_ != nullptr) {
    std::exchange(events_, nullptr)->on_closed();
    return destroyed ? Alive::kNo : Alive::kYes;
  }
  if (plain_read_closed_ && !read_closed_ && kept_.empty() && end_reading() == Alive::kNo) return Alive::kNo;
  encrypt();
  return tell_drained();
}

void TlsStream::keep_rest_of_input() {
  if (!input_.empty()) kept_.assign(input_);
  input_ = {};
}

TlsStream::Alive TlsStream::step_handshake() {
  if (!handshake_done_) return Alive::kYes;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  flush();
  if (result == 1) {
    handshaken_ = true;
    learn_peer();
    return end_handshake({});
  }
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ && !plain_read_closed_ && !closed_) return Alive::kYes;
  if (error == SSL_ERROR_WANT_READ)
    return end_handshake(Error(Reason::kServiceUnavailable, "TLS handshake: the peer closed the connection"));
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (SSL_is_server(ssl_.get()) == 0 && verdict != X509_V_OK) {
    ERR_clear_error();
    return end_handshake(
        Error(Reason::kServiceUnavailable,
              fmt::format("TLS handshake: the server's certificate is refused: {}", X509_verify_cert_error_string(verdict))));
  }
  return end_handshake(openssl_error("TLS handshake"));
}

TlsStream::Alive TlsStream::end_handshake(Result<void> outcome) {
  bool& destroyed = *destroyed_;
  const bool failed = !outcome.ok();
  const HandshakeDone done = std::move(handshake_done_);
  done(std::move(outcome));
  if (destroyed) return Alive::kNo;
  if (failed)
    close();
  else
    update_reading();
  return Alive::kYes;
}

void TlsStream::learn_peer() {
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
  peer_.alpn.assign(reinterpret_cast<const char*>(protocol), size);
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return;
  // A resumed session brings an old verdict along: the certificate may have ended since.
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0) return;
  peer_.certificate = describe(certificate);
}

TlsStream::Alive TlsStream::read_plaintext() {
  bool& destroyed = *destroyed_;
  char buffer[kRecordBytes];
  while (events_ != nullptr && !paused_ && !read_closed_ && !closing_ && !input_.empty()) {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_.get(), buffer, sizeof buffer, &size);
    if (result == 1) {
      events_->on_data({buffer, size});
      if (destroyed) return Alive::kNo;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) continue;  // ends when the input is used up
    ERR_clear_error();
    input_ = {};
    if (error == SSL_ERROR_ZERO_RETURN) return end_reading();
    flush();  // the alert
    close();
    return Alive::kYes;
  }
  return Alive::kYes;
}

TlsStream::Alive TlsStream::end_reading() {
  bool& destroyed = *destroyed_;
  if (events_ == nullptr || read_closed_ || closing_) return Alive::kYes;
  read_closed_ = true;
  events_->on_read_closed();
  return destroyed ? Alive::kNo : Alive::kYes;
}

void TlsStream::write(ByteChain bytes) {
  if (closed_ || write_ending_) return;
  for (SharedBytes& part : bytes) {
    if (part.empty()) continue;
    queued_ += part.size();
    queue_.push_back(std::move(part));
  }
  encrypt();
  if (queued_bytes() > 0) owes_drained_ = true;
}

void TlsStream::encrypt() {
  if (!handshaken_ || closed_) return;
  std::size_t encrypted = 0;
  while (queued_ > 0 && plain_->queued_bytes() + output_.size() < kCiphertextBytesMax) {
    if (encrypted >= kEncryptedPerTurnMax) {
      schedule();
      break;
    }
    const std::size_t before = queued_;
    if (!encrypt_one_record()) return close();
    encrypted += before - queued_;
    if (output_.size() >= kFlushBytes) flush();
  }
  if (queued_ == 0) finish_writing();
  flush();
}

// Small parts share a record: head and body of an answer, or many small frames.
bool TlsStream::encrypt_one_record() {
  char gathered[kRecordBytes];
  std::string_view record = queue_[queue_first_].view().substr(first_offset_);
  if (record.size() < kRecordBytes && queue_first_ + 1 < queue_.size()) {
    std::size_t size = 0;
    std::size_t offset = first_offset_;
    for (std::size_t i = queue_first_; i < queue_.size() && size < kRecordBytes; ++i) {
      const std::string_view part = queue_[i].view().substr(offset, kRecordBytes - size);
      std::memcpy(gathered + size, part.data(), part.size());
      size += part.size();
      offset = 0;
    }
    record = {gathered, size};
  }
  record = record.substr(0, kRecordBytes);
  ERR_clear_error();
  std::size_t written = 0;
  if (SSL_write_ex(ssl_.get(), record.data(), record.size(), &written) != 1) {
    ERR_clear_error();
    return false;
  }
  consume(written);
  return true;
}

void TlsStream::consume(std::size_t size) {
  queued_ -= size;
  while (size > 0) {
    SharedBytes& first = queue_[queue_first_];
    const std::size_t left = first.size() - first_offset_;
    if (size < left) {
      first_offset_ += size;
      return;
    }
    size -= left;
    first = SharedBytes();
    ++queue_first_;
    first_offset_ = 0;
  }
  if (queued_ == 0) {
    if (queue_.capacity() > 64) queue_ = {};
    queue_.clear();
    queue_first_ = 0;
  } else if (queue_first_ >= 64 && queue_first_ * 2 >= queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_first_));
    queue_first_ = 0;
  }
}

void TlsStream::flush() {
  if (output_.empty()) return;
  plain_->write({SharedBytes(std::exchange(output_, {}))});
}

void TlsStream::finish_writing() {
  if (!write_ending_ || write_ended_) return;
  write_ended_ = true;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());  // appends close_notify
  ERR_clear_error();
  flush();
  plain_->shutdown_write();
}

void TlsStream::shutdown_write() {
  if (closed_ || write_ending_) return;
  write_ending_ = true;
  encrypt();
}

void TlsStream::close() {
  if (closed_ || closing_) return;
  closing_ = true;
  queue_ = {};
  queue_first_ = 0;
  queued_ = 0;
  write_ending_ = true;
  write_ended_ = true;
  if (handshaken_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    flush();
  }
  plain_->close();
}

void TlsStream::on_drained() {
  guarded([this] {
    encrypt();
    return tell_drained();
  });
}

TlsStream::Alive TlsStream::tell_drained() {
  bool& destroyed = *destroyed_;
  if (!owes_drained_ || queued_bytes() > 0 || closing_ || closed_ || events_ == nullptr) return Alive::kYes;
  owes_drained_ = false;
  events_->on_drained();
  return destroyed ? Alive::kNo : Alive::kYes;
}

void TlsStream::on_read_closed() {
  plain_read_closed_ = true;
  guarded([this] { return advance(); });
}

void TlsStream::on_closed() {
  closed_ = true;
  guarded([this] { return advance(); });
}

}  // namespace plinth::net

#include "api/connection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/die.h"

namespace plinth::bench {
namespace {

constexpr std::size_t kInputBytes = 256 * 1024;
constexpr std::int32_t kWindow = 1 << 30;

int connect_tcp(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  if (inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1) die("{} is no address", address);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    die("connecting to {}: {}", address, std::strerror(errno));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

nghttp2_nv field(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

TlsClient::TlsClient(const std::string& ca, const std::string& certificate, const std::string& key)
    : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context_, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_read_ahead(context_, 1);
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  static constexpr unsigned char kAlpn[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context_, kAlpn, sizeof kAlpn);
  if (SSL_CTX_load_verify_locations(context_, ca.c_str(), nullptr) != 1) die("the certificate {} cannot be read", ca);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  if (certificate.empty()) return;
  if (SSL_CTX_use_certificate_chain_file(context_, certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    die("the certificate {} cannot be used", certificate);
  }
}

TlsClient::~TlsClient() { SSL_CTX_free(context_); }

struct Connection::Exchange {
  std::string body;
  std::size_t sent = 0;
  Answer answer;
  Done done;
  Data data;
  bool keep_body = false;
};

struct ConnectionCallbacks {
  static Connection::Exchange* exchange(nghttp2_session* session, std::int32_t id) {
    return static_cast<Connection::Exchange*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void*) {
    Connection::Exchange* e = exchange(session, frame->hd.stream_id);
    if (e == nullptr) return 0;
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    const std::string_view text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":status")
      e->answer.status = std::stoi(std::string(text));
    else if (key == "grpc-status")
      e->answer.grpc_status = text;
    return 0;
  }

  static int data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size, void*) {
    Connection::Exchange* e = exchange(session, id);
    if (e == nullptr) return 0;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    e->answer.body_bytes += size;
    if (e->keep_body) e->answer.body += text;
    if (e->data) e->data(text);
    return 0;
  }

  static int closed(nghttp2_session* session, std::int32_t id, std::uint32_t, void*) {
    const std::unique_ptr<Connection::Exchange> e(exchange(session, id));
    if (e && e->done) e->done(e->answer);
    return 0;
  }

  static ssize_t body(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t room, std::uint32_t* flags,
                      nghttp2_data_source* source, void*) {
    auto* e = static_cast<Connection::Exchange*>(source->ptr);
    const std::size_t n = std::min(room, e->body.size() - e->sent);
    std::memcpy(out, e->body.data() + e->sent, n);
    e->sent += n;
    if (e->sent == e->body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(n);
  }

  static nghttp2_session* open(Connection& connection) {
    nghttp2_session_callbacks* table = nullptr;
    nghttp2_session_callbacks_new(&table);
    nghttp2_session_callbacks_set_on_header_callback(table, header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, data);
    nghttp2_session_callbacks_set_on_stream_close_callback(table, closed);
    nghttp2_session* session = nullptr;
    nghttp2_session_client_new(&session, table, &connection);
    nghttp2_session_callbacks_del(table);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
                                               {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kWindow);
    return session;
  }
};

Connection::Connection(const TlsClient& tls, const std::string& address)
    : authority_(address), fd_(connect_tcp(address)), ssl_(SSL_new(tls.context())) {
  SSL_set_fd(ssl_, fd_);
  handshake();
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  session_ = ConnectionCallbacks::open(*this);
  flush();
}

void Connection::handshake() {
  if (SSL_connect(ssl_) != 1) die("the TLS handshake with {} failed", authority_);
}

Connection::~Connection() {
  nghttp2_session_del(session_);
  SSL_free(ssl_);
  close(fd_);
}

void Connection::submit(Request request, Done done, bool keep_body, Data data) {
  auto* exchange = new Exchange;  // owned by the stream: ConnectionCallbacks::closed
  exchange->body = std::move(request.body);
  exchange->done = std::move(done);
  exchange->data = std::move(data);
  exchange->keep_body = keep_body;
  std::vector<nghttp2_nv> fields = {field(":method", request.method), field(":scheme", "https"),
                                    field(":authority", authority_), field(":path", request.path)};
  for (const Header& h : request.headers) fields.push_back(field(h.name, h.value));
  nghttp2_data_provider provider{};
  provider.source.ptr = exchange;
  provider.read_callback = ConnectionCallbacks::body;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                 exchange->body.empty() ? nullptr : &provider, exchange);
  if (id < 0) die("{} {}: {}", request.method, request.path, nghttp2_strerror(id));
}

void Connection::flush() {
  for (;;) {
    const std::uint8_t* data = nullptr;
    const ssize_t n = nghttp2_session_mem_send(session_, &data);
    if (n <= 0) break;
    output_.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(n));
  }
  std::size_t sent = 0;
  while (sent < output_.size()) {
    const int n = SSL_write(ssl_, output_.data() + sent, static_cast<int>(output_.size() - sent));
    if (n <= 0) break;
    sent += static_cast<std::size_t>(n);
  }
  output_.erase(0, sent);
}

void Connection::read_all() {
  if (input_.empty()) input_.resize(kInputBytes);
  do {
    const int n = SSL_read(ssl_, input_.data(), static_cast<int>(input_.size()));
    if (n <= 0) {
      const int why = SSL_get_error(ssl_, n);
      if (why == SSL_ERROR_WANT_READ) return;
      die("the connection to {} ended", authority_);
    }
    const ssize_t used =
        nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(input_.data()), static_cast<std::size_t>(n));
    if (used < 0) die("{}: {}", authority_, nghttp2_strerror(static_cast<int>(used)));
  } while (SSL_has_pending(ssl_) != 0);
}

void Connection::advance() {
  read_all();
  flush();
}

bool Connection::wait(int timeout_ms) {
  pollfd one{fd_, static_cast<short>(POLLIN | (output_.empty() ? 0 : POLLOUT)), 0};
  return SSL_has_pending(ssl_) != 0 || poll(&one, 1, timeout_ms) > 0;
}

Answer Connection::call(const Request& request) {
  bool over = false;
  Answer got;
  submit(
      request,
      [&](Answer& answer) {
        got = std::move(answer);
        over = true;
      },
      true);
  flush();
  while (!over) {
    wait(-1);
    advance();
  }
  return got;
}

}  // namespace plinth::bench

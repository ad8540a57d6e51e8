#include "net/tls13_records.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <cstring>

namespace plinth::net {
namespace {

// RFC 8446 section 5.1 and appendix B.
constexpr std::size_t kHeadBytes = 5;
// A record's whole plaintext: data, its type, padding.
constexpr std::size_t kInnerBytesMax = Tls13Records::kPlainBytesMax + 1;
constexpr std::uint8_t kTypeAlert = 21, kTypeHandshake = 22, kTypeData = 23;
constexpr std::uint8_t kWarning = 1, kFatal = 2;
constexpr std::uint8_t kUnexpectedMessage = 10, kBadRecordMac = 20, kRecordOverflow = 22, kIllegalParameter = 47, kDecodeError = 50,
                       kInternalError = 80, kUserCanceled = 90;
constexpr std::uint8_t kKeyUpdate = 24;
constexpr std::size_t kKeyUpdateBytes = 5;
// Records in a row that carry nothing for the application; more are an attempt to keep us busy. OpenSSL allows as many.
constexpr std::uint8_t kIdleRecordsMax = 32;
// Written under one key; AES-GCM is good for 2^24.5 full records (RFC 8446 section 5.5).
constexpr std::uint64_t kRecordsPerKeyMax = std::uint64_t{1} << 24;

struct Suite {
  std::uint16_t id;
  const EVP_CIPHER* (*cipher)();
  const EVP_MD* (*digest)();
  std::uint8_t key_bytes;
  std::uint8_t secret_bytes;
};

constexpr Suite kSuites[] = {{0x1301, EVP_aes_128_gcm, EVP_sha256, 16, 32},
                             {0x1302, EVP_aes_256_gcm, EVP_sha384, 32, 48},
                             {0x1303, EVP_chacha20_poly1305, EVP_sha256, 32, 32}};

const Suite* find_suite(std::uint16_t id) {
  for (const Suite& suite : kSuites) {
    if (suite.id == id) return &suite;
  }
  return nullptr;
}

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// HKDF-Expand-Label with no context, for at most one block of the digest: RFC 8446 section 7.1.
bool expand_label(const Suite& suite, std::string_view secret, std::string_view label, unsigned char* out, std::size_t size) {
  std::string info{static_cast<char>(size >> 8), static_cast<char>(size), static_cast<char>(6 + label.size())};
  info += "tls13 ";
  info += label;
  info += '\0';  // the context's length
  info += '\1';  // the first block
  unsigned char block[EVP_MAX_MD_SIZE];
  unsigned int block_size = 0;
  const bool made = HMAC(suite.digest(), secret.data(), static_cast<int>(secret.size()), octets(info), info.size(), block, &block_size) !=
                        nullptr && block_size >= size;
  if (made) std::memcpy(out, block, size);
  OPENSSL_cleanse(block, sizeof block);
  return made;
}

std::string from_hex(std::string_view text) {
  std::string out(text.size() / 2, '\0');
  std::size_t size = 0;
  if (OPENSSL_hexstr2buf_ex(reinterpret_cast<unsigned char*>(out.data()), out.size(), &size, std::string(text).c_str(), '\0') != 1) return {};
  out.resize(size);
  return out;
}

// How many records `bytes` hold.
std::uint64_t count_records(std::string_view bytes) {
  std::uint64_t count = 0;
  while (bytes.size() >= kHeadBytes) {
    const std::size_t size = kHeadBytes + octets(bytes)[3] * 256u + octets(bytes)[4];
    if (size > bytes.size()) break;
    bytes.remove_prefix(size);
    ++count;
  }
  return count;
}

}  // namespace

TrafficSecrets::~TrafficSecrets() {
  OPENSSL_cleanse(client.data(), client.size());
  OPENSSL_cleanse(server.data(), server.size());
}

void TrafficSecrets::take_line(std::string_view line) {
  const std::size_t label_end = line.find(' ');
  const std::size_t secret = line.rfind(' ');
  if (label_end == std::string_view::npos || secret == label_end) return;
  const std::string_view label = line.substr(0, label_end);
  if (label == "CLIENT_TRAFFIC_SECRET_0") client = from_hex(line.substr(secret + 1));
  if (label == "SERVER_TRAFFIC_SECRET_0") server = from_hex(line.substr(secret + 1));
}

TrafficKeys::~TrafficKeys() {
  OPENSSL_cleanse(secret_.data(), secret_.size());
  OPENSSL_cleanse(iv_.data(), iv_.size());
}

bool TrafficKeys::set(std::uint16_t cipher, std::string_view secret, bool encrypts, std::uint64_t records) {
  const Suite* suite = find_suite(cipher);
  if (suite == nullptr || secret.size() != suite->secret_bytes) return false;
  cipher_ = cipher;
  secret_bytes_ = suite->secret_bytes;
  encrypts_ = encrypts;
  std::memcpy(secret_.data(), secret.data(), secret.size());
  context_.reset(EVP_CIPHER_CTX_new());
  if (!context_ || !derive()) return false;
  records_ = records;
  return true;
}

bool TrafficKeys::derive() {
  const Suite& suite = *find_suite(cipher_);
  const std::string_view secret(reinterpret_cast<const char*>(secret_.data()), secret_bytes_);
  unsigned char key[EVP_MAX_KEY_LENGTH];
  const bool made = expand_label(suite, secret, "key", key, suite.key_bytes) && expand_label(suite, secret, "iv", iv_.data(), iv_.size()) &&
                    EVP_CipherInit_ex(context_.get(), suite.cipher(), nullptr, key, nullptr, encrypts_ ? 1 : 0) == 1;
  OPENSSL_cleanse(key, sizeof key);
  records_ = 0;
  return made;
}

bool TrafficKeys::next_generation() {
  const std::string_view secret(reinterpret_cast<const char*>(secret_.data()), secret_bytes_);
  std::array<unsigned char, kSecretBytesMax> next{};
  const bool made = expand_label(*find_suite(cipher_), secret, "traffic upd", next.data(), secret_bytes_);
  if (made) secret_ = next;
  OPENSSL_cleanse(next.data(), next.size());
  return made && derive();
}

bool TrafficKeys::begin_record() {
  if (records_ == UINT64_MAX) return false;
  std::array<unsigned char, kIvBytes> nonce = iv_;
  for (std::size_t i = 0; i < 8; ++i) nonce[kIvBytes - 1 - i] ^= static_cast<unsigned char>(records_ >> (8 * i));
  ++records_;
  return EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, nonce.data(), -1) == 1;
}

bool TrafficKeys::seal(std::string_view head, std::string_view plain, std::uint8_t type, char* out) {
  EVP_CIPHER_CTX* context = context_.get();
  auto* to = reinterpret_cast<unsigned char*>(out);
  int size = 0;
  if (!begin_record() || EVP_CipherUpdate(context, nullptr, &size, octets(head), static_cast<int>(head.size())) != 1) return false;
  if (!plain.empty() && EVP_CipherUpdate(context, to, &size, octets(plain), static_cast<int>(plain.size())) != 1) return false;
  to += plain.size();
  if (EVP_CipherUpdate(context, to, &size, &type, 1) != 1 || EVP_CipherFinal_ex(context, to + 1, &size) != 1) return false;
  return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, to + 1) == 1;
}

bool TrafficKeys::open(std::string_view head, std::string_view sealed, char* out) {
  EVP_CIPHER_CTX* context = context_.get();
  auto* to = reinterpret_cast<unsigned char*>(out);
  const std::string_view text = sealed.substr(0, sealed.size() - kTagBytes);
  auto* tag = const_cast<char*>(sealed.data() + text.size());  // is only read
  int size = 0;
  return begin_record() && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag) == 1 &&
         EVP_CipherUpdate(context, nullptr, &size, octets(head), static_cast<int>(head.size())) == 1 &&
         EVP_CipherUpdate(context, to, &size, octets(text), static_cast<int>(text.size())) == 1 &&
         EVP_CipherFinal_ex(context, to + text.size(), &size) == 1;
}

std::unique_ptr<Tls13Records> Tls13Records::take_over(const SSL* ssl, const TrafficSecrets& secrets, std::string_view sent) {
  if (SSL_version(ssl) != TLS1_3_VERSION || SSL_has_pending(ssl) != 0) return nullptr;
  return make(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl)), secrets, count_records(sent));
}

std::unique_ptr<Tls13Records> Tls13Records::make(std::uint16_t suite, const TrafficSecrets& secrets, std::uint64_t written) {
  auto out = std::make_unique<Tls13Records>();
  if (!out->reading_.set(suite, secrets.client, false, 0)) return nullptr;
  if (!out->writing_.set(suite, secrets.server, true, written)) return nullptr;
  return out;
}

Tls13Records::Opened Tls13Records::fail(std::uint8_t alert) {
  alert_ = alert;
  return Opened::kFailed;
}

Tls13Records::Opened Tls13Records::open(std::string_view& input, char* out, std::size_t& size) {
  if (input.size() < kHeadBytes) return Opened::kIncomplete;
  const std::string_view head = input.substr(0, kHeadBytes);
  const std::size_t length = octets(head)[3] * 256u + octets(head)[4];
  if (octets(head)[0] != kTypeData) return fail(kUnexpectedMessage);
  if (length > kInnerBytesMax + TrafficKeys::kTagBytes) return fail(kRecordOverflow);
  if (length <= TrafficKeys::kTagBytes) return fail(kBadRecordMac);
  if (input.size() < kHeadBytes + length) return Opened::kIncomplete;
  if (!reading_.open(head, input.substr(kHeadBytes, length), out)) {
    ERR_clear_error();
    return fail(kBadRecordMac);
  }
  input.remove_prefix(kHeadBytes + length);
  size = length - TrafficKeys::kTagBytes;
  while (size > 0 && out[size - 1] == 0) --size;  // padding
  if (size == 0) return fail(kUnexpectedMessage);
  const auto type = static_cast<std::uint8_t>(out[--size]);
  idle_records_ = type == kTypeData && size > 0 ? 0 : static_cast<std::uint8_t>(idle_records_ + 1);
  if (idle_records_ > kIdleRecordsMax) return fail(kUnexpectedMessage);
  const std::string_view plain(out, size);
  if (type == kTypeData) return Opened::kData;
  size = 0;
  if (type == kTypeAlert) return take_alert(plain);
  return type == kTypeHandshake ? take_handshake(plain) : fail(kUnexpectedMessage);
}

Tls13Records::Opened Tls13Records::take_alert(std::string_view alert) {
  if (alert.size() != 2) return fail(kDecodeError);
  const std::uint8_t description = octets(alert)[1];
  if (description == kCloseNotify) return Opened::kEnd;
  return description == kUserCanceled ? Opened::kData : fail(0);
}

// A KeyUpdate in a record of its own, as every library sends it. Nothing else is due to a server after the handshake.
Tls13Records::Opened Tls13Records::take_handshake(std::string_view message) {
  if (message.size() != kKeyUpdateBytes || !message.starts_with(std::string_view("\x18\0\0\1", 4))) return fail(kUnexpectedMessage);
  const std::uint8_t requested = octets(message)[4];
  if (requested > 1) return fail(kIllegalParameter);
  if (requested == 1) update_owed_ = true;
  return reading_.next_generation() ? Opened::kData : fail(kInternalError);
}

bool Tls13Records::update_keys(std::string& output) {
  update_owed_ = false;
  const char message[kKeyUpdateBytes] = {kKeyUpdate, 0, 0, 1, 0};
  return seal_as(kTypeHandshake, {message, sizeof message}, output) && writing_.next_generation();
}

bool Tls13Records::seal(std::string_view plain, std::string& output) {
  if ((update_owed_ || writing_.records() >= kRecordsPerKeyMax) && !update_keys(output)) return false;
  return seal_as(kTypeData, plain, output);
}

void Tls13Records::seal_alert(std::uint8_t description, std::string& output) {
  const char alert[2] = {static_cast<char>(description == kCloseNotify ? kWarning : kFatal), static_cast<char>(description)};
  seal_as(kTypeAlert, {alert, sizeof alert}, output);
}

bool Tls13Records::seal_as(std::uint8_t type, std::string_view plain, std::string& output) {
  char record[kHeadBytes + kPlainBytesMax + 1 + TrafficKeys::kTagBytes];
  const std::size_t length = plain.size() + 1 + TrafficKeys::kTagBytes;
  const char head[kHeadBytes] = {kTypeData, 3, 3, static_cast<char>(length >> 8), static_cast<char>(length)};
  std::memcpy(record, head, kHeadBytes);
  if (!writing_.seal({head, kHeadBytes}, plain, type, record + kHeadBytes)) {
    ERR_clear_error();
    return false;
  }
  output.append(record, kHeadBytes + length);
  return true;
}

}  // namespace plinth::net

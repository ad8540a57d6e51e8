// The record layer of an established TLS 1.3 connection, server's side. For .cpp files of net only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/openssl_ptr.h"

namespace plinth::net {

using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, OpensslFree<EVP_CIPHER_CTX_free>>;

// The application traffic secrets of one connection, as OpenSSL's key log tells them; wiped when they go.
class TrafficSecrets {
 public:
  TrafficSecrets() = default;
  ~TrafficSecrets();
  TrafficSecrets(const TrafficSecrets&) = delete;
  TrafficSecrets& operator=(const TrafficSecrets&) = delete;
  // A line of the key log: "CLIENT_TRAFFIC_SECRET_0 <client random> <secret>", in hexadecimal; others are passed over.
  void take_line(std::string_view line);

  std::string client, server;
};

// One direction: keys from a traffic secret, a number for each record. RFC 8446 sections 5.2, 5.3, 7.2 and 7.3.
class TrafficKeys {
 public:
  TrafficKeys() = default;
  ~TrafficKeys();
  TrafficKeys(const TrafficKeys&) = delete;
  TrafficKeys& operator=(const TrafficKeys&) = delete;

  // False when the cipher or the secret's length is not one of TLS 1.3, or memory is short. `records`: sent under the keys already.
  bool set(std::uint16_t cipher, std::string_view secret, bool encrypts, std::uint64_t records);
  bool next_generation();
  std::uint64_t records() const { return records_; }

  // `out` takes plain.size() + 1 + kTagBytes bytes: what follows the record's head.
  bool seal(std::string_view head, std::string_view plain, std::uint8_t type, char* out);
  // Decrypts `sealed` (tag last) to `out`, which takes sealed.size() - kTagBytes. False when it was tampered with.
  bool open(std::string_view head, std::string_view sealed, char* out);

  static constexpr std::size_t kTagBytes = 16;

 private:
  static constexpr std::size_t kSecretBytesMax = 48, kIvBytes = 12;

  bool derive();
  bool begin_record();

  CipherContextPtr context_;
  std::array<unsigned char, kSecretBytesMax> secret_{};
  std::array<unsigned char, kIvBytes> iv_{};
  std::uint64_t records_ = 0;
  std::uint16_t cipher_ = 0;
  std::uint8_t secret_bytes_ = 0;
  bool encrypts_ = false;
};

// What OpenSSL keeps for a connection (its handshake's state, the client's certificate, buffers) is 17 KB; once the handshake is
// over a server needs two keys and two counters of it, and this is what does with them. The handshake, tickets and all of TLS 1.2
// stay with OpenSSL, and so does the cryptography here (EVP). Clients may send application data, alerts and KeyUpdate; whatever else
// comes ends the connection, as it must.
class Tls13Records {
 public:
  enum class Opened : std::uint8_t {
    kData,        // `out` holds application data (may be empty)
    kIncomplete,  // the record has not come whole
    kEnd,         // the peer will send no more
    kFailed,      // the connection is to be closed; alert() says what the peer is told, 0 for nothing
  };

  // From a connection whose handshake is done and which has read nothing since. `sent`: the records that OpenSSL wrote since the
  // last bytes from the client came, which are tickets. Null where it is not TLS 1.3 or the secrets are not known.
  static std::unique_ptr<Tls13Records> take_over(const SSL* ssl, const TrafficSecrets& secrets, std::string_view sent);
  // With a cipher suite of TLS 1.3; `written`: records sent already. Null when the suite or a secret's length is another.
  static std::unique_ptr<Tls13Records> make(std::uint16_t suite, const TrafficSecrets& secrets, std::uint64_t written);

  // Takes the next record off `input`; `out` has room for kPlainBytesMax + 1.
  Opened open(std::string_view& input, char* out, std::size_t& size);
  std::uint8_t alert() const { return alert_; }

  // Appends one record of application data to `output`; `plain` is at most kPlainBytesMax. False when it cannot be encrypted.
  bool seal(std::string_view plain, std::string& output);
  void seal_alert(std::uint8_t description, std::string& output);

  static constexpr std::size_t kPlainBytesMax = 16 * 1024;
  static constexpr std::uint8_t kCloseNotify = 0;

 private:
  Opened fail(std::uint8_t alert);
  Opened take_handshake(std::string_view message);
  Opened take_alert(std::string_view alert);
  bool update_keys(std::string& output);
  bool seal_as(std::uint8_t type, std::string_view plain, std::string& output);

  TrafficKeys reading_, writing_;
  std::uint8_t alert_ = 0;
  std::uint8_t idle_records_ = 0;  // in a row, without application data
  bool update_owed_ = false;
};

}  // namespace plinth::net

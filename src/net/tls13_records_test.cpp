#include "net/tls13_records.h"

#include <doctest/doctest.h>

#include <functional>

#include "net/tls_context.h"
#include "world_real/real_clock.h"

namespace plinth::net {
namespace {

// An OpenSSL client against a server whose handshake is OpenSSL's and whose records are ours.
struct Established {
  explicit Established(const char* suite, int version = TLS1_3_VERSION) {
    const std::int64_t now = world_real::RealClock().wall_ns() / 1'000'000'000;
    world_real::RealEntropy entropy;
    const KeyPair ca = make_ca(entropy, "ca", now - 60, now + 3600).value();
    CertificateRequest request;
    request.common_name = "plinth";
    request.server = true;
    request.not_before_s = now - 60;
    request.not_after_s = now + 3600;
    server_context = make_server_context(issue_certificate(entropy, ca, request).value(), ca.certificate_pem).value();
    client_context = make_client_context("", {}, true).value();
    SSL_CTX_set_ciphersuites(client_context->context.get(), suite);
    SSL_CTX_set_max_proto_version(client_context->context.get(), version);
    SSL_CTX_set_keylog_callback(server_context->context.get(), [](const SSL* ssl, const char* line) {
      static_cast<TrafficSecrets*>(SSL_get_app_data(ssl))->take_line(line);
    });
    server = server_context->new_connection();
    client = client_context->new_connection("").value();
    SSL_set_app_data(server.get(), &secrets);
    for (SSL* ssl : {server.get(), client.get()}) SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    std::string last;
    for (int round = 0; round < 10 && (!SSL_is_init_finished(server.get()) || !SSL_is_init_finished(client.get())); ++round) {
      SSL_do_handshake(client.get());
      push(server.get(), take(client.get()));
      SSL_do_handshake(server.get());
      last = take(server.get());
      push(client.get(), last);
    }
    REQUIRE(SSL_is_init_finished(server.get()));
    records = Tls13Records::take_over(server.get(), secrets, last);
    server.reset();
  }
  static std::string take(SSL* ssl) {
    std::string out(BIO_ctrl_pending(SSL_get_wbio(ssl)), '\0');
    if (!out.empty()) BIO_read(SSL_get_wbio(ssl), out.data(), static_cast<int>(out.size()));
    return out;
  }
  static void push(SSL* ssl, const std::string& bytes) {
    if (!bytes.empty()) BIO_write(SSL_get_rbio(ssl), bytes.data(), static_cast<int>(bytes.size()));
  }
  // What the client reads of `bytes`.
  std::string client_reads(const std::string& bytes) {
    push(client.get(), bytes);
    std::string out(100'000, '\0');
    std::size_t used = 0, size = 0;
    while (SSL_read_ex(client.get(), out.data() + used, out.size() - used, &size) == 1) used += size;
    out.resize(used);
    return out;
  }
  std::string client_writes(const std::string& text) {
    std::size_t written = 0;
    REQUIRE(SSL_write_ex(client.get(), text.data(), text.size(), &written) == 1);
    return take(client.get());
  }
  // Reads all of `bytes`; the outcome of the last record is in `last`.
  std::string server_reads(std::string_view bytes) {
    std::string out;
    char buffer[Tls13Records::kPlainBytesMax + 1];
    while (!bytes.empty()) {
      std::size_t size = 0;
      last = records->open(bytes, buffer, size);
      if (last != Tls13Records::Opened::kData) break;
      out.append(buffer, size);
    }
    rest = bytes.size();
    return out;
  }
  std::string sealed(std::string_view text) {
    std::string out;
    REQUIRE(records->seal(text, out));
    return out;
  }

  std::shared_ptr<TlsServerContext> server_context;
  std::shared_ptr<TlsClientContext> client_context;
  TrafficSecrets secrets;
  SslPtr server, client;
  std::unique_ptr<Tls13Records> records;
  Tls13Records::Opened last = Tls13Records::Opened::kData;
  std::size_t rest = 0;
};

constexpr const char* kSuites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};

TEST_CASE("records as OpenSSL writes and reads them, through key updates of both sides") {
  for (const char* suite : kSuites) {
    CAPTURE(suite);
    Established pair(suite);
    REQUIRE(pair.records != nullptr);
    for (int i = 0; i < 5; ++i) {
      const std::string up(static_cast<std::size_t>(1 + i * 9'000), 'u'), down(static_cast<std::size_t>(1 + i * 4'000), 'd');
      CHECK(pair.server_reads(pair.client_writes(up)) == up);
      CHECK(pair.client_reads(pair.sealed(down)) == down);
      // The first asks for an update of our keys too, which goes before what is written next.
      if (i < 4) REQUIRE(SSL_key_update(pair.client.get(), i == 0 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
    }
    SSL_shutdown(pair.client.get());
    CHECK(pair.server_reads(Established::take(pair.client.get())).empty());
    CHECK(pair.last == Tls13Records::Opened::kEnd);
    std::string end;
    pair.records->seal_alert(Tls13Records::kCloseNotify, end);
    CHECK(pair.client_reads(end).empty());
    CHECK(SSL_get_shutdown(pair.client.get()) == (SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN));
  }
}

TEST_CASE("records come in pieces") {
  Established pair(kSuites[0]);
  const std::string record = pair.client_writes("hello");
  for (std::size_t i = 1; i < record.size(); ++i) {
    CHECK(pair.server_reads(record.substr(0, i)).empty());
    CHECK(pair.last == Tls13Records::Opened::kIncomplete);
    CHECK(pair.rest == i);
  }
  CHECK(pair.server_reads(record) == "hello");
}

TEST_CASE("what does not belong ends the connection with the alert for it") {
  constexpr std::uint8_t kUnexpectedMessage = 10, kBadRecordMac = 20, kRecordOverflow = 22;
  struct Row {
    const char* name;
    std::function<std::string(Established&)> bytes;
    std::uint8_t alert;
  };
  const Row rows[] = {
      {"changed", [](Established& pair) { std::string out = pair.client_writes("hello"); out[7] ^= 1; return out; }, kBadRecordMac},
      {"cut", [](Established& pair) { std::string out = pair.client_writes("hello"); --out[4]; return out; }, kBadRecordMac},
      {"repeated", [](Established& pair) { const std::string out = pair.client_writes("hello"); return out + out; }, kBadRecordMac},
      {"out of turn", [](Established& pair) { pair.client_writes("lost"); return pair.client_writes("hello"); }, kBadRecordMac},
      {"empty", [](Established&) { return std::string("\x17\3\3\0\0", 5); }, kBadRecordMac},
      {"too long", [](Established&) { return std::string("\x17\3\3\x40\x12", 5); }, kRecordOverflow},
      {"in clear", [](Established&) { return std::string("\x16\3\3\0\1\0", 6); }, kUnexpectedMessage},
      {"change of cipher", [](Established&) { return std::string("\x14\3\3\0\1\1", 6); }, kUnexpectedMessage},
      {"key updates without end",
       [](Established& pair) {
         std::string out;
         for (int i = 0; i < 40; ++i) {
           SSL_key_update(pair.client.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
           SSL_do_handshake(pair.client.get());
           out += Established::take(pair.client.get());
         }
         return out;
       },
       kUnexpectedMessage},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Established pair(kSuites[0]);
    pair.server_reads(row.bytes(pair));
    CHECK(pair.last == Tls13Records::Opened::kFailed);
    CHECK(pair.records->alert() == row.alert);
    std::string alert;
    pair.records->seal_alert(pair.records->alert(), alert);
    CHECK(pair.client_reads(alert).empty());
    CHECK(ERR_GET_REASON(ERR_peek_error()) == SSL_AD_REASON_OFFSET + row.alert);
    ERR_clear_error();
  }
}

TEST_CASE("TLS 1.2 stays with OpenSSL, and so does what has no secrets") {
  CHECK(Established(kSuites[0], TLS1_2_VERSION).records == nullptr);
  TrafficSecrets secrets;
  CHECK(Tls13Records::make(0x1301, secrets, 0) == nullptr);
  secrets.take_line("CLIENT_TRAFFIC_SECRET_0 00 " + std::string(64, 'a'));
  secrets.take_line("SERVER_TRAFFIC_SECRET_0 00 " + std::string(64, 'b'));
  secrets.take_line("SERVER_HANDSHAKE_TRAFFIC_SECRET 00 cc");
  CHECK(Tls13Records::make(0x1301, secrets, 0) != nullptr);
  CHECK(Tls13Records::make(0x1302, secrets, 0) == nullptr);  // longer secrets
  CHECK(Tls13Records::make(0x1304, secrets, 0) == nullptr);
}

}  // namespace
}  // namespace plinth::net

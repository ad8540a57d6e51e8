// A list of 10,000 objects of 3 KB, and the same bytes sent from memory over a connection with the same TLS.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/die.h"
#include "api/figures.h"
#include "api/load.h"
#include "api/objects.h"
#include "api/process.h"

namespace plinth::bench {
namespace {

constexpr int kSendBufferBytes = 128 * 1024;

// Sends `size` bytes for each byte that it receives; nothing but OpenSSL and the socket.
class RawSender {
 public:
  RawSender(const std::string& pki, std::size_t size) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || listen(listener_, 1) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &length) != 0) {
      die("no socket to send from memory");
    }
    port_ = ntohs(at.sin_port);
    child_ = fork();
    if (child_ == 0) serve(pki, size);
  }
  ~RawSender() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    close(listener_);
  }
  int port() const { return port_; }

 private:
  [[noreturn]] void serve(const std::string& pki, std::size_t size) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_chain_file(context, (pki + "/apiserver.crt").c_str());
    SSL_CTX_use_PrivateKey_file(context, (pki + "/apiserver.key").c_str(), SSL_FILETYPE_PEM);
    SSL* ssl = SSL_new(context);
    // Several records leave in one system call, as they do in any good server.
    BIO* socket = BIO_new_socket(accept(listener_, nullptr, nullptr), BIO_CLOSE);
    BIO* buffer = BIO_new(BIO_f_buffer());
    BIO_set_write_buffer_size(buffer, kSendBufferBytes);
    BIO_up_ref(socket);
    SSL_set_bio(ssl, socket, BIO_push(buffer, socket));
    if (SSL_accept(ssl) != 1) _exit(1);
    const std::string bytes(size, 'x');
    char asked = 0;
    while (SSL_read(ssl, &asked, 1) == 1) {
      if (SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size())) break;
      BIO_flush(buffer);
    }
    _exit(0);
  }
  int listener_ = -1;
  int port_ = 0;
  pid_t child_ = -1;
};

double raw_seconds(const TlsClient& tls, int port, std::size_t size, int rounds) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) die("the sender from memory does not answer");
  SSL* ssl = SSL_new(tls.context());
  SSL_set_fd(ssl, fd);
  if (SSL_connect(ssl) != 1) die("the handshake with the sender from memory failed");
  std::vector<char> buffer(256 * 1024);
  std::vector<double> took;
  for (int i = 0; i < rounds; ++i) {
    const std::int64_t begin = now_ns();
    SSL_write(ssl, "x", 1);
    for (std::size_t got = 0; got < size;) {
      const int n = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
      if (n <= 0) die("the sender from memory ended");
      got += static_cast<std::size_t>(n);
    }
    took.push_back(static_cast<double>(now_ns() - begin) / 1e9);
  }
  SSL_free(ssl);
  close(fd);
  return median(took);
}

}  // namespace

void measure_list(const Options& options, Report& report) {
  constexpr std::uint64_t kObjects = 10'000;
  const Scratch scratch(options, "list");
  Plinth plinth(options.plinth, scratch.path() + "/plinth");
  const TlsClient tls(plinth.ca(), plinth.certificate(), plinth.key());
  Connection connection(tls, plinth.address());
  fill(connection, kObjects, 1);
  const int rounds = options.quick ? 5 : 15;
  std::vector<double> took;
  std::uint64_t bytes = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::int64_t begin = now_ns();
    bool over = false;
    connection.submit(get(kConfigMaps), [&](Answer& answer) {
      bytes = answer.body_bytes;
      over = true;
    });
    connection.flush();
    while (!over) {
      connection.wait(-1);
      connection.advance();
    }
    took.push_back(static_cast<double>(now_ns() - begin) / 1e9);
  }
  const RawSender sender(scratch.path() + "/plinth/pki", bytes);
  const double raw = raw_seconds(tls, sender.port(), bytes, rounds);
  const double share = raw / median(took);
  report.section("A list of 10,000 objects of 3 KB",
                 "One HTTP/2 connection; against a loop of OpenSSL's SSL_write over the same bytes in memory. Medians.");
  report.figure("list",
                fmt::format("{:.1f} MB in {:.1f} ms, {:.0f} MB/s", bytes / 1e6, median(took) * 1e3, bytes / 1e6 / median(took)),
                "", true);
  report.figure("from memory", fmt::format("{:.1f} ms, {:.0f} MB/s", raw * 1e3, bytes / 1e6 / raw), "", true);
  report.figure("share of that speed", fmt::format("{:.2f}", share), "0.5", share >= 0.5);
}

}  // namespace plinth::bench

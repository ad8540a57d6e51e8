#include "connection.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace silly_demo {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kLineBytesMax = 64 << 10;
constexpr std::size_t kReadBytes = 16 << 10;

}  // namespace

struct Connection::Socket {
  asio::io_context context;
  asio::ip::tcp::socket tcp{context};
};

Connection::Connection() : socket_(std::make_unique<Socket>()) {}
Connection::~Connection() = default;

std::string Connection::open(const std::string& host, const std::string& port, int read_seconds_max) {
  error_code error;
  asio::ip::tcp::resolver resolver(socket_->context);
  const auto addresses = resolver.resolve(host, port, error);
  if (error) return "lookup " + host + ": " + error.message();
  asio::connect(socket_->tcp, addresses, error);
  if (error) return "dial tcp " + host + ":" + port + ": " + error.message();
  socket_->tcp.set_option(asio::ip::tcp::no_delay(true), error);
  const timeval limit{read_seconds_max, 0};
  ::setsockopt(socket_->tcp.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  return "";
}

bool Connection::fill() {
  char bytes[kReadBytes];
  const auto count = ::recv(socket_->tcp.native_handle(), bytes, sizeof(bytes), 0);
  if (count <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(count));
  return true;
}

bool Connection::read(std::string& out, std::size_t bytes) {
  while (buffer_.size() < bytes) {
    if (!fill()) return false;
  }
  out = buffer_.substr(0, bytes);
  buffer_.erase(0, bytes);
  return true;
}

bool Connection::read_line(std::string& line) {
  std::size_t end;
  while ((end = buffer_.find('\n')) == std::string::npos) {
    if (buffer_.size() > kLineBytesMax || !fill()) return false;
  }
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

bool Connection::write(std::string_view bytes) {
  error_code error;
  asio::write(socket_->tcp, asio::buffer(bytes.data(), bytes.size()), error);
  return !error;
}

}  // namespace silly_demo

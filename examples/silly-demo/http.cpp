#include "http.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace silly_demo {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kBodyBytesMax = 1 << 20;

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(code);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

std::string HttpRequest::parameter(const std::string& name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto key = pair.substr(0, pair.find('='));
    if (decoded(key) == name) return key.size() < pair.size() ? decoded(pair.substr(key.size() + 1)) : "";
  }
  return "";
}

struct HttpServer::State {
  explicit State(std::function<HttpAnswer(const HttpRequest&)> h) : handle(std::move(h)) {}

  const std::function<HttpAnswer(const HttpRequest&)> handle;
  asio::io_context context;
  tcp::acceptor acceptor{context};
  std::atomic<bool> stopping = false;
  std::mutex mutex;
  std::condition_variable changed;
  int connections = 0;
  int answering = 0;

  void accept_all(std::shared_ptr<State> self);
  void serve(tcp::socket socket);
  bool serve_one(tcp::socket& socket, boost::beast::flat_buffer& buffer);
  bool enter();
  void leave();
};

bool HttpServer::State::enter() {
  const std::lock_guard lock(mutex);
  if (stopping || connections >= kConnectionsMax) return false;
  ++connections;
  return true;
}

void HttpServer::State::leave() {
  const std::lock_guard lock(mutex);
  --connections;
  changed.notify_all();
}

void HttpServer::State::accept_all(std::shared_ptr<State> self) {
  while (!stopping) {
    error_code error;
    tcp::socket socket(context);
    acceptor.accept(socket, error);
    if (error || !enter()) continue;
    std::thread([self, socket = std::move(socket)]() mutable {
      self->serve(std::move(socket));
      self->leave();
    }).detach();
  }
}

void HttpServer::State::serve(tcp::socket socket) {
  const timeval idle{kIdleSeconds, 0};
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
  boost::beast::flat_buffer buffer;
  while (!stopping && serve_one(socket, buffer)) {
  }
  error_code ignored;
  socket.shutdown(tcp::socket::shutdown_both, ignored);
}

// Whether the connection goes on.
bool HttpServer::State::serve_one(tcp::socket& socket, boost::beast::flat_buffer& buffer) {
  http::request_parser<http::string_body> parser;
  parser.body_limit(kBodyBytesMax);
  error_code error;
  http::read(socket, buffer, parser, error);
  if (error) return false;
  const auto& message = parser.get();
  const std::string target(message.target());
  const auto mark = target.find('?');
  HttpRequest request{std::string(message.method_string()), target.substr(0, mark),
                      mark == std::string::npos ? "" : target.substr(mark + 1)};
  {
    const std::lock_guard lock(mutex);
    ++answering;
  }
  auto answer = handle(request);
  http::response<http::string_body> response(static_cast<http::status>(answer.status), message.version());
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::access_control_allow_origin, "*");
  response.keep_alive(message.keep_alive() && !stopping);
  response.body() = std::move(answer.body);
  response.prepare_payload();
  if (message.method() == http::verb::head) response.body().clear();
  http::response_serializer<http::string_body> serializer(response);
  if (message.method() == http::verb::head) {
    http::write_header(socket, serializer, error);
  } else {
    http::write(socket, serializer, error);
  }
  {
    const std::lock_guard lock(mutex);
    --answering;
    changed.notify_all();
  }
  return !error && response.keep_alive();
}

HttpServer::HttpServer(std::function<HttpAnswer(const HttpRequest&)> handle)
    : state_(std::make_shared<State>(std::move(handle))) {}
HttpServer::~HttpServer() { stop(0); }

std::string HttpServer::start(unsigned short port) {
  error_code error;
  auto& acceptor = state_->acceptor;
  tcp::endpoint address(tcp::v6(), port);
  acceptor.open(address.protocol(), error);
  if (error) {  // a machine without IPv6
    address = tcp::endpoint(tcp::v4(), port);
    acceptor.open(address.protocol(), error);
  } else {
    acceptor.set_option(asio::ip::v6_only(false), error);
  }
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(address, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return "listen on port " + std::to_string(port) + ": " + error.message();
  std::thread([state = state_] { state->accept_all(state); }).detach();
  return "";
}

void HttpServer::stop(int seconds) {
  state_->stopping = true;
  ::shutdown(state_->acceptor.native_handle(), SHUT_RDWR);
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, std::chrono::seconds(seconds), [this] { return state_->answering == 0; });
}

}  // namespace silly_demo

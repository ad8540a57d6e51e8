#include "nats.h"

#include <chrono>
#include <cstdio>
#include <sstream>
#include <thread>
#include <vector>

namespace silly_demo {

namespace {

constexpr auto kPauseBeforeReconnect = std::chrono::seconds(2);

std::string connect_options(const std::string& user, const std::string& password) {
  std::string options =
      R"({"verbose":false,"pedantic":false,"lang":"c++","version":"1","name":"silly-demo","headers":true,"no_responders":true)";
  if (!user.empty()) options += R"(,"user":")" + user + R"(","pass":")" + password + "\"";
  return "CONNECT " + options + "}\r\n";
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

NatsClient::NatsClient(const std::string& url) {
  std::string rest = url;
  if (const auto scheme = rest.find("://"); scheme != std::string::npos) rest = rest.substr(scheme + 3);
  if (const auto at = rest.find('@'); at != std::string::npos) {
    user_ = rest.substr(0, at);
    rest = rest.substr(at + 1);
    if (const auto colon = user_.find(':'); colon != std::string::npos) {
      password_ = user_.substr(colon + 1);
      user_.resize(colon);
    }
  }
  rest = rest.substr(0, rest.find('/'));
  const auto colon = rest.rfind(':');
  host_ = rest.substr(0, colon);
  if (colon != std::string::npos) port_ = rest.substr(colon + 1);
}

NatsClient::~NatsClient() = default;

void NatsClient::subscribe(const std::string& subject, Handler handler) { handlers_[subject] = std::move(handler); }

void NatsClient::publish(const std::string& subject, const std::string& payload) {
  const std::lock_guard lock(mutex_);
  const auto message = "PUB " + subject + " " + std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
  if (!connection_ || !connection_->write(message)) {
    std::fprintf(stderr, "not connected to NATS: nothing published on %s\n", subject.c_str());
  }
}

void NatsClient::run() {
  for (;;) {
    const auto connection = std::make_shared<Connection>();
    auto reason = connection->open(host_, port_, 0);
    if (reason.empty()) reason = serve(connection);
    {
      const std::lock_guard lock(mutex_);
      connection_.reset();
    }
    std::fprintf(stderr, "NATS at %s:%s: %s\n", host_.c_str(), port_.c_str(), reason.c_str());
    std::this_thread::sleep_for(kPauseBeforeReconnect);
  }
}

// Why it ended.
std::string NatsClient::serve(const std::shared_ptr<Connection>& connection) {
  std::string line;
  if (!connection->read_line(line) || !line.starts_with("INFO ")) return "this is not a NATS server";
  auto hello = connect_options(user_, password_);
  int id = 0;
  for (const auto& [subject, handler] : handlers_) {
    subjects_[std::to_string(++id)] = subject;
    hello += "SUB " + subject + " " + std::to_string(id) + "\r\n";
  }
  {
    const std::lock_guard lock(mutex_);
    if (!connection->write(hello + "PING\r\n")) return "the connection was lost";
    connection_ = connection;
  }
  while (connection->read_line(line)) {
    if (!take_line(*connection, line)) return "it sent what is not NATS";
  }
  return "the connection was lost";
}

// Whether the connection goes on.
bool NatsClient::take_line(Connection& connection, const std::string& line) {
  if (line.starts_with("MSG ") || line.starts_with("HMSG ")) return take_message(connection, line);
  if (line == "PING") {
    const std::lock_guard lock(mutex_);
    connection.write("PONG\r\n");
  } else if (line.starts_with("-ERR")) {
    std::fprintf(stderr, "NATS: %s\n", line.c_str());
  }
  return true;
}

// MSG subject sid [reply] bytes; HMSG subject sid [reply] header-bytes bytes.
bool NatsClient::take_message(Connection& connection, const std::string& head) {
  const auto words = words_of(head);
  const bool headers = words[0] == "HMSG";
  const std::size_t fixed = headers ? 5 : 4;
  if (words.size() < fixed) return false;
  const std::size_t bytes = std::strtoul(words.back().c_str(), nullptr, 10);
  const std::size_t header_bytes = headers ? std::strtoul(words[words.size() - 2].c_str(), nullptr, 10) : 0;
  if (bytes > kPayloadBytesMax || header_bytes > bytes) return false;
  std::string payload;
  if (!connection.read(payload, bytes + 2)) return false;
  payload = payload.substr(header_bytes, bytes - header_bytes);
  const auto handler = handlers_.find(subjects_[words[2]]);
  if (handler == handlers_.end()) return true;
  std::fprintf(stderr, "received message: %s\n", payload.c_str());
  const auto answer = handler->second(payload);
  if (words.size() > fixed) publish(words[3], answer);
  return true;
}

}  // namespace silly_demo

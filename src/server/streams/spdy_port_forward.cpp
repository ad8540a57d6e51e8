#include <map>

#include "base/text.h"
#include "server/streams/port_forward.h"

namespace plinth::server {
namespace {

constexpr std::size_t kHalfOpenMax = 200;                    // connections of which one stream is still missing
constexpr Duration kPairTimeout = std::chrono::seconds(30);  // for the second stream of a connection, as kubelets have it

class SpdyPortForward final : public PortForwardClient, private net::SpdySessionEvents {
 public:
  explicit SpdyPortForward(std::shared_ptr<net::SpdySession> session) : session_(std::move(session)) {}
  ~SpdyPortForward() override {
    *alive_ = false;
    half_open_.clear();
    session_->close();
  }
  void start(PortForwardEvents* events) override {
    events_ = events;
    session_->start(this);
  }

 private:
  struct Pair {
    std::unique_ptr<net::SpdyStream> error, data;
    std::uint32_t first_id = 0;
  };

  void on_stream(std::unique_ptr<net::SpdyStream> stream) override {
    const std::string type = stream->header("streamtype");
    if (type != "error" && type != "data") return;
    std::string key = stream->header("requestid");
    // Clients without request ids open a connection's streams one after the other, the error stream first.
    if (key.empty()) key = "stream " + std::to_string(type == "error" ? stream->id() : stream->id() - 2);
    const auto it = half_open_.try_emplace(key).first;
    Pair& pair = it->second;
    auto& place = type == "error" ? pair.error : pair.data;
    if (place) return;  // a second one of the same request
    if (!pair.error && !pair.data) {
      pair.first_id = stream->id();
      expect_other(key, pair.first_id);
    }
    place = std::move(stream);
    if (pair.error && pair.data) {
      Pair complete = std::move(pair);
      half_open_.erase(it);
      return connect(std::move(complete));
    }
    if (half_open_.size() > kHalfOpenMax) half_open_.erase(it);
  }

  void expect_other(const std::string& key, std::uint32_t first_id) {
    session_->loop().after(kPairTimeout, [this, key, first_id, alive = alive_] {
      if (!*alive) return;
      const auto it = half_open_.find(key);
      if (it != half_open_.end() && it->second.first_id == first_id) half_open_.erase(it);
    });
  }

  void connect(Pair pair) {
    ForwardedConnection connection;
    const std::string text = pair.data->header("port");
    const auto port = parse_integer<std::uint16_t>(text);
    connection.data = std::move(pair.data);
    connection.end = [error = std::shared_ptr<net::SpdyStream>(std::move(pair.error))](std::string problem) {
      if (!problem.empty()) error->write({SharedBytes(std::move(problem))});
      error->shutdown_write();
    };
    if (!port || *port == 0) {
      connection.end("port: \"" + text + "\" is not a port");
      connection.data->shutdown_write();
      return;
    }
    connection.port = *port;
    if (events_ != nullptr) events_->on_connection(std::move(connection));
  }

  void on_gone() override {
    if (PortForwardEvents* events = std::exchange(events_, nullptr)) events->on_gone();
  }

  std::shared_ptr<net::SpdySession> session_;
  PortForwardEvents* events_ = nullptr;
  std::map<std::string, Pair> half_open_;  // by request id
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<PortForwardClient> make_spdy_port_forward(std::shared_ptr<net::SpdySession> session) {
  return std::make_unique<SpdyPortForward>(std::move(session));
}

}  // namespace plinth::server

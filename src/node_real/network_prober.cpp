#include "node_real/network_prober.h"

#include <map>

#include <fmt/core.h>

#include "net/grpc/grpc.h"
#include "net/http.h"
#include "net/tls.h"

namespace plinth::node_real {
namespace {

using node::ProbeAnswer;
using node::ProbeOutcome;

constexpr std::size_t kBodyBytesMax = 10 * 1024;
constexpr int kRedirectsMax = 10;

std::string host_port(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos && host.front() != '[';
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

// Where a GET goes.
struct Url {
  bool tls = false;
  std::string host;  // without port or brackets
  std::uint16_t port = 0;
  std::string target;
  std::string text() const { return fmt::format("{}://{}{}", tls ? "https" : "http", host_port(host, port), target); }
};

// A Location against the URL that answered with it: absolute, without scheme, an absolute path, or a path beside the last one.
std::optional<Url> resolve(const Url& base, std::string location) {
  Url out = base;
  location.resize(std::min(location.find('#'), location.size()));
  const auto take_scheme = [&](std::string_view scheme, bool tls) {
    if (!std::string_view(location).starts_with(scheme)) return;
    out.tls = tls;
    location.erase(0, scheme.size() - 2);
  };
  take_scheme("http://", false);
  take_scheme("https://", true);
  if (location.find("://") < location.find('/')) return std::nullopt;
  if (std::string_view(location).starts_with("//")) {
    const std::size_t end = std::min(location.find_first_of("/?", 2), location.size());
    std::string authority = location.substr(2, end - 2);
    out.port = out.tls ? 443 : 80;
    const std::size_t colon = authority.rfind(':');
    if (colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
      const int port = std::atoi(authority.c_str() + colon + 1);
      if (port < 1 || port > 65535) return std::nullopt;
      out.port = static_cast<std::uint16_t>(port);
      authority.resize(colon);
    }
    if (authority.size() > 2 && authority.front() == '[') authority = authority.substr(1, authority.size() - 2);
    if (authority.empty()) return std::nullopt;
    out.host = std::move(authority);
    location.erase(0, end);
    out.target = location.empty() || location.front() != '/' ? "/" + location : location;
    return out;
  }
  if (!location.empty() && location.front() == '/')
    out.target = std::move(location);
  else
    out.target = base.target.substr(0, base.target.substr(0, base.target.find('?')).rfind('/') + 1) + location;
  return out;
}

// One probe; the prober keeps it until it is done.
class Probe {
 public:
  virtual ~Probe() = default;
};

class Prober;
using Finish = UniqueFunction<void(ProbeAnswer)>;

class HttpRun final : public Probe {
 public:
  HttpRun(Loop& loop, Network& network, Clock& clock, node::HttpProbe probe, Finish finish)
      : probe_(std::move(probe)), client_(net::make_http_client(loop, network, clock)), finish_(std::move(finish)) {
    url_ = {probe_.tls, probe_.host, probe_.port,
            probe_.path.empty() || probe_.path.front() != '/' ? "/" + probe_.path : probe_.path};
    deadline_ns_ = clock.monotonic_ns() + probe_.timeout.count();
    clock_ = &clock;
    get();
  }

 private:
  void get() {
    net::HttpRequest request;
    request.method = "GET";
    request.target = url_.target;
    request.host = host_port(url_.host, url_.port);
    for (const auto& [name, value] : probe_.headers) {
      std::string lower = name;
      for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      if (lower == "host")
        request.host = value;
      else
        request.headers.add(std::move(lower), value);
    }
    net::HttpClient::Options options;
    options.timeout = Duration(std::max<std::int64_t>(deadline_ns_ - clock_->monotonic_ns(), 1));
    std::shared_ptr<TlsClientContext> tls;
    if (url_.tls) {
      auto made = net::make_client_context("", {}, true);
      if (!made.ok()) return finish(ProbeOutcome::kFailure, made.error().message());
      tls = std::move(*made);
    }
    status_ = 0;
    body_.clear();
    cancel_ = client_->stream(
        host_port(url_.host, url_.port), std::move(tls), std::move(request), options,
        [this](const net::HttpResponse& head) {
          status_ = head.status;
          location_ = head.headers.get("location");
        },
        [this](std::string_view bytes) { take_body(bytes); }, [this](Result<void> outcome) { end(std::move(outcome)); });
  }

  void take_body(std::string_view bytes) {
    body_ += bytes.substr(0, kBodyBytesMax - body_.size());
    if (body_.size() < kBodyBytesMax) return;
    cancel_();
    judge();
  }

  void end(Result<void> outcome) {
    if (outcome.ok()) return judge();
    const bool late = outcome.error().reason() == Reason::kTimeout;
    finish(ProbeOutcome::kFailure,
           fmt::format("Get \"{}\": {}", url_.text(),
                       late ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                            : outcome.error().message()));
  }

  void judge() {
    if (is_redirect(status_) && !location_.empty()) {
      const auto next = resolve(url_, location_);
      if (next && next->host == url_.host) {
        if (++redirects_ >= kRedirectsMax) {
          return finish(ProbeOutcome::kFailure,
                        fmt::format("Get \"{}\": stopped after {} redirects", url_.text(), kRedirectsMax));
        }
        url_ = *next;
        return get();
      }
    }
    if (status_ >= 300 && status_ < 400)
      return finish(ProbeOutcome::kWarning, "Probe terminated redirects, Response body: " + body_);
    if (status_ >= 200 && status_ < 400) return finish(ProbeOutcome::kSuccess, body_);
    finish(ProbeOutcome::kFailure, fmt::format("HTTP probe failed with statuscode: {}", status_));
  }

  void finish(ProbeOutcome outcome, std::string text) {
    if (finish_) std::exchange(finish_, nullptr)({outcome, std::move(text)});
  }

  node::HttpProbe probe_;
  Url url_;
  std::unique_ptr<net::HttpClient> client_;
  net::HttpClient::Cancel cancel_;
  Finish finish_;
  Clock* clock_ = nullptr;
  std::int64_t deadline_ns_ = 0;
  std::string location_, body_;
  int status_ = 0, redirects_ = 0;
};

class GrpcRun final : public Probe {
 public:
  GrpcRun(Loop& loop, Network& network, Clock& clock, node::GrpcProbe probe, Finish finish)
      : probe_(std::move(probe)), finish_(std::move(finish)) {
    channel_ = net::make_grpc_channel(loop, network, clock, host_port(probe_.host, probe_.port));
    // HealthCheckRequest{service = 1}: a service's name is short.
    std::string request;
    if (!probe_.service.empty()) request = append_text(1, probe_.service);
    net::GrpcCallOptions options;
    options.timeout = probe_.timeout;
    channel_->unary("/grpc.health.v1.Health/Check", std::move(request), std::move(options),
                    [this](net::GrpcReply reply) { judge(reply); });
  }

 private:
  static std::string append_text(int number, std::string_view text) {
    std::string out(1, static_cast<char>(number << 3 | 2));
    for (std::size_t size = text.size();; size >>= 7) {
      out += static_cast<char>((size & 0x7F) | (size > 0x7F ? 0x80 : 0));
      if (size <= 0x7F) break;
    }
    return out += text;
  }

  // HealthCheckResponse{status = 1}: UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN.
  static std::string_view status_name(std::string_view message) {
    constexpr std::string_view kNames[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
    const auto value = message.size() == 2 && message[0] == 8 ? static_cast<unsigned char>(message[1]) : 0u;
    return value < 4 ? kNames[value] : kNames[0];
  }

  void judge(const net::GrpcReply& reply) {
    const double seconds = std::chrono::duration<double>(probe_.timeout).count();
    const std::string& text = reply.status.message;
    ProbeAnswer answer;
    if (reply.status.ok() && status_name(reply.message) == "SERVING") {
      answer = {ProbeOutcome::kSuccess, "service healthy"};
    } else if (reply.status.ok()) {
      answer.text = fmt::format("service unhealthy (responded with \"{}\")", status_name(reply.message));
    } else if (reply.status.code == net::GrpcCode::kUnimplemented) {
      answer.text = "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " + text;
    } else if (reply.status.code == net::GrpcCode::kDeadlineExceeded) {
      answer.text = fmt::format("timeout: health rpc did not complete within {}s", seconds);
    } else if (reply.status.code == net::GrpcCode::kUnavailable) {
      answer.text = fmt::format("timeout: failed to connect service \"{}\" within {}s: {}", host_port(probe_.host, probe_.port),
                                seconds, text);
    } else {
      answer.text = "error: health rpc probe failed: " + to_error(reply.status).message();
    }
    finish_(std::move(answer));
  }

  node::GrpcProbe probe_;
  std::unique_ptr<net::GrpcChannel> channel_;
  Finish finish_;
};

class NetworkProber final : public node::Prober {
 public:
  NetworkProber(Loop& loop, Network& network, Clock& clock) : loop_(loop), network_(network), clock_(clock) {}
  ~NetworkProber() override { *alive_ = false; }

  void http(node::HttpProbe probe, Answered done) override { run<HttpRun>(std::move(probe), std::move(done)); }
  void grpc(node::GrpcProbe probe, Answered done) override { run<GrpcRun>(std::move(probe), std::move(done)); }
  void tcp(node::TcpProbe probe, Answered done) override {
    network_.connect(loop_, host_port(probe.host, probe.port), nullptr, "", probe.timeout,
                     [alive = alive_, done = std::move(done)](Result<std::unique_ptr<Stream>> stream) {
                       if (!*alive) return;
                       if (stream.ok()) return done(ProbeAnswer{ProbeOutcome::kSuccess, ""});
                       done(ProbeAnswer{ProbeOutcome::kFailure, "dial tcp: " + stream.error().message()});
                     });
  }

 private:
  // The run is destroyed in a task of its own: its answer comes from inside of it.
  template <typename Run, typename Request>
  void run(Request probe, Answered done) {
    const std::uint64_t id = ++last_id_;
    runs_[id] = std::make_unique<Run>(loop_, network_, clock_, std::move(probe),
                                      [this, id, done = std::move(done)](ProbeAnswer answer) {
                                        loop_.post([this, alive = alive_, id] {
                                          if (*alive) runs_.erase(id);
                                        });
                                        done(std::move(answer));
                                      });
  }

  Loop& loop_;
  Network& network_;
  Clock& clock_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Probe>> runs_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<node::Prober> make_network_prober(Loop& loop, Network& network, Clock& clock) {
  return std::make_unique<NetworkProber>(loop, network, clock);
}

}  // namespace plinth::node_real

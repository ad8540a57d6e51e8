#include "platform/node_slots.h"

#include "node/logs/log_reader.h"
#include "node/stats/node_stats.h"
#include "platform/forward_bridge.h"
#include "platform/process_bridge.h"

namespace plinth::platform {
namespace {

constexpr Duration kFollowPoll = std::chrono::milliseconds(200);

// One answer: reads on the node's pool, writes on the exchange's loop, and reads on when the client has taken what there was.
class LogAnswer final : public std::enable_shared_from_this<LogAnswer> {
 public:
  LogAnswer(node::NodeAgent& agent, server::PodLogQuery query, server::ExchangePtr exchange)
      : agent_(agent), node_loop_(agent.loop()), query_(std::move(query)), exchange_(std::move(exchange)) {}

  void start() {
    ask([](LogAnswer& self, Result<node::LogPlace> place) {
      if (!place.ok()) return self.exchange_->fail(place.error());
      self.begin(std::move(*place));
    });
  }

 private:
  using Found = void (*)(LogAnswer&, Result<node::LogPlace>);

  // Where the log is now, and whether more may come.
  void ask(Found then) {
    node_loop_.post([self = shared_from_this(), then] {
      auto place = std::make_shared<Result<node::LogPlace>>(
          self->agent_.find_log(self->query_.name_space, self->query_.pod, self->query_.container, self->query_.previous));
      self->exchange_->loop().post([self, then, place] { then(*self, std::move(*place)); });
    });
  }

  void begin(node::LogPlace place) {
    node::LogOptions options;
    options.timestamps = query_.timestamps;
    options.since_ns = query_.since_ns;
    options.tail_lines = query_.tail_lines;
    options.limit_bytes = query_.limit_bytes;
    options.error_output = query_.error_output;
    path_ = place.path;
    more_may_come_ = query_.follow && place.running;
    reader_ = std::make_shared<node::LogReader>(agent_.files(), std::move(place.path), std::move(options));
    exchange_->responder->begin(exchange_->head(200, "text/plain"));
    read();
  }

  void read() {
    if (exchange_->responder->closed()) return;
    auto posted = agent_.pool().run([self = shared_from_this()] {
      auto text = std::make_shared<Result<std::string>>(self->reader_->next());
      self->exchange_->loop().post([self, text] { self->write(std::move(*text)); });
    });
    if (!posted.ok()) exchange_->responder->abort();
  }

  void write(Result<std::string> text) {
    net::Responder& responder = *exchange_->responder;
    if (responder.closed()) return;
    if (!text.ok()) return responder.abort();
    const bool nothing = text->empty();
    if (!nothing) responder.write({SharedBytes(std::move(*text))});
    if (reader_->full()) return responder.end();
    if (!reader_->at_end()) return go_on();
    if (!more_may_come_) return responder.end();
    wait();
  }

  void go_on() {
    net::Responder& responder = *exchange_->responder;
    constexpr std::size_t kUnsentMax = 256 * 1024;
    if (responder.queued_bytes() <= kUnsentMax) return read();
    responder.on_drained([self = shared_from_this()] { self->read(); });
  }

  // A container that has ended may have said something since it was looked at: its log is read once more.
  void wait() {
    exchange_->loop().after(kFollowPoll, [self = shared_from_this()] {
      if (self->exchange_->responder->closed()) return;
      self->ask([](LogAnswer& answer, Result<node::LogPlace> place) {
        answer.more_may_come_ = place.ok() && place->running && place->path == answer.path_;
        answer.go_on();
      });
    });
  }

  node::NodeAgent& agent_;
  Loop& node_loop_;
  server::PodLogQuery query_;
  server::ExchangePtr exchange_;
  std::shared_ptr<node::LogReader> reader_;
  std::string path_;
  bool more_may_come_ = false;
};

// What of the node itself is read through nodes/proxy, by path.
struct NodePage {
  std::string_view path, content_type;
  std::string (*text)(const node::NodeStats&);
};
constexpr std::string_view kJson = "application/json", kMetricsText = "text/plain; version=0.0.4; charset=utf-8";
constexpr NodePage kPages[] = {
    {"/stats/summary", kJson, node::stats_summary},
    {"/metrics", kMetricsText, node::node_metrics_text},
    {"/metrics/resource", kMetricsText, node::resource_metrics_text},
};

// On the node's loop; the answer goes out on the exchange's.
void answer_page(node::NodeAgent& agent, const NodePage& page, const server::ExchangePtr& exchange) {
  agent.stats([&page, exchange](Result<node::NodeStats> stats) {
    auto text = std::make_shared<Result<std::string>>(stats.ok() ? Result<std::string>(page.text(*stats))
                                                                 : Result<std::string>(std::move(stats).error()));
    exchange->loop().post([&page, exchange, text] {
      if (!text->ok()) return exchange->fail(text->error());
      exchange->reply_text(200, std::string(page.content_type), std::move(**text));
    });
  });
}

class AgentSlots final : public server::NodeSlots {
 public:
  AgentSlots(node::NodeAgent& agent, const api::UsageBoard& usage) : agent_(agent), usage_(usage), name_(agent.name()) {}
  const std::string& node_name() const override { return name_; }
  void serve_path(std::string path, server::ExchangePtr exchange) override {
    if (path == "/healthz") return exchange->reply_text(200, "text/plain; charset=utf-8", "ok");
    if (path == "/pods") {
      return agent_.loop().post([&agent = agent_, exchange] {
        exchange->loop().post([exchange, text = agent.pods_json()] { exchange->reply_text(200, std::string(kJson), text); });
      });
    }
    for (const NodePage& page : kPages) {
      if (page.path == path)
        return agent_.loop().post([&agent = agent_, &page, exchange] { answer_page(agent, page, exchange); });
    }
    exchange->reply_text(404, "text/plain; charset=utf-8", "404 page not found\n");
  }
  void serve_log(server::PodLogQuery query, server::ExchangePtr exchange) override {
    std::make_shared<LogAnswer>(agent_, std::move(query), std::move(exchange))->start();
  }
  void serve_process(server::PodProcessQuery query, server::ExchangePtr exchange) override {
    platform::serve_process(agent_, live_, std::move(query), std::move(exchange));
  }
  void serve_forward(server::PodForwardQuery query, server::ExchangePtr exchange) override {
    platform::serve_forward(agent_, live_, std::move(query), std::move(exchange));
  }
  api::UsageTablePtr usage() const override { return usage_.latest(); }

 private:
  node::NodeAgent& agent_;
  const api::UsageBoard& usage_;
  const std::string name_;
  LiveStreams live_;
};

}  // namespace

std::unique_ptr<server::NodeSlots> make_node_slots(node::NodeAgent& agent, const api::UsageBoard& usage) {
  return std::make_unique<AgentSlots>(agent, usage);
}

}  // namespace plinth::platform

#include "platform/forward_bridge.h"

#include <fmt/format.h>

#include "server/status.h"
#include "server/streams/pod_streams.h"

namespace plinth::platform {
namespace {

// Bytes of one direction that have been read and not yet passed on; past it, reading pauses.
constexpr std::size_t kOnTheWayMax = 256 * 1024;

// One connection: two streams on two loops.
class Connection final : public LiveStream, public std::enable_shared_from_this<Connection> {
 public:
  Connection(node::NodeAgent& agent, LiveStreams& live, server::ForwardedConnection client, std::string pod)
      : agent_(agent),
        live_(live),
        pod_name_(std::move(pod)),
        port_(client.port),
        end_(std::move(client.end)),
        client_(*this, client.data->loop()),
        pod_(*this, agent.loop()) {
    client_.other = &pod_;
    pod_.other = &client_;
    client_.stream = std::move(client.data);
  }

  // On the client's loop.
  void open(const std::string& sandbox) {
    pod_.loop.post([self = shared_from_this(), sandbox] {
      self->agent_.runtime().port_forward(sandbox, self->port_, [self](Result<std::unique_ptr<Stream>> made) {
        if (!made.ok())
          return self->end_client(
              fmt::format("error forwarding port {} to pod {}: {}", self->port_, self->pod_name_, made.error().message()));
        self->connected(std::move(*made));
      });
    });
  }

  void drop() override {
    client_.stream.reset();
    pod_.stream.reset();
    end_ = nullptr;
  }

 private:
  // All members belong to its loop.
  struct Side final : StreamEvents {
    Side(Connection& connection, Loop& own) : owner(connection), loop(own) {}

    void on_data(std::string_view bytes) override {
      on_the_way += bytes.size();
      if (on_the_way > kOnTheWayMax) stream->pause_reading(true);
      other->later([shared = SharedBytes(std::string(bytes))](Side& side) { side.take(shared); });
    }
    void passed_on(std::size_t bytes) {
      on_the_way -= bytes;
      if (stream && on_the_way <= kOnTheWayMax / 2) stream->pause_reading(false);
    }
    void on_read_closed() override {
      other->later([](Side& side) {
        if (side.stream) side.stream->shutdown_write();
      });
    }
    void on_closed() override {
      const auto self = owner.shared_from_this();
      stream.reset();
      if (&owner.pod_ == this) return owner.end_client("");
      if (owner.end_) owner.end_("");
      owner.client_ended();
      other->later([](Side& side) {
        side.abandoned = true;
        side.stream.reset();
      });
    }

    void take(SharedBytes bytes) {
      if (!stream) return;
      unacknowledged += bytes.size();
      stream->write({std::move(bytes)});
      if (stream->queued_bytes() == 0) on_drained();
    }
    void on_drained() override {
      if (unacknowledged == 0) return;
      other->later([bytes = std::exchange(unacknowledged, 0)](Side& side) { side.passed_on(bytes); });
    }

    template <typename Work>
    void later(Work work) {
      loop.post([self = owner.shared_from_this(), this, work = std::move(work)] { work(*this); });
    }

    Connection& owner;
    Loop& loop;
    Side* other = nullptr;
    std::unique_ptr<Stream> stream;
    std::size_t on_the_way = 0, unacknowledged = 0;
    bool abandoned = false;
  };

  // On the node's loop.
  void connected(std::unique_ptr<Stream> stream) {
    if (pod_.abandoned) return;
    pod_.stream = std::move(stream);
    pod_.stream->start(&pod_);
    client_.later([](Side& side) {
      if (side.stream) side.stream->start(&side);
    });
  }

  void end_client(std::string problem) {
    client_.later([problem = std::move(problem)](Side& side) {
      Connection& self = side.owner;
      if (side.stream) side.stream->shutdown_write();
      if (self.end_) self.end_(problem);
      side.stream.reset();
      self.client_ended();
    });
  }
  // On the client's loop.
  void client_ended() {
    end_ = nullptr;
    live_.remove(shared_from_this());
  }

  node::NodeAgent& agent_;
  LiveStreams& live_;
  const std::string pod_name_;
  const std::uint16_t port_;
  UniqueFunction<void(std::string)> end_;  // of the client's loop
  Side client_, pod_;
};

// What a client forwards with one request.
class Forwarding final : public LiveStream, private server::PortForwardEvents, public std::enable_shared_from_this<Forwarding> {
 public:
  Forwarding(node::NodeAgent& agent, LiveStreams& live, server::PodForwardQuery query, server::ExchangePtr exchange)
      : agent_(agent), live_(live), query_(std::move(query)), exchange_(std::move(exchange)) {}

  void find() {
    agent_.loop().post([self = shared_from_this(), io = &exchange_->loop()] {
      auto sandbox =
          std::make_shared<Result<std::string>>(self->agent_.find_sandbox(self->query_.name_space, self->query_.pod));
      io->post([self, sandbox] { self->found(*sandbox); });
    });
  }
  void drop() override {
    client_.reset();
    exchange_.reset();
  }

 private:
  void found(Result<std::string>& sandbox) {
    const server::ExchangePtr exchange = std::move(exchange_);
    if (!sandbox.ok()) {
      exchange->fail(sandbox.error());
      return live_.remove(shared_from_this());
    }
    sandbox_ = *sandbox;
    client_ = server::accept_port_forward(*exchange, query_);
    if (!client_) return live_.remove(shared_from_this());
    client_->start(this);
  }

  void on_connection(server::ForwardedConnection forwarded) override {
    auto connection = std::make_shared<Connection>(agent_, live_, std::move(forwarded), query_.pod);
    if (live_.add(connection))
      connection->open(sandbox_);
    else
      connection->drop();
  }
  void on_gone() override {
    const auto self = shared_from_this();
    client_.reset();
    live_.remove(self);
  }

  node::NodeAgent& agent_;
  LiveStreams& live_;
  const server::PodForwardQuery query_;
  server::ExchangePtr exchange_;
  std::string sandbox_;
  std::unique_ptr<server::PortForwardClient> client_;
};

}  // namespace

void serve_forward(node::NodeAgent& agent, LiveStreams& live, server::PodForwardQuery query, server::ExchangePtr exchange) {
  auto forwarding = std::make_shared<Forwarding>(agent, live, std::move(query), exchange);
  if (!live.add(forwarding))
    return exchange->fail(server::too_many_requests("too many commands and ports are streamed at once, try again later", 1));
  forwarding->find();
}

}  // namespace plinth::platform

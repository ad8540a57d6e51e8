#include <map>
#include <vector>

#include <fmt/core.h>

#include "net/grpc/grpc_connection.h"

namespace plinth::net {
namespace {

constexpr Duration kConnectTimeout = std::chrono::seconds(10);

std::string authority_of(const std::string& address) { return address.starts_with("unix:") ? "localhost" : address; }

class Channel final : public GrpcChannel, private GrpcConnectionOwner {
 public:
  Channel(Loop& loop, Network& network, Clock& clock, std::string address)
      : loop_(loop), network_(network), clock_(clock), address_(std::move(address)) {}

  ~Channel() override {
    *alive_ = false;
    for (const auto& [key, call] : calls_) {
      if (call->deadline != 0) loop_.cancel(call->deadline);
      call->forget();
    }
  }

  Cancel unary(std::string path, std::string request, GrpcCallOptions options, UniqueFunction<void(GrpcReply)> done) override {
    auto messages = std::make_shared<std::vector<std::string>>();
    return stream(
        std::move(path), std::move(request), std::move(options),
        [messages](std::string message) { messages->push_back(std::move(message)); },
        [messages, done = std::move(done)](GrpcStatus status) {
          GrpcReply reply;
          if (status.ok() && messages->size() != 1) {
            status = {GrpcCode::kInternal, fmt::format("a unary call was answered with {} messages", messages->size())};
          }
          if (status.ok()) reply.message = std::move(messages->front());
          reply.status = std::move(status);
          done(std::move(reply));
        });
  }

  Cancel stream(std::string path, std::string request, GrpcCallOptions options, UniqueFunction<void(std::string)> message,
                UniqueFunction<void(GrpcStatus)> done) override {
    auto call = std::make_shared<GrpcCall>(std::move(path), std::move(request), std::move(options), std::move(message),
                                           std::move(done));
    const bool full = calls_.size() >= kCallsMax;
    calls_.emplace(call.get(), call);
    if (full) {
      fail_later(call, {GrpcCode::kResourceExhausted, fmt::format("{} calls are under way to {}", kCallsMax, address_)});
    } else {
      set_deadline(call);
      begin(call);
    }
    return [this, alive = alive_, weak = std::weak_ptr<GrpcCall>(call)] {
      const auto known = weak.lock();
      if (*alive && known && !known->over()) drop(known);
    };
  }

 private:
  using Calls = std::map<GrpcCall*, std::shared_ptr<GrpcCall>>;

  void set_deadline(const std::shared_ptr<GrpcCall>& call) {
    const Duration timeout = call->options().timeout;
    if (timeout.count() <= 0) return;
    call->deadline_ns = clock_.monotonic_ns() + timeout.count();
    call->deadline = loop_.after(timeout, [this, alive = alive_, weak = std::weak_ptr<GrpcCall>(call), timeout] {
      const auto known = weak.lock();
      if (!*alive || !known || known->over()) return;
      known->deadline = 0;
      for (const auto& connection : connections_) connection->abandon(*known);
      const double seconds = std::chrono::duration<double>(timeout).count();
      known->fail({GrpcCode::kDeadlineExceeded, fmt::format("{} was not answered within {} s", known->path(), seconds)});
      arrived(known);
    });
  }

  void begin(const std::shared_ptr<GrpcCall>& call) {
    if (current_ != nullptr) return current_->carry(call);
    waiting_.push_back(call);
    if (std::exchange(connecting_, true)) return;
    network_.connect(loop_, address_, nullptr, "", kConnectTimeout,
                     [this, alive = alive_](Result<std::unique_ptr<Stream>> stream) {
                       if (*alive) connected(std::move(stream));
                     });
  }

  void connected(Result<std::unique_ptr<Stream>> stream) {
    connecting_ = false;
    const auto waiting = std::exchange(waiting_, {});
    if (stream.ok()) {
      GrpcConnectionOwner& owner = *this;
      connections_.push_back(std::make_unique<GrpcConnection>(owner, std::move(*stream), authority_of(address_)));
      current_ = connections_.back().get();
      for (const auto& call : waiting) {
        if (!call->over()) current_->carry(call);
      }
      return;
    }
    const std::shared_ptr<bool> alive = alive_;
    for (const auto& call : waiting) {
      call->fail({GrpcCode::kUnavailable, stream.error().message()});
      arrived(call);
      if (!*alive) return;
    }
  }

  void arrived(const std::shared_ptr<GrpcCall>& call) override {
    const std::shared_ptr<bool> alive = alive_;
    call->deliver([&alive] { return *alive; });
    if (*alive && call->over()) end(call);
  }

  void refused(const std::shared_ptr<GrpcCall>& call) override {
    if (call->over()) return;
    if (std::exchange(call->repeated, true)) {
      call->fail({GrpcCode::kUnavailable, "the server refused the call twice"});
      return arrived(call);
    }
    call->reset_answer();
    begin(call);
  }

  void going_away(GrpcConnection* connection) override {
    if (current_ == connection) current_ = nullptr;
  }

  void ended(GrpcConnection* connection) override {
    if (current_ == connection) current_ = nullptr;
    loop_.post([this, alive = alive_, connection] {
      if (*alive) std::erase_if(connections_, [connection](const auto& one) { return one.get() == connection; });
    });
  }

  void fail_later(const std::shared_ptr<GrpcCall>& call, GrpcStatus status) {
    call->fail(std::move(status));
    loop_.post([this, alive = alive_, call] {
      if (*alive && !call->over()) arrived(call);
    });
  }

  void drop(const std::shared_ptr<GrpcCall>& call) {
    for (const auto& connection : connections_) connection->abandon(*call);
    call->forget();
    end(call);
  }

  void end(const std::shared_ptr<GrpcCall>& call) {
    if (call->deadline != 0) loop_.cancel(std::exchange(call->deadline, 0));
    calls_.erase(call.get());
  }

  Loop& loop_;
  Network& network_;
  Clock& clock_;
  std::string address_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Calls calls_;
  std::vector<std::shared_ptr<GrpcCall>> waiting_;  // for a connection
  std::vector<std::unique_ptr<GrpcConnection>> connections_;
  GrpcConnection* current_ = nullptr;
  bool connecting_ = false;
};

}  // namespace

std::unique_ptr<GrpcChannel> make_grpc_channel(Loop& loop, Network& network, Clock& clock, std::string address) {
  return std::make_unique<Channel>(loop, network, clock, std::move(address));
}

}  // namespace plinth::net

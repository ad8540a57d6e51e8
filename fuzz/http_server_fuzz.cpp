// Bytes of a client to the HTTP/1.1 and HTTP/2 server: no crash, no request lost, everything ends when the client does.
// The first byte picks the protocol and how the bytes are cut into pieces.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "fuzz/require.h"
#include "net/http.h"

namespace plinth {
namespace {

struct FuzzClock final : Clock {
  std::int64_t wall_ns() const override { return now_ns; }
  std::int64_t monotonic_ns() const override { return now_ns; }
  std::int64_t now_ns = 1'000'000'000;
};

struct FuzzLoop final : Loop {
  void post(Task task) override { tasks.push_back(std::move(task)); }
  TimerId after(Duration, Task task) override {
    timers.emplace(++last_id, std::move(task));
    return last_id;
  }
  void cancel(TimerId timer) override { timers.erase(timer); }
  bool in_loop() const override { return true; }
  void run() {
    for (int i = 0; i < 10'000 && !tasks.empty(); ++i) {
      const Task task = std::move(tasks.front());
      tasks.pop_front();
      task();
    }
    REQUIRE_PROPERTY(tasks.empty());
  }
  void run_timers() {
    auto due = std::move(timers);
    timers.clear();
    for (auto& [id, task] : due) task();
    run();
  }
  std::deque<Task> tasks;
  std::map<TimerId, Task> timers;
  TimerId last_id = 0;
};

struct Wire {
  StreamEvents* events = nullptr;
  bool closed = false;
  bool paused = false;
  bool destroyed = false;
  std::size_t written = 0;
};

struct FuzzStream final : Stream {
  FuzzStream(Loop& l, Wire& w, std::string alpn) : loop_(l), wire(w) {
    info.address = "127.0.0.1:1";
    info.alpn = std::move(alpn);
  }
  ~FuzzStream() override { wire.destroyed = true; }
  void start(StreamEvents* events) override { wire.events = events; }
  void write(ByteChain bytes) override { wire.written += total_size(bytes); }
  std::size_t queued_bytes() const override { return 0; }
  void pause_reading(bool paused) override { wire.paused = paused; }
  void shutdown_write() override {}
  void close() override { wire.closed = true; }
  const PeerInfo& peer() const override { return info; }
  Loop& loop() override { return loop_; }
  Loop& loop_;
  Wire& wire;
  PeerInfo info;
};

void answer(net::HttpRequest request, std::shared_ptr<net::Responder> responder,
            std::vector<std::shared_ptr<net::Responder>>& waiting) {
  if (request.target.ends_with("w")) return waiting.push_back(std::move(responder));
  if (request.target.ends_with("s")) {
    responder->begin({});
    responder->write({SharedBytes(std::move(request.body))});
    return waiting.push_back(std::move(responder));
  }
  if (request.target.ends_with("u")) {
    std::string rest;
    if (responder->upgrade({}, rest)) return;
  }
  net::HttpResponse response;
  response.body.push_back(SharedBytes(std::move(request.body)));
  responder->send(std::move(response));
}

}  // namespace
}  // namespace plinth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plinth;
  if (size < 2) return 0;
  FuzzClock clock;
  FuzzLoop loop;
  net::HttpLimits limits;
  limits.header_bytes_max = 1024;
  limits.body_bytes_max = 512;
  std::vector<std::shared_ptr<net::Responder>> waiting;
  auto server = net::make_http_server(
      loop, clock, limits,
      [&](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
        answer(std::move(request), std::move(responder), waiting);
      },
      nullptr);
  static constexpr const char* kProtocols[] = {"h2", "http/1.1", ""};
  Wire wire;
  server->serve(std::make_unique<FuzzStream>(loop, wire, kProtocols[data[0] % 3]));
  loop.run();
  const std::size_t piece = 1 + data[0] / 3u * 16u;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!text.empty() && wire.events != nullptr && !wire.closed && !wire.destroyed) {
    wire.events->on_data(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
    loop.run();
    if (waiting.size() > 3) {
      for (const auto& responder : waiting) responder->begin({}), responder->end();
      waiting.clear();
      loop.run();
    }
  }
  clock.now_ns += 60'000'000'000;
  loop.run_timers();
  if (!wire.destroyed && wire.events != nullptr && !wire.closed && data[0] % 2 == 0) wire.events->on_read_closed();
  loop.run();
  if (!wire.destroyed && wire.events != nullptr) wire.events->on_closed();
  loop.run();
  REQUIRE_PROPERTY(server->connections() == 0);
  for (const auto& responder : waiting) responder->send({});
  return 0;
}

// What a gRPC server sends to its client: no crash, each call ends once, and messages keep to their limit. The first byte is
// the size of a piece; the rest are the bytes of the connection.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzz/require.h"
#include "net/grpc/grpc.h"
#include "world_sim/sim_world.h"

namespace {

constexpr std::size_t kMessageBytesMax = 4096;

// A peer that says what the input holds, whatever it is asked.
struct Peer final : plinth::StreamEvents {
  explicit Peer(std::unique_ptr<plinth::Stream> s) : stream(std::move(s)) { stream->start(this); }
  void on_data(std::string_view) override {}
  void on_closed() override {}
  std::unique_ptr<plinth::Stream> stream;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plinth;
  if (size == 0) return 0;
  world_sim::SimWorld world(1);
  auto& loop = world.new_loop("all");
  world.network().options().chunk_bytes_max = data[0] + 1u;
  std::unique_ptr<Peer> peer;
  auto listener = world.network().listen(loop, "unix:/s", nullptr, [&](std::unique_ptr<Stream> stream) {
    peer = std::make_unique<Peer>(std::move(stream));
    peer->stream->write({SharedBytes(std::string(reinterpret_cast<const char*>(data) + 1, size - 1))});
    peer->stream->shutdown_write();
  });
  auto channel = net::make_grpc_channel(loop, world.network(), world.clock(), "unix:/s");
  int ended = 0;
  loop.post([&] {
    for (int i = 0; i < 2; ++i) {
      net::GrpcCallOptions options;
      options.timeout = std::chrono::seconds(5);
      options.message_bytes_max = kMessageBytesMax;
      channel->stream(
          "/a/B", "x", std::move(options), [](std::string message) { REQUIRE_PROPERTY(message.size() <= kMessageBytesMax); },
          [&](net::GrpcStatus) { ++ended; });
    }
  });
  world.run_for(std::chrono::seconds(20));
  REQUIRE_PROPERTY(ended == 2);
  channel.reset();
  peer.reset();
  listener.value().reset();
  world.run_until_idle();
  return 0;
}

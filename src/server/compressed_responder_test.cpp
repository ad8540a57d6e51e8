#include "server/compressed_responder.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include "server/local_responder.h"
#include "world_sim/sim_world.h"

namespace plinth::server {
namespace {

std::string unpacked(const std::string& packed) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  char buffer[4096];
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof(buffer);
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof(buffer) - stream.avail_out);
  }
  CHECK(state == Z_STREAM_END);
  CHECK(stream.avail_in == 0);
  inflateEnd(&stream);
  return out;
}

struct Answering {
  explicit Answering(std::string accept_encoding, Compression compression = Compression::kAlways, bool loopback = false,
                     std::string method = "GET") {
    net::HttpRequest request;
    request.method = std::move(method);
    request.peer.loopback = loopback;
    if (!accept_encoding.empty()) request.headers.add("accept-encoding", accept_encoding);
    inner = std::make_shared<LocalResponder>(
        loop, [this](const net::HttpResponse& head) { encoding = head.headers.get("content-encoding"); },
        [this](ByteChain chunk) {
          largest_chunk = std::max(largest_chunk, total_size(chunk));
          ++chunks;
          body += flatten(chunk);
        },
        [this](bool whole) { complete = whole; });
    responder = compressed_responder(inner, request, compression);
  }
  bool compresses() const { return responder != inner; }
  std::string text(std::size_t size) const {
    std::string out;
    for (unsigned i = 0; out.size() < size; ++i) out += "{\"name\":\"object-" + std::to_string(i * 2654435761u) + "\"},";
    out.resize(size);
    return out;
  }

  world_sim::SimWorld world{3};
  world_sim::SimLoop& loop = world.new_loop("io");
  std::shared_ptr<LocalResponder> inner;
  std::shared_ptr<net::Responder> responder;
  std::string encoding, body;
  std::size_t largest_chunk = 0, chunks = 0;
  bool complete = false;
};

TEST_CASE("who gets gzip") {
  struct Row {
    const char* accept;
    bool gzip;
  };
  for (const Row& row :
       {Row{"gzip", true}, Row{"deflate, gzip", true}, Row{"gzip;q=0.5, identity", true}, Row{"br,gzip ", true}, Row{"", false},
        Row{"identity", false}, Row{"gzip;q=0", false}, Row{"gzip; q=0.000", false}, Row{"x-gzip", false}, Row{"*", false}}) {
    CAPTURE(row.accept);
    CHECK(accepts_gzip(row.accept) == row.gzip);
    CHECK(Answering(row.accept).compresses() == row.gzip);
  }
  CHECK(Answering("gzip", Compression::kRemotePeers, /*loopback=*/false).compresses());
  CHECK_FALSE(Answering("gzip", Compression::kRemotePeers, /*loopback=*/true).compresses());
  CHECK(Answering("gzip", Compression::kAlways, /*loopback=*/true).compresses());
  CHECK_FALSE(Answering("gzip", Compression::kNever).compresses());
  CHECK_FALSE(Answering("gzip", Compression::kAlways, false, "POST").compresses());
}

TEST_CASE("small answers and answers without a body go out as they are") {
  Answering small("gzip");
  net::HttpResponse response;
  response.body.push_back(SharedBytes(small.text(kCompressedBytesMin - 1)));
  small.responder->send(std::move(response));
  small.world.run_until_idle();
  CHECK(small.encoding.empty());
  CHECK(small.body.size() == kCompressedBytesMin - 1);
  CHECK(small.complete);

  Answering unchanged("gzip");
  net::HttpResponse not_modified;
  not_modified.status = 304;
  unchanged.responder->send(std::move(not_modified));
  CHECK(unchanged.complete);
  CHECK(unchanged.encoding.empty());
}

TEST_CASE("a large answer is compressed a piece for each turn of the loop") {
  Answering answering("gzip");
  const std::string text = answering.text(3'000'000);
  net::HttpResponse response;
  response.body.push_back(SharedBytes(text.substr(0, 1'000'001)));
  response.body.push_back(SharedBytes(text.substr(1'000'001)));
  answering.responder->send(std::move(response));
  CHECK_FALSE(answering.complete);
  std::size_t turns = 0;
  answering.loop.post([&] { ++turns; });
  answering.world.run_until([&] { return turns == 1; }, std::chrono::seconds(1));
  CHECK_FALSE(answering.complete);  // another task of the loop came in between
  answering.world.run_until_idle();
  CHECK(answering.complete);
  CHECK(answering.encoding == "gzip");
  CHECK(answering.largest_chunk < 64 * 1024);
  CHECK(answering.body.size() < text.size() / 2);
  CHECK(unpacked(answering.body) == text);
}

TEST_CASE("a streamed answer is compressed as it comes, and its writer is told when it may go on") {
  Answering answering("gzip");
  const std::string text = answering.text(500'000);
  answering.responder->begin(net::HttpResponse());
  int drained = 0;
  answering.responder->on_drained([&] { ++drained; });
  for (std::size_t at = 0; at < text.size(); at += 100'000) {
    answering.responder->write({SharedBytes(text.substr(at, 100'000))});
    CHECK(answering.responder->queued_bytes() == 100'000);
    answering.world.run_until_idle();
    CHECK(answering.responder->queued_bytes() == 0);
  }
  CHECK(drained == 5);
  CHECK_FALSE(answering.complete);
  answering.responder->end();
  answering.world.run_until_idle();
  CHECK(answering.complete);
  CHECK(unpacked(answering.body) == text);
}

TEST_CASE("nothing is made for a client that has left") {
  Answering answering("gzip");
  net::HttpResponse response;
  response.body.push_back(SharedBytes(answering.text(2'000'000)));
  answering.responder->send(std::move(response));
  answering.inner->stop();
  answering.responder.reset();
  answering.world.run_until_idle();
  CHECK(answering.body.empty());
}

}  // namespace
}  // namespace plinth::server

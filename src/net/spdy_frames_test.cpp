#include "net/spdy_frames.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include "net/spdy_dictionary.h"

namespace plinth::net {
namespace {

struct Heard final : SpdyFrameEvents {
  void on_syn_stream(std::uint32_t id, bool fin, SpdyHeaders headers) override {
    text += "syn " + std::to_string(id) + (fin ? " fin" : "");
    for (const auto& [name, value] : headers) text += " " + name + "=" + value;
    text += "\n";
  }
  void on_stream_data(std::uint32_t id, std::string_view bytes) override {
    // Pieces of one frame are joined, however they were cut.
    const std::string head = "data " + std::to_string(id) + " ";
    if (last == id)
      text.insert(text.size() - 1, bytes);
    else
      text += head + std::string(bytes) + "\n";
    last = id;
  }
  void on_fin(std::uint32_t id) override { add("fin", id); }
  void on_reset(std::uint32_t id) override { add("reset", id); }
  void on_ping(std::uint32_t id) override { add("ping", id); }
  void add(const char* what, std::uint32_t id) {
    text += std::string(what) + " " + std::to_string(id) + "\n";
    last = 0;
  }
  std::string text;
  std::uint32_t last = 0;
};

std::string number(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
  return out;
}

// A client's compression, from zlib itself.
class Client {
 public:
  Client() {
    deflateInit(&stream_, 9);
    deflateSetDictionary(&stream_, reinterpret_cast<const Bytef*>(kSpdyDictionary.data()),
                         static_cast<uInt>(kSpdyDictionary.size()));
  }
  ~Client() { deflateEnd(&stream_); }
  std::string pack(std::string block) {
    std::string out(block.size() + 1024, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(block.data());
    stream_.avail_in = static_cast<uInt>(block.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    deflate(&stream_, Z_SYNC_FLUSH);
    out.resize(out.size() - stream_.avail_out);
    return out;
  }
  std::string syn(std::uint32_t id, const SpdyHeaders& headers, bool fin = false) {
    std::string block = number(static_cast<std::uint32_t>(headers.size()), 4);
    for (const auto& [name, value] : headers) {
      block += number(static_cast<std::uint32_t>(name.size()), 4) + name + number(static_cast<std::uint32_t>(value.size()), 4) +
               value;
    }
    const std::string packed = pack(block);
    return control(1, fin ? 1 : 0, number(id, 4) + number(0, 4) + number(0, 2) + packed);
  }
  static std::string control(std::uint32_t type, std::uint32_t flags, const std::string& body) {
    return number(0x8003, 2) + number(type, 2) + number(flags, 1) + number(static_cast<std::uint32_t>(body.size()), 3) + body;
  }
  static std::string data(std::uint32_t id, const std::string& bytes, bool fin) {
    return number(id, 4) + number(fin ? 1 : 0, 1) + number(static_cast<std::uint32_t>(bytes.size()), 3) + bytes;
  }

 private:
  z_stream stream_{};
};

}  // namespace

TEST_CASE("spdy: a client's frames, however they are cut") {
  Client client;
  std::string sent = client.syn(1, {{"streamtype", "error"}}, true);  // one after the other: compression has a memory
  sent += client.syn(3, {{"streamtype", "data"}, {"port", "80"}});
  sent += Client::data(3, "hello ", false) + Client::data(3, "", false) + Client::data(3, "you", true);
  sent += Client::control(6, 0, number(7, 4)) + Client::control(4, 0, number(0, 4)) +
          Client::control(9, 0, number(3, 4) + number(9, 4));
  sent += Client::control(3, 0, number(1, 4) + number(5, 4));
  for (const std::size_t piece : {sent.size(), std::size_t{1}, std::size_t{7}, std::size_t{19}}) {
    CAPTURE(piece);
    SpdyReader reader;
    Heard heard;
    for (std::size_t at = 0; at < sent.size(); at += piece)
      REQUIRE(reader.feed(std::string_view(sent).substr(at, piece), heard).ok());
    CHECK(heard.text ==
          "syn 1 fin streamtype=error\nsyn 3 streamtype=data port=80\ndata 3 hello you\nfin 3\nping 7\nreset 1\n");
  }
}

TEST_CASE("spdy: what is no frame of a client is refused") {
  const auto refused = [](const std::string& sent) {
    SpdyReader reader;
    Heard heard;
    const auto fed = reader.feed(sent, heard);
    return fed.ok() ? std::string("taken") : std::string(fed.error().message());
  };
  Client client;
  CHECK(refused(number(0x8002, 2) + number(6, 2) + number(4, 4) + number(1, 4)).find("version 3") != std::string::npos);
  CHECK(refused(Client::control(1, 0, number(1, 4))).find("SYN_STREAM") != std::string::npos);
  CHECK(refused(Client::control(1, 0, std::string(10, '\0') + "not compressed")).find("decompressed") != std::string::npos);
  CHECK(refused(Client::control(6, 0, "")).find("PING") != std::string::npos);
  CHECK(refused(number(0x8003, 2) + number(1, 2) + number(0x00FFFFFF, 4)).find("too large") != std::string::npos);
  // A small block that is a large one.
  CHECK(refused(client.syn(1, {{"a", std::string(64 * 1024, 'x')}})).find("too large") != std::string::npos);
  Client other;
  CHECK(refused(Client::control(1, 0, std::string(10, '\0') + other.pack(number(1, 4) + number(99, 4))))
            .find("within a header") != std::string::npos);
}

TEST_CASE("spdy: what a client writes is what a server reads") {
  SpdyWriter writer;
  SpdyReader reader;
  Heard heard;
  std::string bytes(writer.syn_stream(1, {{"streamtype", "error"}}).view());  // each is compressed after the one before
  bytes += writer.syn_stream(3, {{"streamtype", "stdin"}, {"x", ""}}).view();
  bytes += writer.data_head(3, 2, true).view();
  bytes += "hi";
  bytes += writer.go_away(0).view();
  for (const char byte : bytes) CHECK(reader.feed(std::string_view(&byte, 1), heard).ok());
  CHECK(heard.text == "syn 1 streamtype=error\nsyn 3 streamtype=stdin x=\ndata 3 hi\nfin 3\n");
}

TEST_CASE("spdy: an answer's headers can be read by a client") {
  SpdyWriter writer;
  z_stream stream{};
  REQUIRE(inflateInit(&stream) == Z_OK);
  for (const std::uint32_t id : {1u, 3u}) {
    std::string frame(writer.syn_reply(id, {{"name", "value"}}).view());
    CHECK(frame.substr(0, 4) == number(0x8003, 2) + number(2, 2));
    CHECK(frame.substr(8, 4) == number(id, 4));
    std::string block = frame.substr(12), out(256, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(block.data());
    stream.avail_in = static_cast<uInt>(block.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    if (inflate(&stream, Z_SYNC_FLUSH) == Z_NEED_DICT) {
      REQUIRE(inflateSetDictionary(&stream, reinterpret_cast<const Bytef*>(kSpdyDictionary.data()),
                                   static_cast<uInt>(kSpdyDictionary.size())) == Z_OK);
      inflate(&stream, Z_SYNC_FLUSH);
    }
    out.resize(out.size() - stream.avail_out);
    CHECK(out == number(1, 4) + number(4, 4) + "name" + number(5, 4) + "value");
  }
  inflateEnd(&stream);
}

}  // namespace plinth::net

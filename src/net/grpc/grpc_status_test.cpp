#include "net/grpc/grpc_status.h"

#include <vector>

#include <doctest/doctest.h>

#include "net/grpc/grpc_message.h"

namespace plinth::net {
namespace {

using namespace std::chrono_literals;

TEST_CASE("messages of a status as headers") {
  struct Row {
    std::string message, encoded;
  };
  for (const Row& row :
       {Row{"plain", "plain"}, Row{"100% of it", "100%25 of it"}, Row{"zwei\nZeilen: \xC3\xA4", "zwei%0AZeilen: %C3%A4"},
        Row{std::string("\0\x7F", 2), "%00%7F"}, Row{"", ""}}) {
    CHECK(percent_encode(row.message) == row.encoded);
    CHECK(percent_decode(row.encoded) == row.message);
  }
  for (const char* odd : {"%", "%4", "%zz", "a%"}) CHECK(percent_decode(odd) == odd);
  CHECK(percent_decode("%e4%E4") == "\xE4\xE4");
}

TEST_CASE("timeouts: eight digits at most, rounded up") {
  struct Row {
    Duration timeout;
    std::string printed;
  };
  for (const Row& row : {Row{0ns, "0n"}, Row{99999999ns, "99999999n"}, Row{100000000ns, "100000u"}, Row{100000001ns, "100001u"},
                         Row{2min, "120000m"}, Row{100001s, "100001S"}, Row{-5s, "0n"}}) {
    CHECK(print_timeout(row.timeout) == row.printed);
  }
  for (const Duration timeout : {Duration(1ns), Duration(5ms), Duration(90s), Duration(7h)}) {
    CHECK(parse_timeout(print_timeout(timeout)) == timeout);
  }
  CHECK(parse_timeout("3M") == Duration(3min));
  CHECK(parse_timeout("99999999H") == Duration::max());
  for (const char* wrong : {"", "S", "12", "12s", "-1S", "123456789S", "1 S", "0x1S"}) {
    CAPTURE(wrong);
    CHECK(!parse_timeout(wrong));
  }
}

TEST_CASE("codes") {
  CHECK((parse_grpc_code("5") == GrpcCode::kNotFound));
  for (const char* odd : {"17", "", "x", "-1", "4294967297"}) CHECK((parse_grpc_code(odd) == GrpcCode::kUnknown));
  CHECK((code_of_http_status(503) == GrpcCode::kUnavailable));
  CHECK((code_of_http_status(418) == GrpcCode::kUnknown));
  const Error error = to_error({GrpcCode::kNotFound, "no such sandbox"});
  CHECK((error.reason() == Reason::kNotFound));
  CHECK(error.message() == "rpc error: code = NotFound desc = no such sandbox");
}

TEST_CASE("a stream of messages, however it is cut") {
  const std::vector<std::string> sent = {"", "a", std::string(300, 'b'), "cc"};
  std::string bytes;
  for (const std::string& message : sent) bytes += frame_message(message);
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    GrpcMessageReader reader(300);
    std::vector<std::string> got;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      REQUIRE(reader.feed(std::string_view(bytes).substr(at, step),
                          [&](std::string message) { got.push_back(std::move(message)); }));
    }
    CHECK((got == sent));
    CHECK(reader.at_boundary());
  }
}

TEST_CASE("messages that are refused") {
  struct Row {
    std::string bytes;
    GrpcCode code;
  };
  for (const Row& row : {Row{std::string("\1\0\0\0\1x", 6), GrpcCode::kInternal},
                         Row{frame_message(std::string(11, 'x')), GrpcCode::kResourceExhausted},
                         Row{std::string("\0\xFF\xFF\xFF\xFF", 5), GrpcCode::kResourceExhausted}}) {
    GrpcMessageReader reader(10);
    bool told = false;
    CHECK(!reader.feed(row.bytes, [&](std::string) { told = true; }));
    CHECK(!told);
    CHECK((reader.failure().code == row.code));
    CHECK(!reader.feed(frame_message("x"), [&](std::string) { told = true; }));
    CHECK(!told);
  }
}

}  // namespace
}  // namespace plinth::net

#include "base/text.h"

#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/quoted.h"
#include "base/short_text.h"
#include "base/utf8.h"

namespace plinth {
namespace {

TEST_CASE("split, cut, join, trim") {
  CHECK(split("a,b,,c", ',') == std::vector<std::string_view>{"a", "b", "", "c"});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
  CHECK(split(",", ',') == std::vector<std::string_view>{"", ""});
  CHECK(cut("a=b=c", "=").first == "a");
  CHECK(cut("a=b=c", "=").second == "b=c");
  CHECK_FALSE(cut("abc", "=").second.has_value());
  CHECK(join(std::vector<std::string>{"a", "b"}, ", ") == "a, b");
  CHECK(join(std::vector<std::string>{}, ", ").empty());
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim(" \n").empty());
  CHECK(equal_ignore_case("Content-Type", "content-tYPE"));
  CHECK_FALSE(equal_ignore_case("a", "ab"));
}

TEST_CASE("integers are strict") {
  CHECK(parse_integer<std::int64_t>("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK_FALSE(parse_integer<std::int64_t>("9223372036854775808"));
  CHECK(parse_integer<std::uint64_t>("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (std::string_view bad : {"", "+1", " 1", "1 ", "1x", "0x1", "--1", "1.0"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_integer<std::int64_t>(bad));
  }
  CHECK_FALSE(parse_integer<std::uint32_t>("-1"));
}

TEST_CASE("URL escapes and queries are net/url's") {
  CHECK(percent_decode("a%20b%2F") == "a b/");
  for (std::string_view bad : {"%", "%2", "%zz", "%+1", "a%4"}) {
    CAPTURE(bad);
    CHECK_FALSE(percent_decode(bad));
  }
  constexpr std::string_view kText = "a b/c?d&e=f+g:h@i$j,k;l~m'\xC3\xA9";
  CHECK(escape_path_segment(kText) == "a%20b%2Fc%3Fd&e=f+g:h@i$j%2Ck%3Bl~m%27%C3%A9");
  CHECK(escape_query(kText) == "a+b%2Fc%3Fd%26e%3Df%2Bg%3Ah%40i%24j%2Ck%3Bl~m%27%C3%A9");
  auto query = Query::parse("&a=1&a=%20b+c&=x&flag&%41=b=c&");
  REQUIRE(query);
  CHECK(query->get("a") == "1");
  CHECK(query->all("a") == std::vector<std::string_view>{"1", " b c"});
  CHECK(query->get("") == "x");
  CHECK(query->has("flag"));
  CHECK(query->get("flag").empty());
  CHECK(query->get("A") == "b=c");
  CHECK_FALSE(query->has("b"));
  CHECK_FALSE(Query::parse("a;b=1"));
  CHECK_FALSE(Query::parse("a=%zz"));
}

struct QuoteCase {
  const char* in;
  const char* out;
};

// Recorded from fmt's %q.
constexpr QuoteCase kQuotes[] = {
    {"a", "\"a\""},
    {"", "\"\""},
    {"a\"b\\", "\"a\\\"b\\\\\""},
    {"\a\b\f\n\r\t\v\x1f\x7f", "\"\\a\\b\\f\\n\\r\\t\\v\\x1f\\x7f\""},
    {"\u00e9\u20ac\U0001f600", "\"\u00e9\u20ac\U0001f600\""},
    {"\xff\xc3", "\"\\xff\\xc3\""},
    {"\u00a0\u00ad\u200b\u2028\ufeff\ue000", "\"\\u00a0\\u00ad\\u200b\\u2028\\ufeff\\ue000\""},
    {"\U000e0001\U0001f468", "\"\\U000e0001\U0001f468\""},
    {"'`", "\"'`\""},
    {"\u0300", "\"\u0300\""},
    {"\ufffd", "\"\ufffd\""},
    {"\u3000", "\"\\u3000\""},
    {"\u0600", "\"\\u0600\""},
};

TEST_CASE("quoted is %q") {
  for (const QuoteCase& c : kQuotes) CHECK(quoted(c.in) == std::string(c.out));
  CHECK(quoted(std::string_view("\0", 1)) == "\"\\x00\"");
}

TEST_CASE("hex") {
  CHECK(hex_encode(std::string_view("\x00\xFF\x7A", 3)) == "00ff7a");
  CHECK(hex_decode("00fF7a") == std::string("\x00\xFF\x7A", 3));
  CHECK_FALSE(hex_decode("0"));
  CHECK_FALSE(hex_decode("0g"));
}

TEST_CASE("base64: RFC 4648 vectors, both alphabets, strict decoding") {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(base64_encode(bytes) == text);
    CHECK(base64_decode(text) == std::string(bytes));
    std::string unpadded(text.substr(0, text.find('=')));
    CHECK(base64_encode(bytes, Base64::kUrl, Base64Padding::kUnpadded) == unpadded);
    CHECK(base64_decode(unpadded, Base64::kUrl, Base64Padding::kUnpadded) == std::string(bytes));
  }
  CHECK(base64_encode("\xFB\xFF\xFE") == "+//+");
  CHECK(base64_encode("\xFB\xFF\xFE", Base64::kUrl) == "-__-");
  for (std::string_view bad :
       {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", " Zm9v", "-__-", "Zm9v=", "Zg==="}) {
    CAPTURE(bad);
    CHECK_FALSE(base64_decode(bad));
  }
  CHECK_FALSE(base64_decode("Zg==", Base64::kUrl, Base64Padding::kUnpadded));
  CHECK_FALSE(base64_decode("+//+", Base64::kUrl));
}

TEST_CASE("UTF-8") {
  CHECK(is_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  for (std::string_view bad :
       {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x80\x80\x80"}) {
    CHECK_FALSE(is_utf8(bad));
  }
}

class CountingEntropy final : public Entropy {
 public:
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& b : out) b = next_++;
  }

 private:
  unsigned char next_ = 0;
};

TEST_CASE("ids") {
  CountingEntropy entropy;
  CHECK(new_uuid(entropy) == "00010203-0405-4607-8809-0a0b0c0d0e0f");
  std::string suffix = random_suffix(entropy, 1000);
  CHECK(suffix.size() == 1000);
  CHECK(suffix.find_first_not_of("bcdfghjklmnpqrstvwxz2456789") == std::string::npos);
  // Digits, as apimachinery's rand.SafeEncodeString maps them.
  CHECK(safe_encode("0123456789") == "456789bcdf");
}

TEST_CASE("log records are single lines without secrets") {
  MemoryLogSink sink;
  Logger log(&sink, nullptr, "store");
  log.info(
      "opened",
      {{"path", "/data"}, {"bytes", 12}, {"empty", ""}, {"text", "a b=\"c\"\n"}, {"took", std::chrono::milliseconds(1500)}});
  log.debug("not written");
  log.named("auth").error("two\nlines", {{"token", "abc"}, {"client_secret", "abc"}, {"tokens", 3}});
  Logger().error("discarded");
  CHECK(sink.lines() ==
        std::vector<std::string>{
            R"(1970-01-01T00:00:00.000000Z INFO store: opened path=/data bytes=12 empty="" text="a b=\"c\"\n" took=1.5s)",
            R"(1970-01-01T00:00:00.000000Z ERROR auth: "two\nlines" token=[redacted] client_secret=[redacted] tokens=3)"});
}

TEST_CASE("short texts compare like any others") {
  std::vector<std::string> texts = {""};
  for (std::size_t size = 1; size < 27; ++size) {
    for (const char c : {'a', 'b', '\xff', '\0'}) {
      texts.push_back(std::string(size, 'a'));
      for (std::size_t at = 0; at < size; at += 3) (texts.emplace_back(size, 'a'))[at] = c;
      texts.back().back() = c;
    }
  }
  for (const std::string& a : texts) {
    for (const std::string& b : texts) {
      const int order = a.compare(b);
      if (same_text(a, b) != (order == 0) || compare_text(a, b) != (order > 0) - (order < 0))
        FAIL_CHECK("\"" << a << "\" \"" << b << "\"");
    }
  }
  CHECK(compare_text("a", "b") == -1);
}

}  // namespace
}  // namespace plinth

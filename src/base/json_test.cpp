#include "base/json.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

namespace plinth {
namespace {

std::string round_trip(std::string_view text) {
  auto doc = parse_json(text);
  return doc.ok() ? to_json(doc->root()) : "error: " + doc.error().message();
}

struct TextCase {
  std::string_view in, out;
};

TEST_CASE("json: numbers print as encoding/json prints them") {
  const TextCase cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"-0.0", "-0"},
      {"1.0", "1"},
      {"0.5", "0.5"},
      {"1e3", "1000"},
      {"1E400", "error: number 1E400 is out of range (at byte offset 0)"},
      {"1e-400", "0"},
      {"1e20", "100000000000000000000"},
      {"1e21", "1e+21"},
      {"-1e21", "-1e+21"},
      {"123456789012345680000", "123456789012345680000"},
      {"123456789012345678901234567890", "1.2345678901234568e+29"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775808", "9223372036854776000"},
      {"18446744073709551615", "18446744073709552000"},
      {"18446744073709551616", "18446744073709552000"},
      {"-9223372036854775809", "-9223372036854776000"},
      {"0.000001", "0.000001"},
      {"0.0000009", "9e-7"},
      {"1.5e-9", "1.5e-9"},
      {"1e-10", "1e-10"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"5e-324", "5e-324"},
      {"0.1", "0.1"},
      {"0.30000000000000004", "0.30000000000000004"},
      {"123.456", "123.456"},
      {"-12.5", "-12.5"},
  };
  for (const TextCase& c : cases) {
    CAPTURE(c.in);
    CHECK(round_trip(c.in) == c.out);
    std::string nested = "{\"a\":[" + std::string(c.in) + "]}";
    if (!c.out.starts_with("error")) CHECK(round_trip(nested) == "{\"a\":[" + std::string(c.out) + "]}");
  }
}

TEST_CASE("json: integers and doubles are told apart") {
  CHECK(parse_json("1")->root().is_int());
  CHECK(parse_json("1.0")->root().is_double());
  CHECK(parse_json("1e0")->root().is_double());
  CHECK(parse_json("9223372036854775808")->root().is_double());
  CHECK(parse_json("99999999999999999999999")->root().as_int() == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("json: strings and escapes") {
  const TextCase cases[] = {
      {R"("plain")", R"("plain")"},
      {R"("\"\\\/\b\f\n\r\t")", R"("\"\\/\b\f\n\r\t")"},
      {R"("\u0000\u001f\u007f")", "\"\\u0000\\u001f\x7f\""},
      {R"("\u00e9\u20ac\ud83d\ude00")", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
      {R"("<>&")", R"("<>&")"},
      {"\"\xE2\x80\xA8\xE2\x80\xA9\"", R"("\u2028\u2029")"},
      // Lone surrogates and ill-formed bytes become U+FFFD.
      {R"("\ud800")", "\"\xEF\xBF\xBD\""},
      {R"("\udc00x")", "\"\xEF\xBF\xBDx\""},
      {R"("\ud800\ud800\udc00")", "\"\xEF\xBF\xBD\xF0\x90\x80\x80\""},
      {"\"a\xFF\xC0\xAF z\"", "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD z\""},
      {"\"\xED\xA0\x80\"", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"{\"\xFF\":1}", "{\"\xEF\xBF\xBD\":1}"},
  };
  for (const TextCase& c : cases) {
    CAPTURE(c.in);
    CHECK(round_trip(c.in) == c.out);
  }
  // Values that never were JSON text.
  CHECK(to_json(Value::ref("a\xFF")) == "\"a\\ufffd\"");
  CHECK(to_json(Value::of(std::nan(""))) == "null");
}

TEST_CASE("json: faults name the place") {
  const TextCase cases[] = {
      {"", "unexpected end of JSON input (at byte offset 0)"},
      {"  ", "unexpected end of JSON input (at byte offset 2)"},
      {"{", "unexpected end of JSON input (at byte offset 1)"},
      {R"({"a")", "unexpected end of JSON input (at byte offset 4)"},
      {R"({"a":)", "unexpected end of JSON input (at byte offset 5)"},
      {R"({"a":1)", "unexpected end of JSON input (at byte offset 6)"},
      {R"("abc)", "unexpected end of JSON input (at byte offset 4)"},
      {"{a:1}", "invalid character 'a' looking for beginning of object key string (at byte offset 1)"},
      {R"({"a" 1})", "invalid character '1' after object key (at byte offset 5)"},
      {R"({"a":1 "b":2})", "invalid character '\"' after object key:value pair (at byte offset 7)"},
      {R"({"a":1,})", "invalid character '}' looking for beginning of object key string (at byte offset 7)"},
      {"[1 2]", "invalid character '2' after array element (at byte offset 3)"},
      {"[1,]", "invalid character ']' looking for beginning of value (at byte offset 3)"},
      {"[1}", "invalid character '}' after array element (at byte offset 2)"},
      {"{} x", "invalid character 'x' after top-level value (at byte offset 3)"},
      {"1 2", "invalid character '2' after top-level value (at byte offset 2)"},
      {"tru", "unexpected end of JSON input (at byte offset 3)"},
      {"nulx", "invalid character 'x' in literal null (expecting 'l') (at byte offset 3)"},
      {"-x", "invalid character 'x' in numeric literal (at byte offset 1)"},
      {"1.x", "invalid character 'x' after decimal point in numeric literal (at byte offset 2)"},
      {"1e+x", "invalid character 'x' in exponent of numeric literal (at byte offset 3)"},
      {"01", "invalid character '1' after top-level value (at byte offset 1)"},
      {"'a'", "invalid character '\\'' looking for beginning of value (at byte offset 0)"},
      {"\"a\nb\"", "invalid character '\\n' in string literal (at byte offset 2)"},
      {R"("\x")", "invalid character 'x' in string escape code (at byte offset 2)"},
      {R"("\u12G4")", "invalid character 'G' in \\u hexadecimal character escape (at byte offset 5)"},
      {"\xEF\xBB\xBF{}", "invalid character '\xC3\xAF' looking for beginning of value (at byte offset 0)"},
      {std::string_view("\0", 1), "invalid character '\\x00' looking for beginning of value (at byte offset 0)"},
  };
  for (const TextCase& c : cases) {
    CAPTURE(c.in);
    auto doc = parse_json(c.in);
    REQUIRE_FALSE(doc.ok());
    CHECK(doc.error().reason() == Reason::kBadRequest);
    CHECK(doc.error().message() == c.out);
  }
}

TEST_CASE("json: depth is limited") {
  auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json(nested(512)).ok());
  auto too_deep = parse_json(nested(513));
  REQUIRE_FALSE(too_deep.ok());
  CHECK(too_deep.error().message() == "exceeded max depth of 512 (at byte offset 512)");
  CHECK(parse_json(nested(3), {.depth_max = 3}).ok());
  CHECK_FALSE(parse_json(nested(4), {.depth_max = 3}).ok());
  CHECK(parse_json("[[[1]]]", {.depth_max = 3}).ok());
  CHECK_FALSE(parse_json(std::string(1'000'000, '[')).ok());
  std::string objects;
  for (int i = 0; i < 512; ++i) objects += "{\"a\":";
  CHECK(parse_json(objects + "1" + std::string(512, '}')).ok());
}

TEST_CASE("json: duplicate keys: the last wins and the path is told") {
  std::vector<std::string> duplicates;
  auto doc =
      parse_json(R"({"a":1,"spec":{"x":1,"list":[{},{"y":1,"y":2,"y":3}],"x":{"z":1}},"a":2})", {.duplicates = &duplicates});
  REQUIRE(doc.ok());
  CHECK(to_json(doc->root()) == R"({"a":2,"spec":{"x":{"z":1},"list":[{},{"y":3}]}})");
  CHECK(duplicates == std::vector<std::string>{"spec.list[1].y", "spec.x", "a"});
}

TEST_CASE("json: duplicates in large objects") {
  std::string text = "{";
  for (int i = 0; i < 200; ++i) text += "\"k" + std::to_string(i % 150) + "\":" + std::to_string(i) + ",";
  text.back() = '}';
  std::vector<std::string> duplicates;
  auto doc = parse_json(text, {.duplicates = &duplicates});
  REQUIRE(doc.ok());
  CHECK(doc->root().size() == 150);
  CHECK(doc->root()["k0"].as_int() == 150);
  CHECK(doc->root()["k49"].as_int() == 199);
  CHECK(doc->root()["k50"].as_int() == 50);
  CHECK(doc->root().members()[3].key() == "k3");
  CHECK(duplicates.size() == 50);
}

TEST_CASE("json: equal keys share their text within a document") {
  auto doc = parse_json(R"([{"my-own-key":1},{"my-own-key":2},{"metadata":1}])");
  auto key = [&](std::size_t i) { return doc->root().items()[i].members()[0].key().data(); };
  CHECK(key(0) == key(1));
  auto other = parse_json(R"({"metadata":1,"my-own-key":1})");
  CHECK(other->root().members()[0].key().data() == key(2));
  CHECK(other->root().members()[1].key().data() != key(0));
}

TEST_CASE("json: many distinct keys, and keys that collide, cost no more than their bytes") {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += "\"" + std::to_string(i * 7919) + "\":null,";
  text.back() = '}';
  auto doc = parse_json(text);
  REQUIRE(doc.ok());
  CHECK(doc->root().size() == 100'000);
  CHECK(equal(doc->root(), parse_json(text)->root()));
}

TEST_CASE("json: pretty printing") {
  auto doc = parse_json(R"({"a":{},"b":[],"c":[1,{"d":null}],"e":{"f":"g"}})");
  CHECK(to_pretty_json(doc->root()) == R"({
  "a": {},
  "b": [],
  "c": [
    1,
    {
      "d": null
    }
  ],
  "e": {
    "f": "g"
  }
})");
  CHECK(to_pretty_json(parse_json("[1]")->root(), 4) == "[\n    1\n]");
  CHECK(to_pretty_json(Value()) == "null");
}

TEST_CASE("json: documents outlive the text and other parses") {
  std::string text = R"({"spec":{"name":"a long enough value to live outside of any small buffer"}})";
  auto doc = parse_json(text);
  text.assign(text.size(), 'x');
  for (int i = 0; i < 10; ++i) CHECK(parse_json(R"({"other":"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"})").ok());
  CHECK(doc->root()["spec"]["name"].as_string() == "a long enough value to live outside of any small buffer");
}

}  // namespace
}  // namespace plinth

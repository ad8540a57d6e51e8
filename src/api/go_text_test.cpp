#include "api/go_text.h"

#include <doctest/doctest.h>

namespace plinth::api {

TEST_CASE("strings are quoted as strconv.Quote does") {
  CHECK(go_quoted("web") == "\"web\"");
  CHECK(go_quoted("a\"b\\c\n\t") == R"("a\"b\\c\n\t")");
  CHECK(go_quoted(std::string_view("a\x01\x7f\0", 4)) == R"("a\x01\x7f\x00")");
  CHECK(go_quoted("\xc3\xa9\xf0\x9f\x98\x80") == "\"\xc3\xa9\xf0\x9f\x98\x80\"");
  CHECK(go_quoted("\xe2\x80\x8b\xe2\x80\xa8\xc2\xad\xc2\xa0") == R"("\u200b\u2028\u00ad\u00a0")");
  CHECK(go_quoted("\xff\xc3") == R"("\xff\xc3")");
  CHECK(go_quoted("\xe0\x80\x80") == R"("\xe0\x80\x80")");
}

TEST_CASE("floats print as with percent v") {
  CHECK(go_float(2.5) == "2.5");
  CHECK(go_float(1e6) == "1e+06");
  CHECK(go_float(123456) == "123456");
  CHECK(go_float(123456789) == "1.23456789e+08");
  CHECK(go_float(1e21) == "1e+21");
  CHECK(go_float(0.0001) == "0.0001");
  CHECK(go_float(1.5e-7) == "1.5e-07");
}

}  // namespace plinth::api

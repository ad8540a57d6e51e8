#include "api/go_text.h"

#include <doctest/doctest.h>

namespace plinth::api {

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

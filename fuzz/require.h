// Properties that a fuzzer checks: a broken one ends the run with the input kept.
#pragma once

#include <cstdio>
#include <cstdlib>

#define REQUIRE_PROPERTY(condition)                                     \
  do {                                                                  \
    if (!(condition)) {                                                 \
      std::fprintf(stderr, "property does not hold: %s\n", #condition); \
      std::abort();                                                     \
    }                                                                   \
  } while (false)

// Random objects of a schema, from small pools of names and values so that two of them have much in common. Same seed, same
// objects.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "api/typed_schema.h"
#include "base/value.h"

namespace plinth::api::testing {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::size_t below(std::size_t n) { return next() % n; }
  bool chance(unsigned percent) { return next() % 100 < percent; }
  template <typename T>
  const T& pick(std::span<const T> from) {
    return from[below(from.size())];
  }

 private:
  std::uint64_t state_;
};

struct GeneratorOptions {
  unsigned field_percent = 30;  // chance of each field
  std::size_t items_max = 3;
  std::size_t depth_max = 9;
  bool nulls = false;  // some members are null, some containers empty
};

class Generator {
 public:
  Generator(Random& random, Draft& draft, const GeneratorOptions& options)
      : random_(random), draft_(draft), options_(options) {}
  // An object of the kind with apiVersion, kind and some metadata.
  Value object(TypeRef type, std::string_view api_version, std::string_view kind);
  // Like `base`, with parts dropped, replaced and reordered.
  Value variant(TypeRef type, const Value& base, std::size_t depth = 0);
  Value value(TypeRef type, std::size_t depth);

 private:
  Value map(TypeRef type, std::size_t depth);
  Value list(TypeRef type, std::size_t depth);
  Value scalar(const Schema& schema);
  Value text(std::string_view s) { return draft_.text(s); }

  Random& random_;
  Draft& draft_;
  GeneratorOptions options_;
};

}  // namespace plinth::api::testing

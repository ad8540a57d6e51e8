// Functions: what the checker knows of them, what runs, what it costs. A library is a list of them, made in one file under
// lib/.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/cost.h"
#include "cel/macros.h"
#include "cel/time.h"
#include "cel/types.h"
#include "cel/value.h"

namespace plinth::cel {

struct Overload;

// What an implementation may use besides its arguments.
struct CallContext {
  Memory& memory;
  const Overload& overload;
  const void* prepared = nullptr;  // what Overload::prepare made of a constant argument
  const TimeZones* zones = nullptr;
  std::uint64_t* cost = nullptr;  // where work beyond the declared cost is counted

  template <typename T>
  const T* prepared_as() const {
    return static_cast<const T*>(prepared);
  }
  Value error(std::string_view message) const { return make_error(memory, message); }
  // A string or bytes in the evaluation's memory.
  Value string(std::string_view text) const { return Value::string(memory.copy(text)); }
};

// Arguments are no errors and of the kinds that the overload's parameters ask for (dyn parameters: of any).
using Implementation = Value (*)(CallContext& context, std::span<const Value> args);
// Cost units of a call by the sizes of its arguments and its result; see cost.h for what a unit and a size are. It serves the
// count of an evaluation and the estimate before it, so it must grow with each of them and saturate.
using CallCost = std::uint64_t (*)(std::span<const std::uint64_t> sizes, std::uint64_t result);

// What an estimate may assume of the size of a result.
enum class ResultSize : std::uint8_t { kUnknown, kOfFirst, kUpToFirst };

// What an estimate knows of the arguments of a call.
struct CallSizes {
  std::span<const SizeRange> arguments;
  SizeRange items;                     // of the elements of the first argument, where it is a list
  bool has_texts = false;              // these are strings or bytes
  std::optional<std::int64_t> number;  // the last argument, where it is a constant integer
};
struct CallEstimate {
  CostRange cost;
  std::optional<SizeRange> result;  // nothing: by its type
};
using EstimateCall = CallEstimate (*)(const CallSizes& sizes);

using Prepared = std::shared_ptr<const void>;

struct Overload {
  std::string id;
  bool member = false;  // receiver.name(args); the receiver is the first parameter
  std::vector<Type> parameters;
  Type result;
  Implementation implementation = nullptr;
  std::shared_ptr<const void> state;  // for the implementation, through CallContext::overload
  bool pure = true;                   // the same arguments give the same result: constants may be folded
  CallCost cost = nullptr;            // null: 1
  ResultSize result_size = ResultSize::kUnknown;
  EstimateCall estimate = nullptr;  // where cost and result_size do not say what can be known before
  // Where argument `prepared_argument` is a constant, it is prepared once at compile time; an error there fails the
  // compilation.
  int prepared_argument = -1;
  Result<Prepared> (*prepare)(const Value& constant) = nullptr;
  // A constant argument is evaluated at compile time by validating environments, and an error fails the compilation.
  bool validate_constants = false;

  Overload& with_cost(CallCost function, ResultSize size = ResultSize::kUnknown) {
    cost = function;
    result_size = size;
    return *this;
  }
  Overload& estimated(EstimateCall function) {
    estimate = function;
    return *this;
  }
  Overload& preparing(int argument, Result<Prepared> (*function)(const Value&)) {
    prepared_argument = argument;
    prepare = function;
    return *this;
  }
  Overload& validated() {
    validate_constants = true;
    return *this;
  }
  Overload& impure() {
    pure = false;
    return *this;
  }
};

struct Function {
  std::string name;
  std::vector<Overload> overloads;
};

// A named type of an environment ("net.IP") that expressions may refer to.
struct NamedType {
  std::string name;
  Type type;
};

class Library {
 public:
  explicit Library(std::string name) : name_(std::move(name)) {}

  // name(args) and receiver.name(args).
  Overload& global(std::string_view name, std::string_view id, std::vector<Type> parameters, Type result, Implementation run);
  Overload& member(std::string_view name, std::string_view id, std::vector<Type> parameters, Type result, Implementation run);
  void add_macros(const Macros& macros);
  void add_type(std::string_view name, Type type) { types_.push_back({std::string(name), std::move(type)}); }

  const std::string& name() const { return name_; }
  const std::vector<Function>& functions() const { return functions_; }
  const std::vector<const Macro*>& macros() const { return macros_; }
  const std::vector<NamedType>& types() const { return types_; }

 private:
  Overload& add(std::string_view name, Overload overload);
  std::string name_;
  std::vector<Function> functions_;
  std::vector<const Macro*> macros_;
  std::vector<NamedType> types_;
};

}  // namespace plinth::cel

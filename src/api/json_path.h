// The JSONPath that printer columns, selectable fields and scale paths of CustomResourceDefinitions use (client-go
// util/jsonpath).
//
//   .spec.replicas   ['quoted.key']   [0]   [-1]   [1:3]   [*]   .*   ..name   [0,2]   [?(@.type=="Ready")]   [?(@.name)]
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

inline constexpr std::size_t kJsonPathTextMax = 4096;       // bytes
inline constexpr std::size_t kJsonPathResultsMax = 10'000;  // values; an evaluation stops there

// Compiled once, evaluated often; immutable, safe to share between threads.
class JsonPath {
 public:
  // `text` begins with '.', '[' , '@' or '$'; braces around it are allowed. Errors are BadRequest.
  static Result<JsonPath> compile(std::string_view text);

  // Everything the path selects, in order. What does not fit (a key of a list, an index out of bounds) selects nothing.
  std::vector<const Value*> find(const Value& object) const;
  // The first of them, nullptr when there is none. A cell of a table, the value of a selectable field.
  const Value* first(const Value& object) const;
  // The names along a path of plain fields only; empty when the path has anything else.
  const std::vector<std::string>& fields() const { return fields_; }

 private:
  friend class JsonPathParser;
  struct Node;
  using Nodes = std::vector<Node>;
  using Values = std::vector<const Value*>;
  static bool step(const Node& node, Values& values);
  static bool walk(const Nodes& nodes, Values& values);
  static bool passes(const Node& filter, const Value& item);
  static void descend(const Value& from, Values& out);

  std::shared_ptr<const Nodes> nodes_;
  std::vector<std::string> fields_;
};

}  // namespace plinth::api

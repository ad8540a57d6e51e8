// Templates to objects, for one instance.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/value.h"
#include "cel/memory.h"
#include "compose/graph/graph.h"

namespace plinth::compose {

// Why something could not be made. Pending: what it reads is not there yet, but may come.
struct Unresolved {
  bool pending = false;
  std::string message;
};

// Values of a graph's variables: the instance, and what was observed of each node.
class Variables {
 public:
  // Documents must outlive this object, and so must the memory.
  Variables(const Graph& graph, const Document& instance, cel::Memory& memory);
  void set_object(const Node& node, const Document& observed);
  void set_list(const Node& node, const std::vector<Document>& observed);
  void set(std::size_t slot, cel::Value value);
  // Another form of the instance for the variable `schema`.
  void set_instance(const Document& instance, const cel::Shape* shape);
  cel::Value object(const Node& node, const Document& document);

  std::span<const cel::Value> values() const { return values_; }
  cel::Memory& memory() { return memory_; }
  const Graph& graph() const { return graph_; }

 private:
  const Graph& graph_;
  cel::Memory& memory_;
  std::vector<cel::Value> values_;
  std::vector<Document> kept_;
};

// A boolean condition; an optional without a value counts as false.
struct Verdict {
  bool value = false;
  std::optional<Unresolved> unresolved;
};
Verdict evaluate_condition(const Expression& expression, Variables& variables);

// A string with expressions. Nothing when it was omitted.
struct Evaluated {
  std::optional<Value> value;  // in the draft
  std::optional<Unresolved> unresolved;
};
Evaluated evaluate_parts(const std::vector<CompiledField::Part>& parts, bool standalone, Variables& variables, Draft& draft);

struct Rendered {
  std::vector<Document> objects;  // one; of a collection any number
  std::vector<bool> drawn;        // by object: something in it was drawn now, and is lost when another one is written over it
  std::optional<Unresolved> unresolved;
};
// Told of every field with expressions as it is evaluated; `item` counts the objects of a collection.
using FieldSeen = std::function<void(const CompiledField& field, const Evaluated& evaluated, std::size_t item)>;

// The object of a node that is there already, by its rendered metadata; null: none.
using FindObserved = std::function<Document(const Value& metadata)>;

struct RenderHooks {
  FindObserved observed;  // null: nothing is there
  FieldSeen seen;         // with it every field is evaluated, also after one that could not be
};

// All objects of a node: its template with every expression replaced, once or for every combination of its iterators. Fields
// that are drawn from entropy keep the values that the observed object has.
Rendered render(const Node& node, Variables& variables, const RenderHooks& hooks = {});

// The lists of a collection's dimensions; ends at the first that is not there.
std::vector<Evaluated> evaluate_dimensions(const Node& node, Variables& variables, Draft& draft);

}  // namespace plinth::compose

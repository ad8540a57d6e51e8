// What a definition makes of an instance, expression by expression, for people: nothing is written. The expressions are
// evaluated by the same code as for a reconcile (render.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compose/graph/graph.h"

namespace plinth::compose {

struct EvaluatedExpression {
  enum class State : std::uint8_t { kValue, kOmitted, kWaiting, kFailed };
  std::string node;        // "": of the instance's status
  std::string path;        // "spec.replicas", "includeWhen[0]", "forEach.zone", "items[1].metadata.name"
  std::string expression;  // "${schema.spec.replicas}", with the text around it
  State state = State::kValue;
  std::string text;  // the value as JSON, or what is missing or wrong
};
std::string_view state_text(EvaluatedExpression::State state);

struct ExplainedNode {
  enum class State : std::uint8_t { kIncluded, kSkipped, kWaiting, kFailed };
  std::string id;
  State state = State::kIncluded;
  std::string message;            // why not
  std::vector<Document> objects;  // as they would be applied, without our marks
};

struct Explanation {
  std::vector<ExplainedNode> nodes;  // in order of the graph
  std::vector<EvaluatedExpression> expressions;
  Document status;  // the author's fields; null without
};

// What is there already.
struct ObservedObjects {
  // The object that a node's rendered one has become; nothing when it is not there.
  std::function<std::optional<Document>(const Node& node, const Document& rendered)> child;
  // What an external reference names, or selects.
  std::function<std::vector<Document>(const Node& node, const Document& reference)> external;
};

// Those of `all` that a reference by selector means; none when the selector is wrong.
std::vector<Document> select_external(const Node& node, const Document& reference, const std::vector<Document>& all);

// `instance` has its defaults. A child that is not there counts as if it were exactly what was rendered with `assume`; else
// what reads it waits. readyWhen is evaluated and shown, but does not hold other nodes back.
Explanation explain_instance(const Graph& graph, const Document& instance, const ObservedObjects& observed, bool assume);

}  // namespace plinth::compose

#include "compose/instance/render.h"

#include <algorithm>
#include <set>

#include "base/quoted.h"
#include "cel/value.h"
#include "compose/instance/managed.h"

namespace plinth::compose {
namespace {

// The slot at a path. Containers on the way are there: the path was found in the template.
Value& slot_at(Draft& draft, Value& root, const FieldPath& path, std::size_t length) {
  Value* at = &root;
  for (std::size_t i = 0; i < length; ++i) {
    const PathStep& step = path[i];
    at = step.is_index ? &draft.item(*at, step.index) : &draft.member(*at, step.key);
  }
  return *at;
}

bool reads_instance_only(const CompiledField& field) {
  return std::all_of(field.parts.begin(), field.parts.end(), [](const CompiledField::Part& part) {
    if (part.expression == nullptr) return true;
    const auto& names = part.expression->variables;
    return std::all_of(names.begin(), names.end(), [](const std::string& name) { return name == "schema"; });
  });
}

bool is_identity(const CompiledField& field) {
  return field.path_text == "metadata.name" || field.path_text == "metadata.namespace";
}

// Whether the object has a value there; the draft gets it.
bool kept(const CompiledField& field, const Document& observed, Draft& draft) {
  Value at = observed.root();
  for (const PathStep& step : field.path) at = at[step.key];
  if (at.is_null()) return false;
  slot_at(draft, draft.root(), field.path, field.path.size()) = draft.clone(at);
  return true;
}

// An object in the making.
struct Filling {
  Draft draft;
  std::vector<const CompiledField*> omitted;
  std::size_t item = 0;
  Document observed;
  bool drew = false;
};

// Fields that are drawn, or all others. Values of standalone expressions may be of any type; a kind's defaults and checks apply
// when they are written.
std::optional<Unresolved> fill(const Node& node, Variables& variables, const FieldSeen& seen, bool drawn, Filling& out) {
  std::optional<Unresolved> first;
  Draft& draft = out.draft;
  for (const CompiledField& field : node.fields) {
    if (field.drawn != drawn || (drawn && kept(field, out.observed, draft))) continue;
    out.drew = out.drew || drawn;
    Evaluated evaluated = evaluate_parts(field.parts, field.standalone, variables, draft);
    if (evaluated.unresolved && evaluated.unresolved->pending && reads_instance_only(field)) {
      // What the instance does not set will not come by itself: the field is left out, where it can be.
      if (field.standalone && !is_identity(field)) {
        evaluated.unresolved.reset();
      } else {
        evaluated.unresolved->pending = false;
        evaluated.unresolved->message += " (the instance does not set it and it has no default)";
      }
    }
    if (seen) seen(field, evaluated, out.item);
    if (first) continue;
    if (evaluated.unresolved) {
      evaluated.unresolved->message =
          "node " + quoted(node.id) + ": at path " + quoted(field.path_text) + ": " + evaluated.unresolved->message;
      if (!seen) return evaluated.unresolved;
      first = evaluated.unresolved;
      continue;
    }
    if (evaluated.value)
      slot_at(draft, draft.root(), field.path, field.path.size()) = *evaluated.value;
    else
      out.omitted.push_back(&field);
  }
  return first;
}

// From the last to the first, so that the items before keep their places.
void remove_omitted(Draft& draft, const std::vector<const CompiledField*>& omitted) {
  for (auto field = omitted.rbegin(); field != omitted.rend(); ++field) {
    const FieldPath& path = (*field)->path;
    Value& parent = slot_at(draft, draft.root(), path, path.size() - 1);
    if (path.back().is_index)
      draft.erase(parent, path.back().index);
    else
      draft.remove(parent, path.back().key);
  }
}

std::optional<Unresolved> render_one(const Node& node, Variables& variables, const RenderHooks& hooks, Rendered& out) {
  Filling filling;
  filling.draft.root() = filling.draft.clone(node.object);
  filling.item = out.objects.size();
  auto unresolved = fill(node, variables, hooks.seen, false, filling);
  if (node.draws() && (!unresolved || hooks.seen)) {
    if (hooks.observed) filling.observed = hooks.observed(filling.draft.root()["metadata"]);
    auto drawn = fill(node, variables, hooks.seen, true, filling);
    if (!unresolved) unresolved = std::move(drawn);
  }
  if (unresolved) return unresolved;
  remove_omitted(filling.draft, filling.omitted);
  out.objects.push_back(std::move(filling.draft).finish());
  out.drawn.push_back(filling.drew);
  return std::nullopt;
}

// The lists of all dimensions.
std::optional<Unresolved> expand(const Node& node, Variables& variables, std::vector<cel::Value>& lists, std::size_t& total) {
  total = 1;
  for (const Dimension& dimension : node.for_each) {
    const Outcome outcome = evaluate(dimension.list, variables.values(), variables.memory());
    const std::string prefix = "node " + quoted(node.id) + ": forEach " + quoted(dimension.name) + ": expression " +
                               quoted(dimension.list.text) + ": ";
    // A list that the instance does not set will not come by itself: there are no items.
    if (outcome.kind == Outcome::Kind::kPending && reads_schema_only(dimension.list)) {
      total = 0;
      return std::nullopt;
    }
    if (outcome.kind != Outcome::Kind::kValue)
      return Unresolved{outcome.kind == Outcome::Kind::kPending, prefix + outcome.message};
    if (!outcome.value.is(cel::Kind::kList)) return Unresolved{false, prefix + "did not return a list"};
    lists.push_back(outcome.value);
    total *= cel::List(outcome.value).size();
    if (total > kCollectionMax) {
      return Unresolved{false, prefix + "collection size of " + std::to_string(total) +
                                   " is over the maximum collection size of " + std::to_string(kCollectionMax)};
    }
  }
  return std::nullopt;
}

std::string identity_of(const Document& object) {
  return std::string(object["metadata"]["namespace"].as_string()) + "/" + std::string(object["metadata"]["name"].as_string());
}

// The first dimension is the outer loop.
std::optional<Unresolved> render_all(const Node& node, Variables& variables, const RenderHooks& hooks, Rendered& out) {
  std::vector<cel::Value> lists;
  std::size_t total = 0;
  if (auto unresolved = expand(node, variables, lists, total)) return unresolved;
  std::set<std::string> identities;
  for (std::size_t n = 0; n < total; ++n) {
    std::size_t rest = n;
    for (std::size_t d = node.for_each.size(); d-- > 0;) {
      const cel::List list(lists[d]);
      variables.set(node.for_each[d].slot, list.at(rest % list.size(), variables.memory()));
      rest /= list.size();
    }
    if (auto unresolved = render_one(node, variables, hooks, out)) return unresolved;
    const std::string identity = identity_of(out.objects.back());
    if (!identities.insert(identity).second) {
      return Unresolved{false, "node " + quoted(node.id) + " identity collision: two items of the collection are both called " +
                                   quoted(identity)};
    }
  }
  return std::nullopt;
}

std::string shown(const Expression& expression, const Outcome& outcome) {
  return "expression " + quoted(expression.text) + ": " + outcome.message;
}

}  // namespace

Variables::Variables(const Graph& graph, const Document& instance, cel::Memory& memory)
    : graph_(graph), memory_(memory), values_(graph.variable_count, cel::Value::absent()) {
  std::size_t most = graph.variable_count;
  for (const Node& node : graph.nodes) most = std::max(most, node.variable_count);
  values_.resize(most, cel::Value::absent());
  kept_.push_back(instance);
  values_[graph.schema_slot] = cel::Value::of_document(instance.root(), graph.instance_shape, memory);
}

cel::Value Variables::object(const Node& node, const Document& document) {
  kept_.push_back(document);
  return cel::Value::of_document(document.root(), node.shape, memory_);
}

void Variables::set_object(const Node& node, const Document& observed) { values_[node.slot] = object(node, observed); }

void Variables::set_list(const Node& node, const std::vector<Document>& observed) {
  cel::ListBody* list = cel::new_list(memory_, observed.size());
  for (const Document& document : observed) list->items[list->size++] = object(node, document);
  values_[node.slot] = cel::Value::list(list);
}

void Variables::set_instance(const Document& instance, const cel::Shape* shape) {
  kept_.push_back(instance);
  values_[graph_.schema_slot] = cel::Value::of_document(kept_.back().root(), shape, memory_);
}

void Variables::set(std::size_t slot, cel::Value value) { values_[slot] = value; }

Verdict evaluate_condition(const Expression& expression, Variables& variables) {
  const Outcome outcome = evaluate(expression, variables.values(), variables.memory());
  if (outcome.kind != Outcome::Kind::kValue)
    return {false, Unresolved{outcome.kind == Outcome::Kind::kPending, shown(expression, outcome)}};
  cel::Value value = outcome.value;
  if (value.is(cel::Kind::kOptional)) {
    if (value.as_optional() == nullptr) return {};
    value = *value.as_optional();
  }
  if (value.is(cel::Kind::kNull)) return {};
  if (!value.is(cel::Kind::kBool))
    return {false,
            Unresolved{false, "expression " + quoted(expression.text) + " did not return bool but " + cel::to_text(value)}};
  return {value.as_bool(), std::nullopt};
}

Evaluated evaluate_parts(const std::vector<CompiledField::Part>& parts, bool standalone, Variables& variables, Draft& draft) {
  Evaluated out;
  std::string text;
  for (const CompiledField::Part& part : parts) {
    if (part.expression == nullptr) {
      text += part.text;
      continue;
    }
    const Outcome outcome = evaluate(*part.expression, variables.values(), variables.memory());
    if (outcome.kind == Outcome::Kind::kOmitted) return out;
    if (outcome.kind != Outcome::Kind::kValue) {
      out.unresolved = Unresolved{outcome.kind == Outcome::Kind::kPending, shown(*part.expression, outcome)};
      return out;
    }
    if (standalone) {
      auto document = as_document(outcome.value, draft);
      if (document.ok())
        out.value = *document;
      else
        out.unresolved = Unresolved{false, "expression " + quoted(part.expression->text) + ": " + document.error().message()};
      return out;
    }
    if (!outcome.value.is(cel::Kind::kString)) {
      out.unresolved = Unresolved{false, "expression " + quoted(part.expression->text) +
                                             " must return a string where text stands around it, but returned " +
                                             cel::to_text(outcome.value)};
      return out;
    }
    text += outcome.value.as_string();
  }
  out.value = draft.text(text);
  return out;
}

Rendered render(const Node& node, Variables& variables, const RenderHooks& hooks) {
  Rendered out;
  out.unresolved =
      node.type == NodeType::kCollection ? render_all(node, variables, hooks, out) : render_one(node, variables, hooks, out);
  if (out.unresolved) out.objects.clear();
  return out;
}

std::vector<Evaluated> evaluate_dimensions(const Node& node, Variables& variables, Draft& draft) {
  std::vector<Evaluated> out;
  for (const Dimension& dimension : node.for_each) {
    CompiledField::Part part;
    part.expression = std::shared_ptr<const Expression>(std::shared_ptr<void>(), &dimension.list);
    out.push_back(evaluate_parts({part}, /*standalone=*/true, variables, draft));
    if (!out.back().unresolved) continue;
    if (out.back().unresolved->pending && reads_schema_only(dimension.list)) out.back().unresolved.reset();
    break;
  }
  return out;
}

}  // namespace plinth::compose

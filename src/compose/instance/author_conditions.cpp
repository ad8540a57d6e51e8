#include "compose/instance/author_conditions.h"

#include <algorithm>
#include <map>

#include "base/quoted.h"
#include "cel/value.h"

namespace plinth::compose {
namespace {

std::string text_at(const cel::Map& map, std::string_view key, cel::Memory& memory) {
  cel::Value value;
  return map.find(key, memory, &value) && value.is(cel::Kind::kString) ? std::string(value.as_string()) : std::string();
}

// False when it is no condition.
bool take_condition(const cel::Value& value, cel::Memory& memory, std::vector<Condition>& out) {
  if (!value.is(cel::Kind::kMap)) return false;
  const cel::Map map(value);
  Condition condition;
  condition.type = text_at(map, "type", memory);
  const std::string status = text_at(map, "status", memory);
  if (condition.type.empty() || (status != "True" && status != "False" && status != "Unknown")) return false;
  condition.status = condition_status_of(status);
  condition.reason = text_at(map, "reason", memory);
  condition.message = text_at(map, "message", memory);
  out.push_back(std::move(condition));
  return true;
}

bool take_conditions(const cel::Value& value, cel::Memory& memory, std::vector<Condition>& out) {
  if (!value.is(cel::Kind::kList)) return take_condition(value, memory, out);
  const cel::List list(value);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!take_condition(list.at(i, memory), memory, out)) return false;
  }
  return true;
}

void add_failure(AuthorConditions& out, const std::string& failure) {
  out.complete = false;
  out.failure += (out.failure.empty() ? "" : "; ") + failure;
}

// Which of several counts cannot be told, so none does.
void drop_duplicates(AuthorConditions& out) {
  std::map<std::string, int> counts;
  for (const Condition& c : out.conditions) ++counts[c.type];
  std::string dropped;
  for (const auto& [type, count] : counts) {
    if (count > 1) dropped += (dropped.empty() ? "" : ", ") + type;
  }
  if (dropped.empty()) return;
  std::erase_if(out.conditions, [&](const Condition& c) { return counts[c.type] > 1; });
  add_failure(out, "duplicate condition type(s) [" + dropped + "] dropped");
}

void stamp(std::vector<Condition>& conditions, const std::vector<Condition>& before, const std::string& now,
           std::int64_t generation) {
  for (Condition& condition : conditions) {
    condition.since = now;
    condition.observed_generation = generation;
    for (const Condition& was : before) {
      if (was.type == condition.type && was.status == condition.status && !was.since.empty()) condition.since = was.since;
    }
  }
}

}  // namespace

void show_own_conditions(const Graph& graph, const Document& instance, const ConditionSet& own, Variables& variables) {
  Draft draft(instance);
  Value status = draft.object();
  draft.member(status, "conditions") = ConditionSet(own).to_value(draft);
  draft.member(draft.root(), "status") = status;
  variables.set_instance(std::move(draft).finish(), graph.instance_with_status);
}

AuthorConditions evaluate_author_conditions(const Graph& graph, const client::Object& instance, Variables& variables,
                                            const ConditionSet& own, const std::vector<Condition>& before,
                                            const std::string& now) {
  show_own_conditions(graph, instance.document, own, variables);
  AuthorConditions out;
  for (const Expression& expression : graph.conditions) {
    const Outcome outcome = evaluate(expression, variables.values(), variables.memory());
    const std::string prefix = "condition " + quoted(expression.text) + ": ";
    if (outcome.kind == Outcome::Kind::kPending)
      out.complete = false;
    else if (outcome.kind != Outcome::Kind::kValue)
      add_failure(out, prefix + outcome.message);
    else if (std::vector<Condition> made; take_conditions(outcome.value, variables.memory(), made))
      out.conditions.insert(out.conditions.end(), made.begin(), made.end());
    else
      add_failure(out, prefix + "must give a condition or a list of them, not " + cel::to_text(outcome.value));
  }
  drop_duplicates(out);
  stamp(out.conditions, before, now, instance.metadata()["generation"].as_int());
  if (!out.complete) out.conditions = merged_conditions(std::move(out.conditions), before);
  return out;
}

bool shows_author_conditions(const client::Object& instance) {
  const std::vector<Condition> shown = read_conditions(instance["status"]["conditions"]);
  return !shown.empty() &&
         std::none_of(shown.begin(), shown.end(), [](const Condition& c) { return c.type == "InstanceManaged"; });
}

std::vector<Condition> merged_conditions(std::vector<Condition> current, const std::vector<Condition>& before) {
  const std::size_t count = current.size();
  for (const Condition& was : before) {
    const auto end = current.begin() + static_cast<std::ptrdiff_t>(count);
    if (std::none_of(current.begin(), end, [&](const Condition& c) { return c.type == was.type; })) current.push_back(was);
  }
  return current;
}

}  // namespace plinth::compose

#include "compose/instance/explain.h"

#include <algorithm>

#include "api/label_selector.h"
#include "base/json.h"
#include "base/quoted.h"
#include "compose/instance/author_conditions.h"
#include "compose/instance/instance_status.h"
#include "compose/instance/managed.h"
#include "compose/instance/render.h"

namespace plinth::compose {
namespace {

using State = EvaluatedExpression::State;
using NodeState = ExplainedNode::State;

// As it stands in the definition.
std::string written(const std::vector<CompiledField::Part>& parts) {
  std::string out;
  for (const CompiledField::Part& part : parts) out += part.expression ? "${" + part.expression->text + "}" : part.text;
  return out;
}

class Explainer {
 public:
  Explainer(const Graph& graph, const Document& instance, const ObservedObjects& observed, bool assume)
      : graph_(graph),
        instance_(instance),
        observed_(observed),
        assume_(assume),
        variables_(graph, instance, memory_),
        states_(graph.nodes.size(), NodeState::kWaiting) {}

  Explanation run() {
    for (std::size_t i : graph_.order) {
      ExplainedNode node = explain(graph_.nodes[i]);
      states_[i] = node.state;
      if (node.state == NodeState::kWaiting || node.state == NodeState::kFailed) add_problem(node.message);
      out_.nodes.push_back(std::move(node));
    }
    explain_status();
    explain_conditions();
    return std::move(out_);
  }

 private:
  void add(const std::string& node, std::string path, std::string expression, const Evaluated& evaluated) {
    EvaluatedExpression row{node, std::move(path), std::move(expression), State::kValue, ""};
    if (evaluated.unresolved) {
      row.state = evaluated.unresolved->pending ? State::kWaiting : State::kFailed;
      row.text = evaluated.unresolved->message;
    } else if (!evaluated.value) {
      row.state = State::kOmitted;
    } else {
      row.text = to_json(*evaluated.value);
    }
    out_.expressions.push_back(std::move(row));
  }

  void add(const std::string& node, std::string path, const Expression& expression, const Verdict& verdict) {
    EvaluatedExpression row{node, std::move(path), "${" + expression.text + "}", State::kValue,
                            verdict.value ? "true" : "false"};
    if (verdict.unresolved) {
      row.state = verdict.unresolved->pending ? State::kWaiting : State::kFailed;
      row.text = verdict.unresolved->message;
    }
    out_.expressions.push_back(std::move(row));
  }

  ExplainedNode explain(const Node& node) {
    ExplainedNode out;
    out.id = node.id;
    for (std::size_t need : node.needs) {
      if (states_[need] != NodeState::kSkipped) continue;
      out.state = NodeState::kSkipped;
      out.message = "depends on " + quoted(graph_.nodes[need].id) + ", which is not included";
      return out;
    }
    if (!is_included(node, out)) return out;
    Draft draft;
    const std::vector<Evaluated> dimensions = evaluate_dimensions(node, variables_, draft);
    for (std::size_t i = 0; i < dimensions.size(); ++i)
      add(node.id, "forEach." + node.for_each[i].name, "${" + node.for_each[i].list.text + "}", dimensions[i]);
    const bool list = node.type == NodeType::kCollection;
    RenderHooks hooks;
    hooks.seen = [&](const CompiledField& field, const Evaluated& evaluated, std::size_t item) {
      // Another value than the object's, which is nobody's business either.
      const bool drawn = field.drawn && evaluated.value;
      add(node.id, (list ? "items[" + std::to_string(item) + "]." : "") + field.path_text, written(field.parts),
          drawn ? Evaluated{draft.text("(drawn when the object is made, and kept)"), std::nullopt} : evaluated);
    };
    Rendered rendered = render(node, variables_, hooks);
    if (rendered.unresolved) {
      out.state = rendered.unresolved->pending ? NodeState::kWaiting : NodeState::kFailed;
      out.message = rendered.unresolved->message;
      return out;
    }
    observe(node, std::move(rendered.objects), out);
    return out;
  }

  bool is_included(const Node& node, ExplainedNode& out) {
    for (std::size_t i = 0; i < node.include_when.size(); ++i) {
      const Expression& condition = node.include_when[i];
      const Verdict verdict = evaluate_condition(condition, variables_);
      add(node.id, "includeWhen[" + std::to_string(i) + "]", condition, verdict);
      const bool absent = verdict.unresolved && verdict.unresolved->pending && reads_schema_only(condition);
      if (verdict.unresolved && !absent) {
        out.state = verdict.unresolved->pending ? NodeState::kWaiting : NodeState::kFailed;
        out.message = "includeWhen: " + verdict.unresolved->message;
        return false;
      }
      if (verdict.value) continue;
      out.state = NodeState::kSkipped;
      out.message = "includeWhen " + quoted(condition.text) + " is false";
      return false;
    }
    return true;
  }

  void observe(const Node& node, std::vector<Document> rendered, ExplainedNode& out) {
    std::vector<Document> found;
    if (node.is_external()) {
      found = observed_.external(node, rendered[0]);
    } else {
      for (const Document& object : rendered) {
        if (auto there = observed_.child(node, object))
          found.push_back(std::move(*there));
        else if (assume_)
          found.push_back(object);
      }
      out.objects = std::move(rendered);
    }
    if (node.is_list()) {
      variables_.set_list(node, found);
    } else if (!found.empty()) {
      variables_.set_object(node, found[0]);
    } else if (node.is_external()) {
      out.state = NodeState::kWaiting;
      out.message =
          "waits for " + node.kind.resource.kind + " " + std::string(rendered_name(rendered)) + ", which does not exist";
    }
    if (!node.is_external() && found.size() < out.objects.size()) add_problem("node " + quoted(node.id) + ": is being created");
    explain_ready(node, found);
  }

  void explain_ready(const Node& node, const std::vector<Document>& found) {
    for (std::size_t i = 0; i < node.ready_when.size(); ++i) {
      const Expression& condition = node.ready_when[i];
      for (std::size_t item = 0; item < found.size(); ++item) {
        if (node.is_list()) variables_.set(graph_.each_slot, variables_.object(node, found[item]));
        const std::string at = node.is_list() ? "items[" + std::to_string(item) + "]." : "";
        const Verdict verdict = evaluate_condition(condition, variables_);
        add(node.id, at + "readyWhen[" + std::to_string(i) + "]", condition, verdict);
        if (!verdict.value)
          add_problem("node " + quoted(node.id) + ": readyWhen condition evaluated to false: " + quoted(condition.text));
      }
    }
  }

  void add_problem(const std::string& problem) { problems_ += (problems_.empty() ? "" : "; ") + problem; }

  static std::string_view rendered_name(const std::vector<Document>& rendered) {
    return rendered.empty() ? std::string_view() : rendered[0]["metadata"]["name"].as_string();
  }

  void explain_status() {
    Draft draft;
    draft.root() = draft.object();
    for (const StatusField& field : graph_.status) {
      const Evaluated evaluated = evaluate_parts(field.parts, field.standalone, variables_, draft);
      add("", "status." + field.path_text, written(field.parts), evaluated);
      const bool plain = std::none_of(field.path.begin(), field.path.end(), [](const PathStep& step) { return step.is_index; });
      if (!evaluated.value || evaluated.value->is_null() || !plain) continue;
      Value* at = &draft.root();
      for (const PathStep& step : field.path) at = &draft.member(*at, step.key);
      *at = *evaluated.value;
    }
    if (draft.root().size() > 0) out_.status = std::move(draft).finish();
  }

  // Those of the author, with kro's own as they follow from what was found.
  void explain_conditions() {
    if (graph_.conditions.empty()) return;
    ConditionSet own = instance_conditions(instance_.root(), "");
    own.set("InstanceManaged", ConditionStatus::kTrue, "Managed", "instance is properly managed with finalizers and labels");
    own.set("GraphResolved", ConditionStatus::kTrue, "Resolved", "runtime graph created and all resources resolved");
    if (problems_.empty())
      own.set("ResourcesReady", ConditionStatus::kTrue, "AllResourcesReady", "all resources are created and ready");
    else
      own.set("ResourcesReady", ConditionStatus::kFalse, "NotReady", problems_);
    show_own_conditions(graph_, instance_, own, variables_);
    Draft draft;
    for (std::size_t i = 0; i < graph_.conditions.size(); ++i) {
      CompiledField::Part part;
      part.expression = std::shared_ptr<const Expression>(std::shared_ptr<void>(), &graph_.conditions[i]);
      add("", "status.conditions[" + std::to_string(i) + "]", written({part}),
          evaluate_parts({part}, /*standalone=*/true, variables_, draft));
    }
  }

  const Graph& graph_;
  const Document instance_;
  const ObservedObjects& observed_;
  const bool assume_;
  cel::Memory memory_;
  Variables variables_;
  std::vector<NodeState> states_;
  std::string problems_;  // why not everything is ready
  Explanation out_;
};

}  // namespace

std::string_view state_text(EvaluatedExpression::State state) {
  switch (state) {
    case State::kValue:
      return "value";
    case State::kOmitted:
      return "omitted";
    case State::kWaiting:
      return "waiting";
    case State::kFailed:
      return "failed";
  }
  return "";
}

std::vector<Document> select_external(const Node& node, const Document& reference, const std::vector<Document>& all) {
  std::vector<Document> out;
  const Value metadata = reference["metadata"];
  const std::string_view name_space = node.kind.resource.namespaced ? metadata["namespace"].as_string() : std::string_view();
  const auto selector = api::LabelSelector::from_object(metadata["selector"]);
  if (!selector.ok()) return out;
  for (const Document& object : all) {
    if (!name_space.empty() && object["metadata"]["namespace"].as_string() != name_space) continue;
    if (selector->matches(object["metadata"]["labels"])) out.push_back(object);
  }
  return out;
}

Explanation explain_instance(const Graph& graph, const Document& instance, const ObservedObjects& observed, bool assume) {
  return Explainer(graph, instance, observed, assume).run();
}

}  // namespace plinth::compose

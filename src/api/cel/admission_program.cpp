#include "api/cel/admission_program.h"

#include <algorithm>

#include <fmt/core.h>

#include "api/cel/environments.h"
#include "api/kind.h"
#include "base/quoted.h"
#include "base/text.h"

namespace plinth::api {
namespace {

constexpr std::string_view kOutOfBudget =
    "validation failed due to running out of cost budget, no further validation rules will be run";
constexpr std::size_t kMessageBytesMax = 5 * 1024;
constexpr std::string_view kVariablePrefix = "variables.";

std::string names(std::span<const cel::Type> types) {
  std::string out;
  for (const cel::Type& type : types) out += (out.empty() ? "" : " ") + type.text();
  return types.size() == 1 ? out : "[" + out + "]";
}

cel::Value view(const Document& document, const cel::Shape* shape, cel::Memory& memory) {
  return document.is_null() ? cel::Value::null() : cel::Value::of_document(document.root(), shape, memory);
}

// Evaluates against one budget, and one allowance.
class Evaluator {
 public:
  Evaluator(AdmissionActivation& activation, std::uint64_t budget, CostAllowance& allowance)
      : activation_(activation), allowance_(allowance), budget_(budget) {}

  struct Outcome {
    cel::Value value;
    std::string error;
  };
  // False when the budget or the allowance is spent.
  bool run(const AdmissionExpression& expression, Outcome& out) {
    out = Outcome();
    if (!expression.program) {
      out.error = "compilation error: " + expression.error;
      return true;
    }
    out.value = run_program(*expression.program);
    if (is_spent_) return false;
    if (out.value.is_error()) {
      out.error = fmt::format("expression '{}' resulted in error: {}", expression.text, out.value.as_error().message);
    }
    return true;
  }

  cel::Value run_program(const cel::Program& program) {
    cel::Report report;
    const cel::Value value =
        program.run(activation_.values(), activation_.memory(), {allowance_.limit(kRuleCostMax), nullptr}, &report);
    allowance_.charge(report.cost);
    if (report.cost > budget_ || allowance_.spent)
      is_spent_ = true;
    else
      budget_ -= report.cost;
    return value;
  }
  bool is_spent() const { return is_spent_; }

 private:
  AdmissionActivation& activation_;
  CostAllowance& allowance_;
  std::uint64_t budget_;
  bool is_spent_ = false;
};

bool is_true(const cel::Value& value) { return value.is(cel::Kind::kBool) && value.as_bool(); }
bool is_false(const cel::Value& value) { return value.is(cel::Kind::kBool) && !value.as_bool(); }

}  // namespace

AdmissionExpression compile_admission(std::string_view text, const cel::Environment& environment,
                                      std::span<const cel::Type> types) {
  AdmissionExpression out;
  out.text = text;
  auto program = cel::compile(text, environment);
  if (!program.ok()) {
    out.error = "compilation failed: " + program.error().message();
    return out;
  }
  const cel::Type& type = program->result_type();
  if (!types.empty() && std::find(types.begin(), types.end(), type) == types.end()) {
    out.error = fmt::format("must evaluate to {}{} but got {}", types.size() == 1 ? "" : "one of ", names(types), type.text());
    return out;
  }
  out.program = std::move(*program);
  return out;
}

AdmissionActivation::AdmissionActivation(const AdmissionInput& input, CelShapes& shapes)
    : values_(kSlotCount, cel::Value::absent()) {
  const Schema* name_space = builtin_type("core.v1.Namespace");
  values_[kSlotObject] = view(input.object, nullptr, memory_);
  values_[kSlotOldObject] = view(input.old_object, nullptr, memory_);
  values_[kSlotNamespace] =
      view(input.name_space, input.name_space.is_null() ? nullptr : shapes.of_object(*name_space), memory_);
  values_[kSlotRequest] = view(input.request, nullptr, memory_);
  values_[kSlotParams] = view(input.params, nullptr, memory_);
  if (input.authorizer == nullptr) return;
  values_[kSlotAuthorizer] = authorizer_value(*input.authorizer, memory_);
  values_[kSlotRequestResource] = resource_check_value(*input.authorizer, input.resource, memory_);
}

MatchConditions::MatchConditions(const Value& list, bool has_params) {
  if (list.size() == 0) return;
  const cel::Environment environment = admission_environment({has_params, true});
  const cel::Type kBool[] = {cel::Type::boolean()};
  for (const Value& one : list.items())
    expressions_.push_back(compile_admission(trim(one["expression"].as_string()), environment, kBool));
}

MatchConditions::Outcome MatchConditions::evaluate(AdmissionActivation& activation, CostAllowance& allowance) const {
  Evaluator evaluator(activation, kConditionsCostMax, allowance);
  std::vector<std::string> errors;
  for (const AdmissionExpression& expression : expressions_) {
    Evaluator::Outcome outcome;
    if (!evaluator.run(expression, outcome)) return {false, std::string(kOutOfBudget)};
    if (!outcome.error.empty())
      errors.push_back(std::move(outcome.error));
    else if (is_false(outcome.value))
      return {false, ""};
  }
  if (errors.empty()) return {true, ""};
  return {false, errors.size() == 1 ? errors[0] : "[" + join(errors, ", ") + "]"};
}

PolicyProgram::PolicyProgram(const Document& policy)
    : has_params_(policy["spec"]["paramKind"].is_object()),
      ignores_failure_(policy["spec"]["failurePolicy"].as_string() == "Ignore") {
  compile(policy["spec"]);
}

void PolicyProgram::compile(const Value& spec) {
  conditions_ = MatchConditions(spec["matchConditions"], has_params_);
  cel::Environment environment = admission_environment({has_params_, true});
  cel::Environment for_messages = admission_environment({has_params_, false});
  PolicyVariables declared;
  if (spec["variables"].size() > 0) declared.begin({&environment, &for_messages});
  for (const Value& variable : spec["variables"].items()) {
    Variable out{std::string(variable["name"].as_string()),
                 compile_admission(variable["expression"].as_string(), environment, {})};
    const cel::Type type = out.expression.program ? out.expression.program->result_type() : cel::Type::dyn();
    declared.declare(out.name, type, {&environment, &for_messages});
    variables_.push_back(std::move(out));
  }
  const cel::Type kBool[] = {cel::Type::boolean()}, kText[] = {cel::Type::string()};
  const cel::Type kTextOrNull[] = {cel::Type::string(), cel::Type::null()};
  for (const Value& validation : spec["validations"].items()) {
    Validation out;
    out.expression = compile_admission(validation["expression"].as_string(), environment, kBool);
    const std::string_view message = validation["messageExpression"].as_string();
    if (!trim(message).empty()) out.message = compile_admission(message, for_messages, kText);
    out.text = validation["message"].as_string();
    out.reason = validation["reason"].as_string();
    validations_.push_back(std::move(out));
  }
  for (const Value& annotation : spec["auditAnnotations"].items()) {
    annotations_.push_back({std::string(annotation["key"].as_string()),
                            compile_admission(trim(annotation["valueExpression"].as_string()), environment, kTextOrNull)});
  }
}

std::vector<PolicyProgram::Part> PolicyProgram::parts() const {
  std::vector<Part> out;
  const auto add = [&](std::string_view list, std::size_t i, std::string_view member, const AdmissionExpression& expression) {
    out.push_back({fmt::format("{}[{}].{}", list, i, member), &expression});
  };
  for (std::size_t i = 0; i < variables_.size(); ++i) add("variables", i, "expression", variables_[i].expression);
  for (std::size_t i = 0; i < validations_.size(); ++i) {
    add("validations", i, "expression", validations_[i].expression);
    if (validations_[i].message) add("validations", i, "messageExpression", *validations_[i].message);
  }
  for (std::size_t i = 0; i < annotations_.size(); ++i) add("auditAnnotations", i, "valueExpression", annotations_[i].value);
  return out;
}

// One evaluation of a policy. Variables are evaluated when an expression first needs them.
class PolicyProgram::Run {
 public:
  Run(const PolicyProgram& policy, const AdmissionInput& input, CostAllowance& allowance)
      : policy_(policy),
        allowance_(allowance),
        activation_(input, policy.shapes_),
        evaluator_(activation_, kObjectCostMax, allowance) {
    // `variables` itself stands behind the first one.
    if (!policy.variables_.empty())
      activation_.values().resize(kSlotCount + 1 + policy.variables_.size(), cel::Value::absent());
    known_.resize(policy.variables_.size(), false);
  }

  std::vector<PolicyDecision> decisions() {
    if (!policy_.conditions_.empty()) {
      const MatchConditions::Outcome outcome = policy_.conditions_.evaluate(activation_, allowance_);
      if (!outcome.error.empty())
        return policy_.ignores_failure_ ? std::vector<PolicyDecision>() : std::vector<PolicyDecision>{error(outcome.error)};
      if (!outcome.matches) return {};
    }
    std::vector<PolicyDecision> out;
    for (const Validation& validation : policy_.validations_) {
      out.push_back(decide(validation));
      if (evaluator_.is_spent()) return {error(std::string(kOutOfBudget))};
    }
    for (const Annotation& annotation : policy_.annotations_) {
      PolicyDecision decision = check(annotation);
      if (decision.kind != PolicyDecision::Kind::kAdmit) out.push_back(std::move(decision));
    }
    return out;
  }

 private:
  static PolicyDecision error(std::string message) { return {PolicyDecision::Kind::kError, "", std::move(message)}; }

  bool run(const AdmissionExpression& expression, Evaluator::Outcome& out) {
    if (expression.program) prepare(*expression.program);
    return !evaluator_.is_spent() && evaluator_.run(expression, out);
  }

  // Evaluates the variables that a program reads.
  void prepare(const cel::Program& program) {
    for (const cel::VariablePath& path : program.references()) {
      if (path.variable == "variables") make_all();
      if (!path.variable.starts_with(kVariablePrefix)) continue;
      const std::string_view name = std::string_view(path.variable).substr(kVariablePrefix.size());
      for (std::size_t i = 0; i < policy_.variables_.size(); ++i) {
        if (policy_.variables_[i].name == name) evaluate_variable(i);
      }
    }
  }

  // The first variable's place comes after that of `variables`.
  static std::size_t slot(std::size_t i) { return kSlotCount + 1 + i; }

  void evaluate_variable(std::size_t i) {
    if (known_[i]) return;
    known_[i] = true;
    const Variable& variable = policy_.variables_[i];
    cel::Memory& memory = activation_.memory();
    cel::Value& place = activation_.values()[slot(i)];
    if (!variable.expression.program) {
      place = cel::make_error(memory, memory.copy(fmt::format("composited variable {} fails to compile: {}",
                                                              quoted(variable.name), variable.expression.error)));
      return;
    }
    prepare(*variable.expression.program);
    const cel::Value value = evaluator_.run_program(*variable.expression.program);
    activation_.values()[slot(i)] =
        value.is_error() ? cel::make_error(memory, memory.copy(fmt::format("composited variable {} fails to evaluate: {}",
                                                                           quoted(variable.name), value.as_error().message)))
                         : value;
  }

  // For has(variables.x): all of them that can be evaluated.
  void make_all() {
    cel::MapBuilder map(activation_.memory(), policy_.variables_.size());
    for (std::size_t i = 0; i < policy_.variables_.size(); ++i) {
      evaluate_variable(i);
      const cel::Value& value = activation_.values()[slot(i)];
      if (!value.is_error()) map.insert(cel::Value::string(policy_.variables_[i].name), value);
    }
    activation_.values()[kSlotCount] = cel::Value::map(map.finish());
  }

  PolicyDecision decide(const Validation& validation) {
    Evaluator::Outcome outcome;
    if (!run(validation.expression, outcome)) return error(std::string(kOutOfBudget));
    if (!outcome.error.empty()) return error(std::move(outcome.error));
    if (is_true(outcome.value)) return {};
    return {PolicyDecision::Kind::kDeny, validation.reason.empty() ? "Invalid" : validation.reason, message_of(validation)};
  }

  std::string message_of(const Validation& validation) {
    if (validation.message) {
      Evaluator::Outcome outcome;
      if (run(*validation.message, outcome) && outcome.error.empty() && outcome.value.is(cel::Kind::kString)) {
        const std::string_view text = trim(outcome.value.as_string());
        if (!text.empty() && text.size() <= kMessageBytesMax && text.find('\n') == std::string_view::npos)
          return std::string(text);
      }
    }
    if (!validation.text.empty()) return std::string(trim(validation.text));
    return fmt::format("failed expression: {}", trim(validation.expression.text));
  }

  // There is no audit log that a value could go to; an error counts all the same.
  PolicyDecision check(const Annotation& annotation) {
    Evaluator::Outcome outcome;
    if (!run(annotation.value, outcome)) return error(std::string(kOutOfBudget));
    return outcome.error.empty() ? PolicyDecision() : error(std::move(outcome.error));
  }

  const PolicyProgram& policy_;
  CostAllowance& allowance_;
  AdmissionActivation activation_;
  Evaluator evaluator_;
  std::vector<bool> known_;
};

std::vector<PolicyDecision> PolicyProgram::evaluate(const AdmissionInput& input, CostAllowance& allowance) const {
  std::vector<PolicyDecision> out = Run(*this, input, allowance).decisions();
  std::erase_if(out, [&](const PolicyDecision& decision) {
    return decision.kind == PolicyDecision::Kind::kAdmit || (decision.kind == PolicyDecision::Kind::kError && ignores_failure_);
  });
  return out;
}

}  // namespace plinth::api

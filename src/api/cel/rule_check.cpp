#include "api/cel/rule_check.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "api/cel/environments.h"
#include "api/cel/schema_rules.h"
#include "base/json.h"
#include "base/text.h"
#include "cel/cost_estimate.h"

namespace plinth::api {
namespace {

constexpr std::array<std::string_view, 4> kReasons = {"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid",
                                                      "FieldValueRequired"};
constexpr std::size_t kExpensiveMax = 4;  // named when all rules together cost too much
constexpr std::string_view kRules = "x-kubernetes-validations";

bool has_line_breaks(std::string_view text) { return text.find_first_of("\r\n") != std::string_view::npos; }

std::string too_expensive(std::string_view what, std::uint64_t cost, std::uint64_t limit) {
  const double factor = static_cast<double>(cost) / static_cast<double>(limit);
  const std::string text = factor > 100.0 ? "more than 100x"
                           : factor < 1.5 ? fmt::format("{:f}x", factor)
                                          : fmt::format("{:.1f}x", factor);
  return fmt::format(
      "{} exceeds budget by factor of {} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where "
      "arrays, maps, and strings are declared)",
      what, text);
}

// Text as Go's JSON encoder has it: also what HTML could stumble over is escaped.
std::string go_json(std::string_view text) {
  std::string out;
  for (const char c : to_json(Value::ref(text))) {
    if (c == '<' || c == '>' || c == '&')
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out;
}

// A rule as upstream prints it: all fields, in the order of its struct.
std::string printed(const Value& rule) {
  const auto text = [&](std::string_view key) { return go_json(rule[key].as_string()); };
  const Value reason = rule["reason"], optional = rule["optionalOldSelf"];
  return fmt::format(R"({{"Rule":{},"Message":{},"MessageExpression":{},"Reason":{},"FieldPath":{},"OptionalOldSelf":{}}})",
                     text("rule"), text("message"), text("messageExpression"), reason.is_null() ? "null" : text("reason"),
                     text("fieldPath"), to_json(optional));
}

FieldError invalid_rule(std::string path, const Value& rule, std::string detail) {
  FieldError error;
  error.field = std::move(path);
  error.value = printed(rule);
  error.detail = std::move(detail);
  return error;
}

std::uint64_t estimate(std::string_view expression, const cel::Environment& environment, RulePlace place) {
  const RuleSizes sizes(place);
  const auto cost = cel::estimate_cost(expression, environment, &sizes);
  return cost.ok() ? cost->max : 0;
}

void check_message(const Value& rule, const std::string& path, FieldErrors& errors) {
  const std::string_view text = rule["rule"].as_string(), message = rule["message"].as_string();
  const std::string at = child(path, "message");
  if (trim(text).empty()) {
    errors.push_back(field_required(child(path, "rule"), "rule is not specified"));
  } else if (!message.empty() && trim(message).empty()) {
    errors.push_back(field_invalid(at, message, "must be non-empty if specified"));
  } else if (has_line_breaks(trim(message))) {
    errors.push_back(field_invalid(at, message, "must not contain line breaks"));
  } else if (has_line_breaks(trim(text)) && trim(message).empty()) {
    errors.push_back(field_required(at, "message must be specified if rule contains line breaks"));
  }
}

void check_field_path(std::string_view text, const RuleContext& context, const std::string& path, FieldErrors& errors) {
  if (text.empty()) return;
  if (trim(text).empty()) errors.push_back(field_invalid(path, text, "must be non-empty if specified"));
  if (has_line_breaks(text)) errors.push_back(field_invalid(path, text, "must not contain line breaks"));
  const bool fits = context.place.schema == nullptr || rule_field_path(*context.place.schema, text).ok();
  if (!fits) errors.push_back(field_invalid(path, text, "must be a valid path"));
}

}  // namespace

RuleContext RuleContext::below(const Value& schema, RulePlace inner) const {
  RuleContext out;
  out.place = inner;
  out.uncorrelatable = uncorrelatable;
  out.count_max = count_max;
  const std::string_view type = schema["type"].as_string();
  const bool is_map = type == "object" && schema.find("additionalProperties") != nullptr;
  if (!is_map && type != "array") return out;
  const Value* bound = schema.find(is_map ? "maxProperties" : "maxItems");
  if (bound == nullptr || !count_max)
    out.count_max.reset();
  else
    out.count_max =
        cel::saturating_multiply(*count_max, static_cast<std::uint64_t>(std::max<std::int64_t>(0, bound->as_int())));
  return out;
}

RuleContext RuleContext::property(const Value& schema, std::string_view name) const {
  if (place.schema == nullptr) return {};
  // The schema's own declaration, also where rules see a resource's fields instead.
  const Field* field = place.schema->field(name);
  return below(schema, field == nullptr ? RulePlace() : RulePlace{field->schema, field->schema->embedded_resource});
}

RuleContext RuleContext::items(const Value& schema, const std::string& path) const {
  if (place.schema == nullptr) return {};
  RuleContext out = below(schema, place.items());
  if (out.uncorrelatable.empty() && schema["x-kubernetes-list-type"].as_string() != "map") out.uncorrelatable = path;
  return out;
}

RuleContext RuleContext::values(const Value& schema) const {
  return place.schema == nullptr ? RuleContext() : below(schema, place.values());
}

void check_rule_forms(const Value& schema, const RuleContext& context, const std::string& path, FieldErrors& errors) {
  const auto rules = schema[kRules].items();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Value& rule = rules[i];
    const std::string at = index(child(path, kRules), i);
    check_message(rule, at, errors);
    const std::string_view expression = rule["messageExpression"].as_string();
    if (!expression.empty() && trim(expression).empty()) {
      errors.push_back(field_required(child(at, "messageExpression"), "messageExpression must be non-empty if specified"));
    }
    const Value* reason = rule.find("reason");
    if (reason != nullptr && std::find(kReasons.begin(), kReasons.end(), reason->as_string()) == kReasons.end()) {
      errors.push_back(field_not_supported(child(at, "reason"), *reason, kReasons));
    }
    check_field_path(rule["fieldPath"].as_string(), context, child(at, "fieldPath"), errors);
  }
}

void RuleChecker::check(const Value& schema, const RuleContext& context, const std::string& path) {
  if (context.place.schema == nullptr) return;
  const std::string at = child(path, kRules);
  if (!rule_type(context.place, "selfType", schema_)) {
    errors_.push_back(
        field_internal(at,
                       "internal error: failed to construct type information for x-kubernetes-validations rules: unable to "
                       "convert structural schema to CEL declarations"));
    return;
  }
  const auto rules = schema[kRules].items();
  for (std::size_t i = 0; i < rules.size(); ++i)
    check_rule(rules[i], context.place.schema->validations[i], context, index(at, i));
}

void RuleChecker::check_rule(const Value& rule, const ValidationRule& source, const RuleContext& context,
                             const std::string& path) {
  const cel::Environment environment = rule_environment(context.place, schema_, source.optional_old_self);
  const CompiledRule compiled = compile_rule(context.place, source, environment);
  const std::string at = child(path, "rule");
  std::uint64_t cost = 0;
  if (compiled.program) {
    const std::uint64_t count =
        context.count_max.value_or(static_cast<std::uint64_t>(kRuleRequestBytesMax / (rule_bytes_min(context.place) + 1)));
    cost = cel::saturating_multiply(estimate(source.rule, environment, context.place), count);
  }
  if (!is_unchanged_ && cost > kRuleEstimateMax)
    errors_.push_back(field_forbidden(at, too_expensive("estimated rule cost", cost, kRuleEstimateMax)));
  this->count(cost, at);
  if (!compiled.error.empty()) errors_.push_back(invalid_rule(at, rule, compiled.error));
  const std::string message_at = child(path, "messageExpression");
  if (!compiled.message_error.empty()) {
    errors_.push_back(invalid_rule(message_at, rule, compiled.message_error));
  } else if (compiled.message) {
    const std::uint64_t message_cost = estimate(source.message_expression, environment, context.place);
    if (!is_unchanged_ && message_cost > kRuleEstimateMax) {
      errors_.push_back(
          field_forbidden(message_at, too_expensive("estimated messageExpression cost", message_cost, kRuleEstimateMax)));
    }
    this->count(message_cost, message_at);
  }
  if (compiled.uses_old_self && !context.uncorrelatable.empty()) {
    errors_.push_back(
        field_invalid(at, source.rule,
                      "oldSelf cannot be used on the uncorrelatable portion of the schema within " + context.uncorrelatable));
  }
  const Value* optional = rule.find("optionalOldSelf");
  if (!compiled.uses_old_self && optional != nullptr) {
    errors_.push_back(
        field_invalid(child(path, "optionalOldSelf"), *optional, "may not be set if oldSelf is not used in rule"));
  }
}

void RuleChecker::count(std::uint64_t cost, std::string path) {
  total_ = cel::saturating_add(total_, cost);
  if (cost < kDefinitionEstimateMax / 100) return;
  expensive_.push_back({std::move(path), cost});
  std::stable_sort(expensive_.begin(), expensive_.end(),
                   [](const Expensive& a, const Expensive& b) { return a.cost > b.cost; });
  if (expensive_.size() > kExpensiveMax) expensive_.pop_back();
}

void RuleChecker::finish(const std::string& path, FieldErrors& errors) {
  for (FieldError& error : errors_) errors.push_back(std::move(error));
  errors_.clear();
  if (total_ <= kDefinitionEstimateMax) return;
  for (const Expensive& one : expensive_) {
    errors.push_back(
        field_forbidden(one.path, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"));
  }
  errors.push_back(
      field_forbidden(path, too_expensive("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema",
                                          total_, kDefinitionEstimateMax)));
}

}  // namespace plinth::api

#include "api/cel/schema_rules.h"

#include <algorithm>

#include <fmt/core.h>

#include "api/cel/environments.h"
#include "api/cel_types.h"
#include "api/walk.h"
#include "base/quoted.h"
#include "base/text.h"

namespace plinth::api {

// A schema that has rules, or something below it has.
struct SchemaRules::Node {
  RulePlace place;
  std::string no_type;  // why rules of this place cannot be compiled
  std::vector<CompiledRule> rules;
  const cel::Shape* shape = nullptr;
  std::unique_ptr<Node> items, values;
  std::vector<std::pair<std::string_view, std::unique_ptr<Node>>> fields;

  bool is_leaf() const { return items == nullptr && values == nullptr && fields.empty(); }
  const Node* field(std::string_view name) const {
    for (const auto& [key, node] : fields) {
      if (key == name) return node.get();
    }
    return nullptr;
  }
};

namespace {

constexpr std::size_t kMessageBytesMax = 5 * 1024;
constexpr std::string_view kOutOfBudget =
    "validation failed due to running out of cost budget, no further validation rules will be run";

constexpr std::string_view kTypeNames[] = {"", "object", "array", "string", "integer", "number", "boolean"};

std::string field_text(const PathStep& at, std::string_view below) {
  std::string path = at.text();
  if (!below.empty()) path = child(path, below);
  return path.empty() ? "<nil>" : path;
}

std::string_view rule_text(const ValidationRule& rule) { return trim(rule.message.empty() ? rule.rule : rule.message); }

std::string default_message(const ValidationRule& rule) {
  return rule.message.empty() ? fmt::format("failed rule: {}", trim(rule.rule)) : std::string(trim(rule.message));
}

FieldError for_reason(std::string_view reason, std::string path, std::string_view type, std::string detail) {
  if (reason == "FieldValueForbidden") return field_forbidden(std::move(path), std::move(detail));
  if (reason == "FieldValueRequired") return field_required(std::move(path), std::move(detail));
  if (reason == "FieldValueDuplicate") return field_duplicate(std::move(path), Value::ref(type));
  return field_invalid(std::move(path), type, std::move(detail));
}

// The item of a stored list that has the keys of `item`; only lists of type map have one.
const Value* same_item(const Schema& list, const Value* old, const Value& item) {
  if (old == nullptr || list.list_type != ListType::kMap || !item.is_object()) return nullptr;
  for (const Value& candidate : old->items()) {
    const bool same =
        candidate.is_object() && std::all_of(list.list_map_keys.begin(), list.list_map_keys.end(),
                                             [&](std::string_view key) { return equal(candidate[key], item[key]); });
    if (same) return &candidate;
  }
  return nullptr;
}

// Whether a value is as it was; lists of type map compare item by item. As upstream, an object with members that the schema
// does not declare counts as changed: so does every root without a schema of its metadata.
bool is_unchanged(const Schema& schema, const Value& now, const Value& old) {
  if (now.type() != old.type() || now.size() != old.size()) return equal(now, old);
  if (now.is_array() && schema.list_type == ListType::kMap && schema.items != nullptr) {
    return std::all_of(now.items().begin(), now.items().end(), [&](const Value& item) {
      const Value* before = same_item(schema, &old, item);
      return before != nullptr && is_unchanged(*schema.items, item, *before);
    });
  }
  if (!now.is_object()) return equal(now, old);
  return std::all_of(now.members().begin(), now.members().end(), [&](const Member& m) {
    const Value* before = old.find(m.key());
    const Field* field = schema.field(m.key());
    const Schema* below = field != nullptr ? field->schema : RulePlace{&schema}.values().schema;
    return before != nullptr && below != nullptr && is_unchanged(*below, m.value, *before);
  });
}

// What a place is compared with to tell whether its errors are old ones: itself, or the nearest place above that has a
// counterpart.
struct Correlation {
  struct Pair {
    const Schema* schema = nullptr;
    const Value* now = nullptr;
    const Value* old = nullptr;
    explicit operator bool() const { return now != nullptr; }
  };
  Pair here, above;

  bool is_old_error() const {
    const Pair& pair = here ? here : above;
    return pair && is_unchanged(*pair.schema, *pair.now, *pair.old);
  }
  Correlation key(std::string_view name, const Schema* schema, const Value& now) const {
    if (!here) return *this;
    if (!above && (name == "apiVersion" || name == "kind")) return {};  // converted: they never differ
    const Value* old = here.old->find(name);
    return {old == nullptr ? Pair() : Pair{schema, &now, old}, here};
  }
  Correlation index(const Schema* schema, const Value& now) const {
    if (!here) return *this;
    const Value* old = here.old->is_array() ? same_item(*here.schema, here.old, now) : nullptr;
    return {old == nullptr ? Pair() : Pair{schema, &now, old}, here};
  }
};

}  // namespace

class SchemaRules::Builder {
 public:
  Builder(const CompiledSchemaPtr& schema, CelShapes& shapes) : keeper_(schema), shapes_(shapes) {}

  std::unique_ptr<Node> build(RulePlace place) {
    const Schema& s = *place.schema;
    auto node = std::make_unique<Node>();
    node->place = place;
    if (place.items().schema != nullptr) node->items = build(place.items());
    if (place.values().schema != nullptr) node->values = build(place.values());
    for (const Field& field : s.fields) {
      if (auto below = build(place.field(field.name))) node->fields.emplace_back(field.name, std::move(below));
    }
    if (!s.validations.empty()) compile(*node);
    if (node->rules.empty() && node->no_type.empty() && node->is_leaf()) return nullptr;
    return node;
  }

 private:
  void compile(Node& node) {
    if (!rule_type(node.place, "selfType", keeper_)) {
      node.no_type = "failed to convert to declType for CEL validation rules";
      return;
    }
    CelObjectOptions options;
    options.resource_root = node.place.resource;
    const bool is_object = node.place.schema->type == SchemaType::kObject && node.place.values().schema == nullptr;
    node.shape = is_object ? shapes_.of_object(*node.place.schema, options) : shapes_.of(*node.place.schema);
    const cel::Environment plain = rule_environment(node.place, keeper_, false);
    const cel::Environment optional = rule_environment(node.place, keeper_, true);
    for (const ValidationRule& rule : node.place.schema->validations) {
      node.rules.push_back(compile_rule(node.place, rule, rule.optional_old_self ? optional : plain));
    }
  }

  CompiledSchemaPtr keeper_;
  CelShapes& shapes_;
};

// One object, against the budget of one object.
class SchemaRules::Run {
 public:
  Run(FieldErrors& errors, std::vector<std::string>& warnings, CostAllowance& allowance)
      : errors_(errors), warnings_(warnings), allowance_(allowance) {}

  // False when the budget or the allowance is spent.
  bool visit(const Node& node, const Value& now, const Value* old, const PathStep& at, const Correlation& correlation) {
    if (now.is_null()) return true;  // the place around it may have rules for that
    if (old != nullptr && old->is_null()) old = nullptr;
    if (!evaluate_rules(node, now, old, at, correlation)) return false;
    if (now.is_array()) return visit_items(node, now, old, at, correlation);
    return now.is_object() ? visit_members(node, now, old, at, correlation) : true;
  }

 private:
  bool visit_items(const Node& node, const Value& now, const Value* old, const PathStep& at, const Correlation& correlation) {
    if (node.items == nullptr) return true;
    const Schema& list = *node.place.schema;
    for (std::size_t i = 0; i < now.items().size(); ++i) {
      const Value& item = now.items()[i];
      if (!visit(*node.items, item, same_item(list, old, item), at.index(i), correlation.index(list.items, item))) return false;
    }
    return true;
  }

  bool visit_members(const Node& node, const Value& now, const Value* old, const PathStep& at, const Correlation& correlation) {
    if (node.is_leaf()) return true;
    for (const Member& m : now.members()) {
      const Node* below = node.values != nullptr ? node.values.get() : node.field(m.key());
      if (below == nullptr) continue;
      const PathStep step = node.values != nullptr ? at.key(m.key()) : at.field(m.key());
      const Value* before = old != nullptr ? old->find(m.key()) : nullptr;
      if (!visit(*below, m.value, before, step, correlation.key(m.key(), below->place.schema, m.value))) return false;
    }
    return true;
  }

  bool evaluate_rules(const Node& node, const Value& now, const Value* old, const PathStep& at,
                      const Correlation& correlation) {
    const std::string_view type = type_name(node);
    if (!node.no_type.empty()) {
      invalid(at, type, "rule compiler initialization error: " + node.no_type);
      return true;
    }
    if (node.rules.empty()) return true;
    if (budget_ <= 0) return stop(at, type, std::string(kOutOfBudget));
    self_ = cel::Value::of_document(now, node.shape, memory_);
    old_self_ = old == nullptr ? cel::Value::absent() : cel::Value::of_document(*old, node.shape, memory_);
    for (const CompiledRule& rule : node.rules) {
      if (!evaluate_rule(rule, old != nullptr, type, at, correlation)) return false;
    }
    memory_.reset();
    return true;
  }

  bool evaluate_rule(const CompiledRule& rule, bool has_old, std::string_view type, const PathStep& at,
                     const Correlation& correlation) {
    if (!rule.error.empty()) {
      invalid(at, type, "rule compile error: " + rule.error);
      return true;
    }
    if (!rule.program) return true;
    const ValidationRule& source = *rule.source;
    if (rule.uses_old_self && !has_old && !source.optional_old_self) return true;  // a rule about changes
    const cel::Value variables[2] = {self_, source.optional_old_self ? optional_old_self(has_old) : old_self_};
    std::uint64_t cost = 0;
    const cel::Value value = run(*rule.program, variables, cost);
    if (allowance_.spent) return false;
    if (cost > static_cast<std::uint64_t>(budget_)) return stop(at, type, std::string(kOutOfBudget));
    budget_ -= static_cast<std::int64_t>(cost);
    if (value.is_error()) return failed(source, value.as_error().message, type, at);
    if (value.is(cel::Kind::kBool) && value.as_bool()) return true;
    return refused(rule, variables, type, at, !rule.uses_old_self && correlation.is_old_error());
  }

  cel::Value optional_old_self(bool has_old) {
    return has_old ? cel::Value::optional(memory_.make<cel::Value>(old_self_)) : cel::Value::none();
  }

  cel::Value run(const cel::Program& program, std::span<const cel::Value> variables, std::uint64_t& cost) {
    cel::Report report;
    const cel::Value value = program.run(variables, memory_, {allowance_.limit(kRuleCostMax), nullptr}, &report);
    cost = report.cost;
    allowance_.charge(cost);
    return value;
  }

  // The evaluation itself failed.
  bool failed(const ValidationRule& rule, std::string_view why, std::string_view type, const PathStep& at) {
    if (why.starts_with("no such overload")) {
      invalid(at, type,
              fmt::format("'{}': call arguments did not match a supported operator, function or macro signature for rule: {}",
                          why, rule_text(rule)));
    } else if (why.starts_with("operation cancelled: actual cost limit exceeded")) {
      return stop(at, type,
                  fmt::format("'{}': no further validation rules will be run due to call cost exceeds limit for rule: {}", why,
                              rule_text(rule)));
    } else {
      invalid(at, type, fmt::format("{} evaluating rule: {}", why, rule_text(rule)));
    }
    return true;
  }

  bool refused(const CompiledRule& rule, std::span<const cel::Value> variables, std::string_view type, const PathStep& at,
               bool is_old_error) {
    const ValidationRule& source = *rule.source;
    std::string path = field_text(at, rule.field_path);
    std::string message = default_message(source);
    if (rule.message) {
      std::string fatal;
      auto made = evaluate_message(rule, variables, fatal);
      if (allowance_.spent) return false;
      if (!fatal.empty()) {
        add(field_invalid(std::move(path), type, std::move(fatal)), is_old_error);
        return false;
      }
      if (made) message = std::move(*made);
    }
    add(for_reason(source.reason, std::move(path), type, std::move(message)), is_old_error);
    return true;
  }

  // Empty where the expression gives nothing that can be shown. `fatal` says that the budget is spent.
  std::optional<std::string> evaluate_message(const CompiledRule& rule, std::span<const cel::Value> variables,
                                              std::string& fatal) {
    std::uint64_t cost = 0;
    const cel::Value value = run(*rule.message, variables, cost);
    if (allowance_.spent) return std::nullopt;
    if (cost > static_cast<std::uint64_t>(budget_)) {
      fatal = "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run";
      return std::nullopt;
    }
    budget_ -= static_cast<std::int64_t>(cost);
    if (value.is_error()) {
      if (value.as_error().message.starts_with("operation cancelled: actual cost limit exceeded")) {
        fatal = "no further validation rules will be run due to call cost exceeds limit for messageExpression: " +
                quoted(rule.source->message_expression);
      }
      return std::nullopt;
    }
    if (!value.is(cel::Kind::kString)) return std::nullopt;
    const std::string_view text = trim(value.as_string());
    if (text.empty() || text.size() > kMessageBytesMax || text.find('\n') != std::string_view::npos) return std::nullopt;
    return std::string(text);
  }

  static std::string_view type_name(const Node& node) { return kTypeNames[static_cast<std::size_t>(node.place.schema->type)]; }

  void add(FieldError error, bool is_old_error) {
    if (is_old_error)
      warnings_.push_back(error.text());
    else
      errors_.push_back(std::move(error));
  }
  void invalid(const PathStep& at, std::string_view type, std::string detail) {
    errors_.push_back(field_invalid(field_text(at, ""), type, std::move(detail)));
  }
  bool stop(const PathStep& at, std::string_view type, std::string detail) {
    invalid(at, type, std::move(detail));
    return false;
  }

  FieldErrors& errors_;
  std::vector<std::string>& warnings_;
  CostAllowance& allowance_;
  cel::Memory memory_;
  cel::Value self_, old_self_;
  std::int64_t budget_ = static_cast<std::int64_t>(kObjectCostMax);
};

SchemaRules::SchemaRules() = default;
SchemaRules::~SchemaRules() = default;

std::shared_ptr<const SchemaRules> SchemaRules::compile(CompiledSchemaPtr schema) {
  auto shapes = std::make_unique<CelShapes>();
  auto root = Builder(schema, *shapes).build({&schema->root(), true});
  if (root == nullptr) return nullptr;
  std::shared_ptr<SchemaRules> rules(new SchemaRules);
  rules->schema_ = std::move(schema);
  rules->shapes_ = std::move(shapes);
  rules->root_ = std::move(root);
  return rules;
}

void SchemaRules::validate(const Value& object, const Value* old, FieldErrors& errors, std::vector<std::string>& warnings,
                           CostAllowance& allowance) const {
  Correlation correlation;
  if (old != nullptr) correlation.here = {&schema_->root(), &object, old};
  Run(errors, warnings, allowance).visit(*root_, object, old, PathStep::root(), correlation);
}

bool blocks_rules(const FieldErrors& errors) {
  return std::any_of(errors.begin(), errors.end(), [](const FieldError& error) {
    switch (error.type) {
      case FieldErrorType::kNotSupported:
      case FieldErrorType::kRequired:
      case FieldErrorType::kTooLong:
      case FieldErrorType::kTooMany:
      case FieldErrorType::kTypeInvalid:
        return true;
      default:
        return false;
    }
  });
}

FieldError rules_not_checked() {
  FieldError error;
  error.field = "<nil>";
  error.value = "\"null\"";
  error.detail =
      "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
      "validation";
  return error;
}

}  // namespace plinth::api

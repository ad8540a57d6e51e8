#include "api/label_selector.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "api/label_requirement.h"
#include "api/names.h"

namespace plinth::api {
namespace {

using Op = SelectorOperator;

std::optional<std::int64_t> integer(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  std::int64_t n = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return n;
}

bool has_value(const LabelRequirement& requirement, std::string_view value) {
  return std::find(requirement.values.begin(), requirement.values.end(), value) != requirement.values.end();
}

bool compares(const LabelRequirement& requirement, std::string_view value) {
  std::optional<std::int64_t> left = integer(value);
  if (!left || requirement.values.size() != 1) return false;
  std::optional<std::int64_t> right = integer(requirement.values[0]);
  if (!right) return false;
  return requirement.op == Op::kGreaterThan ? *left > *right : *left < *right;
}

std::string_view operator_text(Op op) {
  static constexpr std::array<std::string_view, 9> kTexts = {" in ", " notin ", "=", "==", "!=", "", "", ">", "<"};
  return kTexts[static_cast<std::size_t>(op)];
}

struct NamedOperator {
  std::string_view name;
  Op op;
};
constexpr NamedOperator kObjectOperators[] = {
    {"In", Op::kIn}, {"NotIn", Op::kNotIn}, {"Exists", Op::kExists}, {"DoesNotExist", Op::kDoesNotExist}};

const NamedOperator* find_operator(std::string_view name) {
  for (const NamedOperator& row : kObjectOperators) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::vector<std::string> strings_of(const Value& list) {
  std::vector<std::string> out;
  out.reserve(list.size());
  for (const Value& item : list.items()) out.emplace_back(item.as_string());
  return out;
}

void validate_expression(const Value& expression, const std::string& path, FieldErrors& errors) {
  std::string_view name = expression["operator"].as_string();
  const NamedOperator* row = find_operator(name);
  std::size_t values = expression["values"].size();
  if (row == nullptr) {
    errors.push_back(field_invalid(child(path, "operator"), name, "not a valid selector operator"));
  } else if ((row->op == Op::kIn || row->op == Op::kNotIn) && values == 0) {
    errors.push_back(field_required(child(path, "values"), "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if ((row->op == Op::kExists || row->op == Op::kDoesNotExist) && values != 0) {
    errors.push_back(
        field_forbidden(child(path, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
  std::string_view key = expression["key"].as_string();
  for (std::string& complaint : check_label_key(key))
    errors.push_back(field_invalid(child(path, "key"), key, std::move(complaint)));
  std::size_t i = 0;
  for (const Value& value : expression["values"].items()) {
    std::string at = index(child(path, "values"), i++);
    for (std::string& complaint : check_label_value(value.as_string())) {
      errors.push_back(field_invalid(at, value.as_string(), std::move(complaint)));
    }
  }
}

}  // namespace

Labels labels_of(const Value& labels) {
  Labels out;
  out.reserve(labels.size());
  for (const Member& m : labels.members()) out.emplace_back(m.key(), m.value.as_string());
  if (!std::is_sorted(out.begin(), out.end())) std::sort(out.begin(), out.end());
  return out;
}

bool LabelRequirement::matches(const std::string_view* value) const {
  switch (op) {
    case Op::kIn:
    case Op::kEquals:
    case Op::kDoubleEquals:
      return value != nullptr && has_value(*this, *value);
    case Op::kNotIn:
    case Op::kNotEquals:
      return value == nullptr || !has_value(*this, *value);
    case Op::kExists:
      return value != nullptr;
    case Op::kDoesNotExist:
      return value == nullptr;
    case Op::kGreaterThan:
    case Op::kLessThan:
      return value != nullptr && compares(*this, *value);
  }
  return false;
}

std::string LabelRequirement::to_string() const {
  std::string out = op == Op::kDoesNotExist ? "!" + key : key;
  out += operator_text(op);
  bool set = op == Op::kIn || op == Op::kNotIn;
  if (set) out += '(';
  std::vector<std::string_view> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0) out += ',';
    out += sorted[i];
  }
  if (set) out += ')';
  return out;
}

LabelSelector::LabelSelector(std::vector<LabelRequirement> requirements) : requirements_(std::move(requirements)) {
  std::stable_sort(requirements_.begin(), requirements_.end(),
                   [](const LabelRequirement& a, const LabelRequirement& b) { return a.key < b.key; });
}

LabelSelector LabelSelector::nothing() {
  LabelSelector out;
  out.nothing_ = true;
  return out;
}

Result<LabelSelector> LabelSelector::parse(std::string_view text) { return LabelSelector(TRY(parse_label_requirements(text))); }

Result<LabelSelector> LabelSelector::from_object(const Value& selector) {
  if (selector.is_null()) return nothing();
  std::vector<LabelRequirement> requirements;
  for (const Member& m : selector["matchLabels"].members()) {
    requirements.push_back(TRY(make_label_requirement(std::string(m.key()), Op::kEquals, {std::string(m.value.as_string())})));
  }
  for (const Value& expression : selector["matchExpressions"].items()) {
    std::string_view name = expression["operator"].as_string();
    const NamedOperator* row = find_operator(name);
    if (row == nullptr) return bad_request(fmt::format("\"{}\" is not a valid label selector operator", name));
    std::string key(expression["key"].as_string());
    requirements.push_back(TRY(make_label_requirement(std::move(key), row->op, strings_of(expression["values"]))));
  }
  return LabelSelector(std::move(requirements));
}

LabelSelector LabelSelector::from_map(const Value& labels) {
  std::vector<LabelRequirement> requirements;
  for (const Member& m : labels.members()) {
    requirements.push_back({std::string(m.key()), Op::kEquals, {std::string(m.value.as_string())}});
  }
  return LabelSelector(std::move(requirements));
}

bool LabelSelector::matches(std::span<const std::pair<std::string, std::string>> labels) const {
  if (nothing_) return false;
  auto label = labels.begin();
  for (const LabelRequirement& requirement : requirements_) {
    // Both sides are sorted by key: one pass.
    while (label != labels.end() && label->first < requirement.key) ++label;
    bool found = label != labels.end() && label->first == requirement.key;
    std::string_view value = found ? std::string_view(label->second) : std::string_view();
    if (!requirement.matches(found ? &value : nullptr)) return false;
  }
  return true;
}

bool LabelSelector::matches(const Value& labels) const {
  if (nothing_) return false;
  for (const LabelRequirement& requirement : requirements_) {
    const Value* found = labels.find(requirement.key);
    std::string_view value = found != nullptr ? found->as_string() : std::string_view();
    if (!requirement.matches(found != nullptr ? &value : nullptr)) return false;
  }
  return true;
}

std::optional<std::string_view> LabelSelector::exact(std::string_view key) const {
  for (const LabelRequirement& r : requirements_) {
    if (r.key != key) continue;
    bool asks = (r.op == Op::kEquals || r.op == Op::kDoubleEquals || r.op == Op::kIn) && r.values.size() == 1;
    return asks ? std::optional<std::string_view>(r.values[0]) : std::nullopt;
  }
  return std::nullopt;
}

std::string LabelSelector::to_string() const {
  std::string out;
  for (const LabelRequirement& requirement : requirements_) {
    if (!out.empty()) out += ',';
    out += requirement.to_string();
  }
  return out;
}

void validate_label_selector(const Value& selector, std::string_view path, FieldErrors& errors) {
  validate_labels(selector["matchLabels"], child(path, "matchLabels"), errors);
  std::string expressions = child(path, "matchExpressions");
  std::size_t i = 0;
  for (const Value& expression : selector["matchExpressions"].items()) {
    validate_expression(expression, index(expressions, i++), errors);
  }
}

}  // namespace plinth::api

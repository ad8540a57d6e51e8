#include <algorithm>

#include <fmt/format.h>

#include "api/go_dump.h"
#include "api/typed.h"

namespace plinth::api {
namespace {

class Checker {
 public:
  explicit Checker(bool allow_duplicates) : allow_duplicates_(allow_duplicates) {}

  void check(TypeRef type, const Value& value) {
    switch (form_of(type, &value)) {
      case Form::kScalar:
        return check_scalar(type, value);
      case Form::kList:
        return check_list(type, value);
      case Form::kMap:
      case Form::kAny:
        return check_map(type, value);
    }
  }

  std::vector<std::string> take() { return std::move(errors_); }

 private:
  void report(std::string_view text) {
    std::string path = path_text(path_);
    errors_.push_back(path.empty() ? std::string(text) : fmt::format("{}: {}", path, text));
  }

  void check_scalar(TypeRef type, const Value& v) {
    if (v.is_null()) return;
    switch (scalar_kind(type)) {
      case ScalarKind::kNumeric:
        if (!v.is_number()) report(fmt::format("expected numeric (int or float), got {}", go_type_name(v)));
        return;
      case ScalarKind::kString:
        if (!v.is_string()) report(fmt::format("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(v)));
        return;
      case ScalarKind::kBoolean:
        if (!v.is_bool()) report(fmt::format("expected boolean, got &{{{}}}", go_plain(v)));
        return;
      case ScalarKind::kUntyped:
        if (v.is_array() || v.is_object()) report(fmt::format("expected any scalar, got &{{{}}}", go_plain(v)));
        return;
    }
  }

  void check_map(TypeRef type, const Value& value) {
    if (value.is_null()) return;
    if (!value.is_object()) return report(fmt::format("expected map, got &{{{}}}", go_plain(value)));
    for (const Member& m : value.members()) {
      path_.push_back(PathElement::field(m.key()));
      TypeRef member = member_type(type, m.key());
      if (member)
        check(member, m.value);
      else
        report("field not declared in schema");
      path_.pop_back();
      if (!member) return;  // upstream stops at the first one of an object
    }
  }

  void check_list(TypeRef type, const Value& value) {
    if (value.is_null()) return;
    if (!value.is_array()) return report(fmt::format("expected list, got &{{{}}}", go_plain(value)));
    bool atomic = is_atomic_list(type);
    TypeRef items = item_type(type);
    if (!atomic && !check_items(type, value)) return;
    std::size_t i = 0;
    for (const Value& item : value.items()) {
      PathElement element = PathElement::index(static_cast<std::int64_t>(i++));
      if (!atomic) element_of(type, item, arena_, element);
      path_.push_back(element);
      check(items, item);
      path_.pop_back();
    }
  }

  // Names of all items: false when one cannot be named, after which nothing below the list is looked at.
  bool check_items(TypeRef type, const Value& value) {
    std::vector<PathElement> elements(value.size());
    std::size_t i = 0;
    for (const Value& item : value.items()) {
      std::string problem;
      if (!element_of(type, item, arena_, elements[i], &problem)) {
        report(fmt::format("element {}: {}", i, problem));
        return false;
      }
      ++i;
    }
    if (!allow_duplicates_) report_duplicates(elements);
    return true;
  }

  void report_duplicates(std::vector<PathElement>& elements) {
    auto less = [](const PathElement& a, const PathElement& b) { return a.compare(b) < 0; };
    if (!std::is_sorted(elements.begin(), elements.end(), less)) std::sort(elements.begin(), elements.end(), less);
    for (std::size_t i = 1; i < elements.size(); ++i) {
      if (!(elements[i] == elements[i - 1])) continue;
      report("duplicate entries for key " + path_text(Path(&elements[i], 1)));
    }
  }

  bool allow_duplicates_;
  std::vector<PathElement> path_;
  std::vector<std::string> errors_;
  Arena arena_;
};

}  // namespace

std::vector<std::string> check_typed(TypeRef type, const Value& value, bool allow_duplicates) {
  Checker checker(allow_duplicates);
  checker.check(type, value);
  return checker.take();
}

std::string typed_errors_text(const std::vector<std::string>& errors) {
  if (errors.size() == 1) return errors[0];
  std::string out = "errors:";
  for (const std::string& error : errors) out += "\n  " + error;
  return out;
}

}  // namespace plinth::api

// x-kubernetes-validations of a definition that is written: their form, whether they compile, what they may cost. Part of
// check_crd_schema(), which walks the schema.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cel/rule_types.h"
#include "api/crd_schema.h"
#include "api/field_error.h"

namespace plinth::api {

// What the walk knows of a place that rules may stand at. Without a schema no rule is compiled there: in logic branches, or
// where the whole schema is not structural.
struct RuleContext {
  RulePlace place;
  std::optional<std::uint64_t> count_max = 1;  // how often the place can occur in an object; empty: no bound
  std::string uncorrelatable;                  // the list above it whose items have no old counterpart; "" when there is none

  static RuleContext of_root(const Schema& root) { return {{&root, true}, 1, ""}; }
  RuleContext property(const Value& schema, std::string_view name) const;
  RuleContext items(const Value& schema, const std::string& path) const;
  RuleContext values(const Value& schema) const;

 private:
  RuleContext below(const Value& schema, RulePlace place) const;
};

// What is wrong with the rules of `schema` without compiling them.
void check_rule_forms(const Value& schema, const RuleContext& context, const std::string& path, FieldErrors& errors);

class RuleChecker {
 public:
  RuleChecker(CompiledSchemaPtr schema, bool is_unchanged) : schema_(std::move(schema)), is_unchanged_(is_unchanged) {}
  void check(const Value& schema, const RuleContext& context, const std::string& path);
  // Appends what check() found, and what is to be said of all rules together. `path` is that of the root.
  void finish(const std::string& path, FieldErrors& errors);

 private:
  struct Expensive {
    std::string path;
    std::uint64_t cost;
  };
  void check_rule(const Value& rule, const ValidationRule& source, const RuleContext& context, const std::string& path);
  void count(std::uint64_t cost, std::string path);

  CompiledSchemaPtr schema_;
  bool is_unchanged_;
  FieldErrors errors_;
  std::uint64_t total_ = 0;
  std::vector<Expensive> expensive_;  // the most expensive first
};

}  // namespace plinth::api

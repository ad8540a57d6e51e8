// Schemas of custom resources: checked, compiled into the form of schema.h, owned by an arena.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/field_error.h"
#include "api/pattern_cache.h"
#include "api/schema.h"
#include "base/value.h"

namespace plinth::api {

// Immutable; from any thread. Text is not copied out of the CRD's document, which is kept alive.
class CompiledSchema {
 public:
  CompiledSchema(Document source, std::shared_ptr<const Arena> arena, const Schema* root, std::uint64_t stamp, bool has_rules);
  const Schema& root() const { return *root_; }
  // Equal schemas have equal stamps, in every run of the program.
  std::uint64_t stamp() const { return stamp_; }
  PatternCache& patterns() const { return *patterns_; }
  std::size_t bytes() const { return arena_->bytes(); }
  // Whether any place in it has x-kubernetes-validations.
  bool has_rules() const { return has_rules_; }

 private:
  Document source_;
  std::shared_ptr<const Arena> arena_;
  const Schema* root_;
  std::uint64_t stamp_;
  bool has_rules_;
  std::unique_ptr<PatternCache> patterns_;
};
using CompiledSchemaPtr = std::shared_ptr<const CompiledSchema>;

// `document` is an openAPIV3Schema that check_crd_schema() accepts. What it does not know it leaves out.
CompiledSchemaPtr compile_schema(const Document& document);

// Everything that Kubernetes refuses in an openAPIV3Schema: keywords that are not supported, what is not structural, defaults
// that do not fit, validation rules that do not compile or may cost too much. `path` is that of the schema in the CRD
// ("spec.versions[0].schema.openAPIV3Schema"). Of a schema that was accepted before and has not changed, no single rule is
// refused for its cost.
FieldErrors check_crd_schema(const Document& document, std::string_view path, bool status_subresource,
                             bool is_unchanged = false);

}  // namespace plinth::api

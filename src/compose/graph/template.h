// Where expressions stand in a template, and whether what stands there literally fits the schema of the object.
#pragma once

#include <string>
#include <vector>

#include "api/schema.h"
#include "base/result.h"
#include "base/value.h"
#include "compose/expression/field_path.h"

namespace plinth::compose {

// A string with expressions in it.
struct TemplateField {
  struct Part {
    std::string text;
    bool is_expression = false;
  };
  FieldPath path;
  std::string path_text;
  bool standalone = false;  // the value is the expression's, with its own type; otherwise all parts are joined as text
  std::vector<Part> parts;
  const api::Schema* target = nullptr;  // of the field; null: anything may stand there
};

// `schema` is that of an object of a kind (its root); null: nothing is known, nothing is checked.
// Errors: `schema not found for field x`, `expected integer type for path spec.replicas, got string`.
Result<std::vector<TemplateField>> locate_expressions(const Value& object, const api::Schema* schema);

// The same of a part of an object: `value` stands at `path` and has this schema.
Result<std::vector<TemplateField>> locate_expressions_at(FieldPath path, const Value& value, const api::Schema& schema);

// What a field accepts, for messages: "string or integer".
std::string expected_type_text(const api::Schema* schema);

}  // namespace plinth::compose

#include "api/validate.h"

#include "api/validate_builtin.h"
#include "api/validate_custom.h"

namespace plinth::api {

FieldErrors validate(const Schema& schema, const Value& object, const ValidateOptions& options) {
  FieldErrors errors;
  if (schema.builtin) {
    validate_builtin(schema, object, PathStep::root(), options.validated, errors);
    return errors;
  }
  PatternCache once;
  PatternCache& patterns = options.patterns != nullptr ? *options.patterns : once;
  validate_openapi(schema, object, options.old, PathStep::root(), patterns, errors);
  FieldErrors old_errors;
  if (options.old != nullptr) validate_list_types(schema, *options.old, PathStep::root(), old_errors);
  if (old_errors.empty()) validate_list_types(schema, object, PathStep::root(), errors);
  return errors;
}

}  // namespace plinth::api

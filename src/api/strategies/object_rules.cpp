#include "api/strategies/object_rules.h"

#include "api/default.h"
#include "api/strategies/object_meta.h"
#include "api/strategies/strategy.h"
#include "api/validate.h"

namespace plinth::api {

void default_object(Draft& object, const KindRow& row, const KindVersion& version) {
  apply_defaults(object, object.root(), *version.schema);
  if (!row.builtin) return;
  const Strategy* strategy = find_strategy(row.group, row.kind);
  if (strategy != nullptr && strategy->default_ != nullptr) strategy->default_(object);
}

FieldErrors validate_object(const Value& object, const Value* old, const KindRow& row, const KindVersion& version) {
  FieldErrors errors;
  if (old == nullptr)
    validate_metadata(object, row, errors);
  else
    validate_metadata_update(object, *old, row, errors);
  append_distinct(errors, validate(*version.schema, object, {.old = old}));
  const Strategy* strategy = row.builtin ? find_strategy(row.group, row.kind) : nullptr;
  if (strategy == nullptr) return errors;
  FieldErrors own;
  if (strategy->validate != nullptr) strategy->validate(object, own);
  if (old == nullptr && strategy->validate_create != nullptr) strategy->validate_create(object, own);
  if (old != nullptr && strategy->validate_update != nullptr) strategy->validate_update(object, *old, own);
  append_distinct(errors, std::move(own));
  return errors;
}

}  // namespace plinth::api

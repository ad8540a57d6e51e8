#include "api/strategies/object_rules.h"

#include "api/default.h"
#include "api/strategies/object_meta.h"
#include "api/strategies/strategy.h"
#include "api/validate.h"

namespace plinth::api {
namespace {

void validate_main(const Strategy& strategy, const Value& object, const Value* old, FieldErrors& errors) {
  if (strategy.validate != nullptr) strategy.validate(object, errors);
  if (old == nullptr && strategy.validate_create != nullptr) strategy.validate_create(object, errors);
  if (old != nullptr && strategy.validate_update != nullptr) strategy.validate_update(object, *old, errors);
}

}  // namespace

void default_object(Draft& object, const KindRow& row, const KindVersion& version, const Arena* defaulted) {
  apply_defaults(object, object.root(), *version.schema, defaulted);
  if (!row.builtin) return;
  const Strategy* strategy = find_strategy(row.group, row.kind);
  if (strategy != nullptr && strategy->default_ != nullptr) strategy->default_(object);
}

FieldErrors validate_object(const Value& object, const Value* old, const KindRow& row, const KindVersion& version,
                            std::string_view subresource, const Arena* validated) {
  FieldErrors errors;
  if (old == nullptr)
    validate_metadata(object, row, errors);
  else
    validate_metadata_update(object, *old, row, errors);
  append_distinct(errors, validate(*version.schema, object, {.old = old, .validated = validated}));
  const Strategy* strategy = find_strategy(row);
  if (strategy == nullptr) return errors;
  FieldErrors own;
  if (subresource.empty()) {
    validate_main(*strategy, object, old, own);
  } else if (old != nullptr && subresource == "status") {
    if (strategy->validate_status_update != nullptr) strategy->validate_status_update(object, *old, own);
  } else if (old != nullptr && strategy->validate_subresource != nullptr) {
    strategy->validate_subresource(subresource, object, *old, own);
  }
  append_distinct(errors, std::move(own));
  return errors;
}

}  // namespace plinth::api

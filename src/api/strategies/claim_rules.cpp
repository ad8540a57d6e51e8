#include "api/strategies/claim_rules.h"

#include "api/strategies/resource_rules.h"

namespace plinth::api {
namespace {

void validate_source(const FieldRef& source) {
  if (!source.present()) return;
  const FieldRef group = source["apiGroup"];
  source["name"].require();
  source["kind"].require();
  if (group.empty() && !source["kind"].is("PersistentVolumeClaim")) {
    source.invalid(source["kind"].text(), "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  }
  group.check(check_dns1123_subdomain);
  source["namespace"].check(check_dns1123_label);
}

void validate_sources(const FieldRef& spec) {
  const FieldRef source = spec["dataSource"];
  const FieldRef ref = spec["dataSourceRef"];
  validate_source(source);
  validate_source(ref);
  if (!source.present() || !ref.present()) return;
  if (!ref["namespace"].empty()) {
    spec.invalid(source.path(), "may not be specified when dataSourceRef.namespace is specified");
  } else if (!same(source.value(), ref.value())) {
    spec.invalid(source.path(), "must match dataSourceRef");
  }
}

void validate_size(const FieldRef& spec) {
  const FieldRef resources = spec["resources"];
  const Value size = resources["requests"]["storage"].value();
  const FieldRef at = resources.key("storage");
  if (size.is_null()) return at.required();
  if (quantity_sign(size) <= 0) {
    at.errors().push_back(field_invalid(at.path(), size, "must be greater than zero"));
  }
}

}  // namespace

void validate_access_modes(const FieldRef& modes) {
  bool alone = false, others = false;
  modes.each_item([&](const FieldRef& mode, std::size_t) { (mode.is("ReadWriteOncePod") ? alone : others) = true; });
  if (alone && others) modes.forbidden("may not use ReadWriteOncePod with other access modes");
}

void validate_claim_spec(const FieldRef& spec) {
  spec["accessModes"].require("at least 1 access mode is required");
  validate_access_modes(spec["accessModes"]);
  spec["selector"].label_selector();
  validate_size(spec);
  spec["storageClassName"].check(check_dns1123_subdomain);
  validate_sources(spec);
}

}  // namespace plinth::api

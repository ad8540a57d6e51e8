// Device classes, claims for devices, and what drivers offer.
#include "api/strategies/draft_tools.h"
#include "api/strategies/field_ref.h"
#include "api/strategies/strategy_tables.h"

namespace plinth::api {
namespace {

// Upstream: pkg/apis/resource/v1/defaults.go.
void default_request(Draft& draft, Value& request) {
  if (!request["allocationMode"].is_null() && request["allocationMode"].as_string() != "ExactCount") return;
  if (request["count"].as_int() == 0) draft.set(request, "count", Value::of(1));
}

void default_devices(Draft& draft, Value& spec) {
  change_member(draft, spec, "devices", [&](Value& devices) {
    change_items(draft, devices, "requests", [&](Value& request) {
      change_member(draft, request, "exactly", [&](Value& exactly) { default_request(draft, exactly); });
      change_items(draft, request, "firstAvailable", [&](Value& choice) { default_request(draft, choice); });
    });
  });
}

void default_claim(Draft& draft) {
  change_member(draft, draft.root(), "spec", [&](Value& spec) { default_devices(draft, spec); });
}

void default_claim_template(Draft& draft) {
  change_member(draft, draft.root(), "spec",
                [&](Value& spec) { change_member(draft, spec, "spec", [&](Value& inner) { default_devices(draft, inner); }); });
}

void validate_devices(const FieldRef& devices) {
  devices["requests"].each_item([](const FieldRef& request, std::size_t) {
    const bool exact = request["exactly"].present();
    const bool choice = request["firstAvailable"].size() > 0;
    if (exact && choice) request.invalid("exactly one of `exactly` or `firstAvailable` must be specified");
    if (!exact && !choice) request.required("exactly one of `exactly` or `firstAvailable` is required");
  });
}

void validate_claim(const Value& object, FieldErrors& errors) { validate_devices(FieldRef(object, errors)["spec.devices"]); }

void validate_claim_template(const Value& object, FieldErrors& errors) {
  validate_devices(FieldRef(object, errors)["spec.spec.devices"]);
}

void validate_spec_unchanged(const Value& object, const Value& old, FieldErrors& errors) {
  FieldRef(object, errors)["spec"].immutable(old["spec"]);
}

void validate_slice_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  for (const std::string_view fixed : {"driver", "nodeName"}) {
    spec[fixed].immutable(old["spec"][fixed]);
  }
  spec["pool.name"].immutable(old["spec"]["pool"]["name"]);
}

constexpr Strategy kStrategies[] = {
    {.group = "resource.k8s.io",
     .kind = "ResourceClaim",
     .status_resets = StatusResets::kMetadata,
     .default_ = default_claim,
     .validate = validate_claim,
     .validate_update = validate_spec_unchanged},
    {.group = "resource.k8s.io",
     .kind = "ResourceClaimTemplate",
     .default_ = default_claim_template,
     .validate = validate_claim_template,
     .validate_update = validate_spec_unchanged},
    {.group = "resource.k8s.io", .kind = "DeviceTaintRule", .status_resets = StatusResets::kMetadata},
    {.group = "resource.k8s.io", .kind = "ResourceSlice", .validate_update = validate_slice_update},
};

}  // namespace

std::span<const Strategy> device_strategies() { return kStrategies; }

}  // namespace plinth::api

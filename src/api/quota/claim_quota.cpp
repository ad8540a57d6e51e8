// PersistentVolumeClaims: their number and their storage, in all and of each class.
#include <set>

#include "api/quota/evaluator.h"

namespace plinth::api {
namespace {

constexpr std::string_view kOfClass = ".storageclass.storage.k8s.io/";
constexpr std::string_view kClaims = "persistentvolumeclaims", kStorage = "requests.storage";

bool uses(std::string_view resource) {
  if (resource == kClaims || resource == kStorage) return true;
  const std::size_t at = resource.rfind(kOfClass);
  if (at == std::string_view::npos) return false;
  const std::string_view what = resource.substr(at + kOfClass.size());
  return what == kClaims || what == kStorage;
}

std::string_view class_of(const Value& claim) {
  const Value* annotation = claim["metadata"]["annotations"].find("volume.beta.kubernetes.io/storage-class");
  return annotation != nullptr ? annotation->as_string() : claim["spec"]["storageClassName"].as_string();
}

Quantity whole(const Quantity& amount) {
  const Quantity units(amount.value(), amount.format());
  return units.compare(amount) == 0 ? amount : units;
}

// What is asked for, or more where an expansion has gone further.
Result<std::optional<Quantity>> storage_of(const Value& claim) {
  const ResourceAmounts asked = TRY(read_amounts(claim["spec"]["resources"]["requests"]));
  const auto at = asked.find("storage");
  if (at == asked.end()) return std::optional<Quantity>();
  std::optional<Quantity> out = whole(at->second);
  const ResourceAmounts allocated = TRY(read_amounts(claim["status"]["allocatedResources"]));
  const auto more = allocated.find("storage");
  if (more != allocated.end() && more->second.compare(*out) > 0) out = whole(more->second);
  return out;
}

Result<ResourceAmounts> usage(const Value& claim, std::int64_t) {
  ResourceAmounts out;
  const std::string name(class_of(claim));
  const auto storage = TRY(storage_of(claim));
  for (const std::string& prefix : {std::string(), name + std::string(kOfClass)}) {
    if (!prefix.empty() && name.empty()) continue;
    out.emplace(prefix + std::string(kClaims), one());
    if (storage) out.emplace(prefix + std::string(kStorage), *storage);
  }
  return out;
}

// Attribute classes that a claim has, asks for, or is on its way to.
std::set<std::string_view> attribute_classes(const Value& claim) {
  std::set<std::string_view> out = {claim["spec"]["volumeAttributesClassName"].as_string(),
                                    claim["status"]["currentVolumeAttributesClassName"].as_string(),
                                    claim["status"]["modifyVolumeStatus"]["targetVolumeAttributesClassName"].as_string()};
  out.erase("");
  return out;
}

bool in_scope(const ScopeDemand& demand, const Value& claim) {
  if (demand.scope != "VolumeAttributesClass") return false;
  const auto names = attribute_classes(claim);
  return selects(demand, {names.begin(), names.end()});
}

bool limits_update(std::string_view subresource, const Value& old, const Value& claim) {
  if (subresource.empty()) return true;
  if (subresource != "status") return false;
  return !equal(old["status"]["allocatedResources"], claim["status"]["allocatedResources"]) ||
         attribute_classes(old) != attribute_classes(claim);
}

}  // namespace

extern constexpr QuotaEvaluator kClaimQuota{{"", kClaims}, uses, usage, in_scope, nullptr, limits_update};

}  // namespace plinth::api

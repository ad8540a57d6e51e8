// Volumes, claims, classes, attachments and CSI objects.
#include <set>

#include <fmt/core.h>

#include "api/strategies/claim_rules.h"
#include "api/strategies/draft_tools.h"
#include "api/strategies/pod_rules.h"
#include "api/strategies/resource_rules.h"
#include "api/strategies/strategy_tables.h"

namespace plinth::api {
namespace {

constexpr std::size_t kParametersMax = 512;
constexpr std::size_t kParameterBytesMax = 256 * 1024;
constexpr std::size_t kNodeIdMax = 256;

// Members of a volume's spec that are not its source.
constexpr std::string_view kNotSources[] = {
    "capacity",     "accessModes", "claimRef",     "persistentVolumeReclaimPolicy", "storageClassName",
    "mountOptions", "volumeMode",  "nodeAffinity", "volumeAttributesClassName"};

bool is_source(std::string_view member) {
  for (const std::string_view other : kNotSources) {
    if (member == other) return false;
  }
  return true;
}

void validate_volume_source(const FieldRef& spec) {
  std::size_t count = 0;
  for (const Member& m : spec.value().members()) {
    if (!is_source(m.key()) || m.value.is_null()) continue;
    if (count++ > 0) spec[m.key()].forbidden("may not specify more than 1 volume type");
  }
  if (count == 0) spec.required("must specify a volume type");
  if (spec["hostPath"].present()) validate_no_backsteps(spec["hostPath.path"]);
  if (spec["csi"].present()) validate_csi_driver_name(spec["csi.driver"]);
  if (spec["local"].present() && !spec["nodeAffinity"].present()) {
    spec["nodeAffinity"].required("Local volume requires node affinity");
  }
  if (spec["hostPath.path"].is("/") && spec["persistentVolumeReclaimPolicy"].is("Recycle")) {
    spec["persistentVolumeReclaimPolicy"].forbidden("may not be 'recycle' for a hostPath mount of '/'");
  }
}

void validate_capacity(const FieldRef& capacity) {
  capacity.require();
  if (!capacity["storage"].present() || capacity.size() > 1) capacity.not_supported({"storage"});
  capacity.each_entry([](const FieldRef& entry, std::string_view) {
    if (quantity_sign(entry.value()) <= 0) entry.invalid("must be greater than zero");
  });
}

void validate_volume(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  spec["accessModes"].require();
  validate_access_modes(spec["accessModes"]);
  validate_capacity(spec["capacity"]);
  if (spec["nodeAffinity"].present()) {
    const FieldRef required = spec["nodeAffinity.required"];
    if (required.require("must specify required node constraints")) validate_node_selector(required);
  }
  validate_volume_source(spec);
  spec["storageClassName"].check(check_dns1123_subdomain);
}

void validate_volume_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const Value before = old["spec"];
  bool changed = false;
  for (const std::string_view member : changed_members(spec.value(), before)) changed = changed || is_source(member);
  if (changed)
    errors.push_back(field_forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation"));
  if (!same(spec["volumeMode"].value(), before["volumeMode"])) {
    errors.push_back(field_invalid("volumeMode", spec["volumeMode"].text(), "field is immutable"));
  }
  if (!before["nodeAffinity"].is_null() && !same(spec["nodeAffinity"].value(), before["nodeAffinity"])) {
    errors.push_back(field_invalid("nodeAffinity", spec["nodeAffinity"].value(), "field is immutable"));
  }
}

void default_volume(Draft& draft) {
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    set_default(draft, spec, "persistentVolumeReclaimPolicy", Value::ref("Retain"));
    set_default(draft, spec, "volumeMode", Value::ref("Filesystem"));
  });
}

void prepare_volume(Draft& draft) {
  Value status = draft.object();
  draft.set(status, "phase", "Pending");
  const Value now = draft.root()["metadata"]["creationTimestamp"];
  if (!now.is_null()) draft.set(status, "lastPhaseTransitionTime", now);
  draft.set(draft.root(), "status", status);
}

// Sources that nobody populates through the old field are dropped from it.
bool is_known_source(const Value& source) {
  const std::string_view group = source["apiGroup"].as_string();
  const std::string_view kind = source["kind"].as_string();
  return (group.empty() && kind == "PersistentVolumeClaim") || (group == "snapshot.storage.k8s.io" && kind == "VolumeSnapshot");
}

// dataSource and dataSourceRef mean the same; old clients read the one, new ones the other.
void prepare_claim(Draft& draft) {
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    if (!spec["dataSource"].is_null() && !is_known_source(spec["dataSource"])) draft.remove(spec, "dataSource");
    const Value source = spec["dataSource"];
    const Value ref = spec["dataSourceRef"];
    if (!source.is_null() && ref.is_null()) draft.set(spec, "dataSourceRef", source);
    if (source.is_null() && !ref.is_null() && is_unset(ref, "namespace")) draft.set(spec, "dataSource", ref);
  });
}

void validate_claim(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  validate_claim_spec(root["spec"]);
}

bool only_requests_changed(const Value& now, const Value& before) {
  constexpr std::string_view kRequests[] = {"requests"};
  constexpr std::string_view kStorage[] = {"storage"};
  return changed_members(now, before, kRequests).empty() &&
         changed_members(now["requests"], before["requests"], kStorage).empty();
}

void validate_claim_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const Value before = old["spec"];
  const bool bound = root["status.phase"].is("Bound");
  bool refused = false;
  for (const std::string_view member : changed_members(spec.value(), before)) {
    const bool first_binding = member == "volumeName" && before[member].as_string().empty();
    const bool late_class = member == "storageClassName" && before[member].is_null();
    const bool growth = member == "resources" && bound && only_requests_changed(spec[member].value(), before[member]);
    const bool attributes = member == "volumeAttributesClassName" && bound;
    refused = refused || !(first_binding || late_class || growth || attributes);
  }
  if (refused) {
    spec.forbidden("spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
  }
  const Value size = spec["resources"]["requests"]["storage"].value();
  const Value old_size = before["resources"]["requests"]["storage"];
  const Value reached = old["status"]["capacity"]["storage"];
  if (compare_quantities(size, old_size) < 0 && compare_quantities(size, reached) <= 0) {
    errors.push_back(field_forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"));
  }
}

void validate_parameters(const FieldRef& parameters) {
  std::size_t bytes = 0;
  if (parameters.size() > kParametersMax) parameters.too_long(static_cast<std::int64_t>(kParametersMax));
  parameters.each_entry([&](const FieldRef& entry, std::string_view key) {
    if (key.empty()) parameters.invalid(key, "field can not be empty.");
    bytes += key.size() + entry.text().size();
  });
  if (bytes > kParameterBytesMax) parameters.too_long(static_cast<std::int64_t>(kParameterBytesMax));
}

void validate_provisioner(const FieldRef& name) {
  std::string lower(name.text());
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (lower.empty()) return name.required();
  for (std::string& problem : check_label_key(lower)) name.invalid(std::move(problem));
}

void validate_topologies(const FieldRef& terms) {
  terms.each_item([](const FieldRef& term, std::size_t) {
    std::set<std::string_view> keys;
    term["matchLabelExpressions"].each_item([&](const FieldRef& expression, std::size_t) {
      const FieldRef key = expression["key"];
      key.check_required(check_label_key);
      expression["values"].require();
      if (!keys.insert(key.text()).second) key.duplicate();
    });
  });
}

void validate_storage_class(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  validate_provisioner(root["provisioner"]);
  validate_parameters(root["parameters"]);
  root["reclaimPolicy"].one_of({"Delete", "Retain"});
  validate_topologies(root["allowedTopologies"]);
}

void validate_storage_class_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  for (const std::string_view member : {"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"}) {
    root[member].immutable(old[member]);
  }
}

void validate_attributes_class(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  validate_provisioner(root["driverName"]);
  if (root["parameters"].require("must contain at least one key/value pair")) validate_parameters(root["parameters"]);
}

void validate_attributes_class_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  if (!same(root["driverName"].value(), old["driverName"]))
    root["driverName"].forbidden("updates to driverName are forbidden.");
  if (!same(root["parameters"].value(), old["parameters"]))
    root["parameters"].forbidden("updates to parameters are forbidden.");
}

void validate_attachment(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef source = root["spec.source"];
  const bool named = source["persistentVolumeName"].present();
  const bool inlined = source["inlineVolumeSpec"].present();
  validate_csi_driver_name(root["spec.attacher"]);
  root["spec.nodeName"].check_required(check_dns1123_subdomain);
  if (!named && !inlined) source.required("must specify exactly one of inlineVolumeSpec and persistentVolumeName");
  if (named && inlined) source.forbidden("must specify exactly one of inlineVolumeSpec and persistentVolumeName");
  if (named)
    source["persistentVolumeName"].check_required(check_dns1123_subdomain, "must specify non empty persistentVolumeName");
}

void validate_attachment_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["spec"].immutable(old["spec"]);
}

void validate_csi_driver(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  std::set<std::string_view> audiences;
  root["spec.tokenRequests"].each_item([&](const FieldRef& request, std::size_t) {
    const FieldRef seconds = request["expirationSeconds"];
    if (!audiences.insert(request["audience"].text()).second) request["audience"].duplicate();
    if (!seconds.present()) return;
    if (seconds.number() < 600) seconds.invalid("may not specify a duration less than 10 minutes");
    if (seconds.number() > (std::int64_t{1} << 32)) seconds.invalid("may not specify a duration larger than 2^32 seconds");
  });
}

void validate_csi_driver_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const Value before = old["spec"];
  if (!same(root["spec.attachRequired"].value(), before["attachRequired"])) {
    errors.push_back(field_invalid("spec.attachedRequired", root["spec.attachRequired"].value(), "field is immutable"));
  }
  root["spec.volumeLifecycleModes"].immutable(before["volumeLifecycleModes"]);
}

void validate_csi_node(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  std::set<std::string_view> names;
  root["spec.drivers"].each_item([&](const FieldRef& driver, std::size_t) {
    const FieldRef id = driver["nodeID"];
    const FieldRef keys = driver["topologyKeys"];
    std::set<std::string_view> seen;
    validate_csi_driver_name(driver["name"]);
    if (!names.insert(driver["name"].text()).second) driver["name"].duplicate();
    if (id.require() && id.text().size() > kNodeIdMax) id.invalid(fmt::format("must be {} characters or less", kNodeIdMax));
    driver["allocatable.count"].at_least_zero();
    keys.each_item([&](const FieldRef& key, std::size_t) {
      if (key.empty()) return keys.required();
      if (!seen.insert(key.text()).second) keys.errors().push_back(field_duplicate(keys.path(), key.value()));
      for (std::string& problem : check_label_key(key.text())) keys.invalid(key.text(), std::move(problem));
    });
  });
}

// Drivers come and go; the ones that stay do not change, but for the room they report.
void validate_csi_node_update(const Value& object, const Value& old, FieldErrors& errors) {
  constexpr std::string_view kRoom[] = {"allocatable"};
  const FieldRef root(object, errors);
  const FieldRef drivers = root["spec.drivers"];
  const Value before = old["spec"]["drivers"];
  drivers.each_item([&](const FieldRef& driver, std::size_t) {
    for (const Value& was : before.items()) {
      if (equal(was["name"], driver["name"].value()) && !changed_members(driver.value(), was, kRoom).empty()) {
        drivers.invalid("field is immutable");
      }
    }
  });
}

void validate_csi_capacity(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["nodeTopology"].label_selector();
  root["storageClassName"].check_required(check_dns1123_subdomain);
  if (quantity_sign(root["capacity"].value()) < 0) root["capacity"].invalid("must be greater than or equal to 0");
}

void validate_csi_capacity_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  for (const std::string_view member : {"nodeTopology", "storageClassName"}) root[member].immutable(old[member]);
}

constexpr std::string_view kGroup = "storage.k8s.io";
constexpr Strategy kStrategies[] = {
    {.group = "",
     .kind = "PersistentVolume",
     .default_ = default_volume,
     .prepare_for_create = prepare_volume,
     .validate = validate_volume,
     .validate_update = validate_volume_update},
    {.group = "",
     .kind = "PersistentVolumeClaim",
     .prepare_for_create = prepare_claim,
     .validate = validate_claim,
     .validate_update = validate_claim_update},
    {.group = kGroup,
     .kind = "StorageClass",
     .validate = validate_storage_class,
     .validate_update = validate_storage_class_update},
    {.group = kGroup,
     .kind = "VolumeAttributesClass",
     .validate = validate_attributes_class,
     .validate_update = validate_attributes_class_update},
    {.group = kGroup,
     .kind = "VolumeAttachment",
     .status_resets = StatusResets::kMetadata,
     .validate = validate_attachment,
     .validate_update = validate_attachment_update},
    {.group = kGroup, .kind = "CSIDriver", .validate = validate_csi_driver, .validate_update = validate_csi_driver_update},
    {.group = kGroup, .kind = "CSINode", .validate = validate_csi_node, .validate_update = validate_csi_node_update},
    {.group = kGroup,
     .kind = "CSIStorageCapacity",
     .validate = validate_csi_capacity,
     .validate_update = validate_csi_capacity_update},
};

}  // namespace

std::span<const Strategy> storage_strategies() { return kStrategies; }

}  // namespace plinth::api

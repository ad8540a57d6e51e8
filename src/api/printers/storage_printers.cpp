// Persistent volumes, claims, classes, attachments and CSI objects.
#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"

namespace plinth::api {
namespace {

constexpr std::string_view kClassAnnotation = "volume.beta.kubernetes.io/storage-class";
constexpr std::string_view kUnset = "<unset>";

// "RWO,RWX" in a fixed order.
std::string access_modes(const Value& modes) {
  constexpr std::pair<std::string_view, std::string_view> kShort[] = {
      {"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}};
  std::string out;
  for (const auto& [mode, abbreviation] : kShort) {
    bool found = false;
    for (const Value& m : modes.items()) found = found || m.as_string() == mode;
    if (!found) continue;
    if (!out.empty()) out += ',';
    out += abbreviation;
  }
  return out;
}

std::string_view storage_class(const Value& object) {
  const Value annotations = object["metadata"]["annotations"];
  const Value* old = annotations.find(kClassAnnotation);
  return old != nullptr ? old->as_string() : object["spec"]["storageClassName"].as_string();
}

std::string_view phase_text(const Value& object) {
  return is_deleting(object) ? "Terminating" : object["status"]["phase"].as_string();
}

std::string_view optional_text(const Value& value) { return value.is_null() ? kUnset : value.as_string(); }

// A quantity that is absent is zero.
std::string quantity_text(const Value& value) { return value.is_null() ? "0" : scalar_text(value); }

constexpr Column kVolumeColumns[] = {
    kNameColumn,
    text_column("Capacity", "Size of the volume."),
    text_column("Access Modes", "Ways in which it can be mounted."),
    text_column("Reclaim Policy", "What happens to it when its claim goes."),
    text_column("Status", "Available, Bound, Released or Failed."),
    text_column("Claim", "Claim that it is bound to."),
    text_column("StorageClass", "Class that it belongs to."),
    text_column("VolumeAttributesClass", "Class of its changeable attributes."),
    text_column("Reason", "Why it is in a failed state."),
    kAgeColumn,
    wide_column("VolumeMode", "Filesystem or Block."),
};

void print_volume(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  const Value claim = spec["claimRef"];
  std::string claim_text;
  if (claim.is_object()) claim_text.append(claim["namespace"].as_string()).append("/").append(claim["name"].as_string());
  name_cell(object, cells);
  cells.text(quantity_text(spec["capacity"]["storage"]));
  cells.text(access_modes(spec["accessModes"]));
  cells.text(spec["persistentVolumeReclaimPolicy"].as_string());
  cells.text(phase_text(object));
  cells.text(claim_text);
  cells.text(storage_class(object));
  cells.text(optional_text(spec["volumeAttributesClassName"]));
  cells.text(object["status"]["reason"].as_string());
  age_cell(object, now_s, cells);
  cells.text(optional_text(spec["volumeMode"]));
}

constexpr Column kClaimColumns[] = {
    kNameColumn,
    text_column("Status", "Pending, Bound or Lost."),
    text_column("Volume", "Volume that it is bound to."),
    text_column("Capacity", "Size of that volume."),
    text_column("Access Modes", "Ways in which it can be mounted."),
    text_column("StorageClass", "Class that it asks for."),
    text_column("VolumeAttributesClass", "Class of changeable attributes that it asks for."),
    kAgeColumn,
    wide_column("VolumeMode", "Filesystem or Block."),
};

void print_claim(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  const Value status = object["status"];
  const bool bound = !spec["volumeName"].as_string().empty();
  name_cell(object, cells);
  cells.text(phase_text(object));
  cells.text(spec["volumeName"].as_string());
  cells.text(bound ? quantity_text(status["capacity"]["storage"]) : "");
  cells.text(bound ? access_modes(status["accessModes"]) : "");
  cells.text(storage_class(object));
  cells.text(optional_text(spec["volumeAttributesClassName"]));
  age_cell(object, now_s, cells);
  cells.text(optional_text(spec["volumeMode"]));
}

constexpr Column kStorageClassColumns[] = {
    kNameColumn,
    text_column("Provisioner", "Who makes volumes of the class."),
    text_column("ReclaimPolicy", "What happens to its volumes when their claim goes."),
    text_column("VolumeBindingMode", "When volumes are made and bound."),
    text_column("AllowVolumeExpansion", "Whether volumes can grow."),
    kAgeColumn,
};

bool is_default_class(const Value& object) {
  const Value annotations = object["metadata"]["annotations"];
  return annotations["storageclass.kubernetes.io/is-default-class"].as_string() == "true" ||
         annotations["storageclass.beta.kubernetes.io/is-default-class"].as_string() == "true";
}

void print_storage_class(const Value& object, std::int64_t now_s, CellWriter& cells) {
  std::string name(object_name(object));
  if (is_default_class(object)) name += " (default)";
  cells.text(name);
  cells.text(object["provisioner"].as_string());
  cells.text(or_else(object["reclaimPolicy"].as_string(), "Delete"));
  cells.text(or_else(object["volumeBindingMode"].as_string(), "Immediate"));
  cells.boolean(object["allowVolumeExpansion"].as_bool());
  age_cell(object, now_s, cells);
}

constexpr Column kAttributesClassColumns[] = {kNameColumn, text_column("DriverName", "CSI driver that the attributes are for."),
                                              kAgeColumn};

void print_attributes_class(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(object["driverName"].as_string());
  age_cell(object, now_s, cells);
}

constexpr Column kAttachmentColumns[] = {
    kNameColumn,
    {"Attacher", "string", "name", "CSI driver that attaches the volume.", 0, ""},
    text_column("PV", "Volume to attach."),
    text_column("Node", "Node to attach it to."),
    boolean_column("Attached", "Whether it is attached."),
    kAgeColumn,
};

void print_attachment(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  name_cell(object, cells);
  cells.text(spec["attacher"].as_string());
  cells.text(spec["source"]["persistentVolumeName"].as_string());
  cells.text(spec["nodeName"].as_string());
  cells.boolean(object["status"]["attached"].as_bool());
  age_cell(object, now_s, cells);
}

constexpr Column kCsiNodeColumns[] = {kNameColumn, integer_column("Drivers", "Number of CSI drivers on the node."), kAgeColumn};

void print_csi_node(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.integer(static_cast<std::int64_t>(object["spec"]["drivers"].size()));
  age_cell(object, now_s, cells);
}

constexpr Column kCsiDriverColumns[] = {
    kNameColumn,
    boolean_column("AttachRequired", "Whether volumes must be attached before they are mounted."),
    boolean_column("PodInfoOnMount", "Whether the driver is told about the pod."),
    boolean_column("StorageCapacity", "Whether the scheduler looks at the driver's free capacity."),
    text_column("TokenRequests", "Audiences of service account tokens that the driver gets."),
    boolean_column("RequiresRepublish", "Whether mounts are renewed from time to time."),
    text_column("Modes", "Life cycles of volumes that the driver supports."),
    kAgeColumn,
};

std::string audiences_text(const Value& requests) {
  if (requests.is_null()) return std::string(kUnset);
  std::string out;
  for (const Value& request : requests.items()) {
    if (&request != requests.items().data()) out += ',';
    out += request["audience"].as_string();
  }
  return out;
}

void print_csi_driver(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  name_cell(object, cells);
  cells.boolean(spec["attachRequired"].is_null() || spec["attachRequired"].as_bool());
  cells.boolean(spec["podInfoOnMount"].as_bool());
  cells.boolean(spec["storageCapacity"].as_bool());
  cells.text(audiences_text(spec["tokenRequests"]));
  cells.boolean(spec["requiresRepublish"].as_bool());
  cells.text(or_else(join_strings(spec["volumeLifecycleModes"], ","), "<none>"));
  age_cell(object, now_s, cells);
}

constexpr Column kCsiCapacityColumns[] = {
    kNameColumn,
    text_column("StorageClassName", "Class that the capacity is for."),
    text_column("Capacity", "Room that is left."),
};

void print_csi_capacity(const Value& object, std::int64_t /*now_s*/, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(object["storageClassName"].as_string());
  cells.text(object["capacity"].is_null() ? std::string(kUnset) : scalar_text(object["capacity"]));
}

constexpr Printer kPrinters[] = {
    {"", "PersistentVolume", kVolumeColumns, print_volume},
    {"", "PersistentVolumeClaim", kClaimColumns, print_claim},
    {"storage.k8s.io", "StorageClass", kStorageClassColumns, print_storage_class},
    {"storage.k8s.io", "VolumeAttributesClass", kAttributesClassColumns, print_attributes_class},
    {"storage.k8s.io", "VolumeAttachment", kAttachmentColumns, print_attachment},
    {"storage.k8s.io", "CSINode", kCsiNodeColumns, print_csi_node},
    {"storage.k8s.io", "CSIDriver", kCsiDriverColumns, print_csi_driver},
    {"storage.k8s.io", "CSIStorageCapacity", kCsiCapacityColumns, print_csi_capacity},
};

}  // namespace

std::span<const Printer> storage_printers() { return kPrinters; }

}  // namespace plinth::api

// Volumes of a pod: names, one source each, paths inside them.
#include <algorithm>

#include <fmt/core.h>

#include "api/strategies/claim_rules.h"
#include "api/strategies/pod_rules.h"
#include "api/strategies/resource_rules.h"
#include "api/strategies/text_checks.h"

namespace plinth::api {
namespace {

constexpr std::size_t kDriverNameMax = 63;

// Calls `f` for each part between slashes.
template <typename F>
void each_step(std::string_view path, F f) {
  for (;;) {
    const std::size_t slash = path.find('/');
    f(path.substr(0, slash));
    if (slash == std::string_view::npos) return;
    path.remove_prefix(slash + 1);
  }
}

bool has_backstep(std::string_view path) {
  bool found = false;
  each_step(path, [&](std::string_view step) { found = found || step == ".."; });
  return found;
}

void validate_key_paths(const FieldRef& items) {
  items.each_item([](const FieldRef& item, std::size_t) { validate_local_path(item["path"]); });
}

constexpr std::string_view kPodFields[] = {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace",
                                           "metadata.uid"};

void validate_downward_file(const FieldRef& file) {
  validate_local_path(file["path"]);
  const FieldRef field = file["fieldRef"];
  const FieldRef resource = file["resourceFieldRef"];
  if (!field.present() && !resource.present()) return file.required("one of fieldRef and resourceFieldRef is required");
  if (field.present() && resource.present()) {
    file.invalid("resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
  }
  const std::string_view path = field["fieldPath"].text();
  const bool subscripted = path.starts_with("metadata.labels['") || path.starts_with("metadata.annotations['");
  if (field.present() && !subscripted) field["fieldPath"].one_of(kPodFields);
  if (resource.present() && !field.present()) resource["containerName"].require();
}

void validate_downward_files(const FieldRef& source) {
  source["items"].each_item([](const FieldRef& file, std::size_t) { validate_downward_file(file); });
}

// Collects the paths that a projected source writes and complains about those written twice.
void claim_paths(const FieldRef& projected, const FieldRef& items, std::string_view shown, std::set<std::string_view>& paths) {
  items.each_item([&](const FieldRef& item, std::size_t) {
    const std::string_view path = item["path"].text();
    if (!path.empty() && !paths.insert(path).second) {
      projected.invalid(shown.empty() ? path : shown, "conflicting duplicate paths");
    }
  });
}

constexpr std::string_view kProjections[] = {
    "secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"};

void validate_projection(const FieldRef& projected, const FieldRef& source, std::set<std::string_view>& paths) {
  std::size_t count = 0;
  for (const std::string_view kind : kProjections) count += source[kind].present() ? 1 : 0;
  for (const std::string_view kind : {kProjections[0], kProjections[1]}) {
    const FieldRef keys = source[kind];
    const FieldRef items = keys["items"];
    validate_key_paths(items);
    claim_paths(projected, items, keys["name"].text(), paths);
  }
  const FieldRef downward = source["downwardAPI"];
  validate_downward_files(downward);
  claim_paths(projected, downward["items"], "", paths);
  const FieldRef token = source["serviceAccountToken"];
  if (token.present()) validate_local_path(token["path"]);
  if (count > 1) source.forbidden("may not specify more than 1 volume type per source");
}

void validate_host_path(const FieldRef& source) { validate_no_backsteps(source["path"]); }

void validate_empty_dir(const FieldRef& source) {
  const FieldRef size = source["sizeLimit"];
  if (size.present() && quantity_sign(size.value()) < 0) size.forbidden("SizeLimit field must be a valid resource quantity");
}

void validate_nfs(const FieldRef& source) {
  const FieldRef path = source["path"];
  if (!path.empty() && !path.text().starts_with('/')) path.invalid("must be an absolute path");
}

void validate_keys(const FieldRef& source) { validate_key_paths(source["items"]); }

void validate_projected(const FieldRef& source) {
  std::set<std::string_view> paths;
  source["sources"].each_item([&](const FieldRef& item, std::size_t) { validate_projection(source, item, paths); });
}

void validate_csi(const FieldRef& source) {
  validate_csi_driver_name(source["driver"]);
  const FieldRef secret = source["nodePublishSecretRef"];
  if (secret.present()) secret["name"].check_required(check_dns1123_subdomain);
}

void validate_ephemeral(const FieldRef& source) {
  const FieldRef claim = source["volumeClaimTemplate"];
  if (!claim.present()) return;
  claim["metadata.labels"].labels();
  validate_claim_spec(claim["spec"]);
}

struct SourceRule {
  std::string_view name;
  void (*validate)(const FieldRef& source);
};
// Every kind of source; the second of a volume is refused.
constexpr SourceRule kSources[] = {
    {"emptyDir", validate_empty_dir},
    {"hostPath", validate_host_path},
    {"gitRepo", nullptr},
    {"gcePersistentDisk", nullptr},
    {"awsElasticBlockStore", nullptr},
    {"secret", validate_keys},
    {"nfs", validate_nfs},
    {"iscsi", nullptr},
    {"glusterfs", nullptr},
    {"flocker", nullptr},
    {"persistentVolumeClaim", nullptr},
    {"rbd", nullptr},
    {"cinder", nullptr},
    {"cephfs", nullptr},
    {"quobyte", nullptr},
    {"downwardAPI", validate_downward_files},
    {"fc", nullptr},
    {"flexVolume", nullptr},
    {"configMap", validate_keys},
    {"azureFile", nullptr},
    {"vsphereVolume", nullptr},
    {"photonPersistentDisk", nullptr},
    {"portworxVolume", nullptr},
    {"azureDisk", nullptr},
    {"storageos", nullptr},
    {"projected", validate_projected},
    {"scaleIO", nullptr},
    {"csi", validate_csi},
    {"ephemeral", validate_ephemeral},
    {"image", nullptr},
};

// A template may leave the reference to whoever makes pods of it.
void validate_image(const FieldRef& source, const PodSpecOptions& options) {
  if (options.is_pod) source["reference"].require();
}

void validate_source(const FieldRef& volume, const PodSpecOptions& options) {
  std::size_t count = 0;
  for (const SourceRule& rule : kSources) {
    const FieldRef source = volume[rule.name];
    if (!source.present()) continue;
    if (count++ > 0) {
      source.forbidden("may not specify more than 1 volume type");
    } else if (rule.validate != nullptr) {
      rule.validate(source);
    } else if (rule.name == "image") {
      validate_image(source, options);
    }
  }
  if (count == 0) volume.required("must specify a volume type");
}

void validate_ephemeral_name(const FieldRef& volume, std::string_view pod_name) {
  const std::string claim = fmt::format("{}-{}", pod_name, volume["name"].text());
  for (const std::string& problem : check_dns1123_subdomain(claim)) {
    volume["name"].invalid(fmt::format("PVC name \"{}\": {}", claim, problem));
  }
}

}  // namespace

void validate_no_backsteps(const FieldRef& path) {
  if (has_backstep(path.text())) path.invalid("must not contain '..'");
}

void validate_descending_path(const FieldRef& path) {
  if (path.text().starts_with('/')) path.invalid("must be a relative path");
  validate_no_backsteps(path);
}

void validate_local_path(const FieldRef& path) {
  validate_descending_path(path);
  if (path.text().starts_with("..") && !path.text().starts_with("../")) path.invalid("must not start with '..'");
}

void validate_csi_driver_name(const FieldRef& name) {
  if (!name.require()) return;
  if (name.size() == 0 && name.text().size() > kDriverNameMax) name.too_long(static_cast<std::int64_t>(kDriverNameMax));
  std::string lower(name.text());
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (std::string& problem : check_dns1123_subdomain(lower)) name.invalid(std::move(problem));
}

VolumeNames validate_volumes(const FieldRef& volumes, const PodSpecOptions& options) {
  VolumeNames names;
  volumes.each_item([&](const FieldRef& volume, std::size_t) {
    const FieldRef name = volume["name"];
    const std::size_t before = volumes.errors().size();
    validate_source(volume, options);
    name.check_required(check_dns1123_label);
    if (!options.pod_name.empty() && volume["ephemeral"].present()) validate_ephemeral_name(volume, options.pod_name);
    if (names.contains(name.text())) name.duplicate();
    if (volumes.errors().size() == before) names.insert(name.text());
  });
  for (const Value& claim : options.claim_templates.items()) names.insert(claim["metadata"]["name"].as_string());
  return names;
}

}  // namespace plinth::api

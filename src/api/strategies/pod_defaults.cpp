#include "api/strategies/pod_defaults.h"

#include "api/strategies/draft_tools.h"

namespace plinth::api {
namespace {

constexpr std::string_view kContainerLists[] = {"initContainers", "containers", "ephemeralContainers"};

void default_pull_policy(Draft& draft, Value& slot, std::string_view member, std::string_view image) {
  set_default(draft, slot, member, Value::ref(is_latest_image(image) ? "Always" : "IfNotPresent"));
}

void default_volume(Draft& draft, Value& volume) {
  // A volume has a name and one source.
  bool has_source = false;
  for (const Member& m : volume.members()) has_source = has_source || (m.key() != "name" && !m.value.is_null());
  if (!has_source) draft.set(volume, "emptyDir", draft.object());
  change_member(draft, volume, "image",
                [&](Value& image) { default_pull_policy(draft, image, "pullPolicy", image["reference"].as_string()); });
}

void default_requests(Draft& draft, Value& container) {
  const Value limits = container["resources"]["limits"];
  if (!limits.is_object()) return;
  Value& requests = object_member(draft, *draft.mutable_find(container, "resources"), "requests");
  for (const Member& limit : limits.members()) {
    if (requests.find(limit.key()) == nullptr) draft.set(requests, limit.key(), limit.value);
  }
}

// On the host's network a container port is a host port.
void default_host_ports(Draft& draft, Value& container) {
  change_items(draft, container, "ports", [&](Value& port) {
    if (port["hostPort"].as_int() == 0) draft.set(port, "hostPort", port["containerPort"]);
  });
}

}  // namespace

bool is_latest_image(std::string_view image) {
  if (image.empty()) return false;
  const std::size_t at = image.find('@');
  const bool has_digest = at != std::string_view::npos;
  image = image.substr(0, at);
  const std::size_t slash = image.rfind('/');
  const std::size_t colon = image.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon == std::string_view::npos) return !has_digest;
  return image.substr(colon + 1) == "latest";
}

void default_pod_spec(Draft& draft, Value& spec) {
  for (const std::string_view list : kContainerLists) {
    change_items(draft, spec, list, [&](Value& container) {
      default_pull_policy(draft, container, "imagePullPolicy", container["image"].as_string());
    });
  }
  change_items(draft, spec, "volumes", [&](Value& volume) { default_volume(draft, volume); });
  if (is_unset(spec, "serviceAccountName") && !is_unset(spec, "serviceAccount")) {
    draft.set(spec, "serviceAccountName", spec["serviceAccount"]);
  }
  if (!is_unset(spec, "serviceAccountName") && !equal(spec["serviceAccount"], spec["serviceAccountName"])) {
    draft.set(spec, "serviceAccount", spec["serviceAccountName"]);
  }
}

void default_only_pod_spec(Draft& draft, Value& spec) {
  if (spec["terminationGracePeriodSeconds"].as_int() < 0) draft.set(spec, "terminationGracePeriodSeconds", Value::of(1));
  const bool host_network = spec["hostNetwork"].as_bool();
  for (const std::string_view list : {kContainerLists[0], kContainerLists[1]}) {
    change_items(draft, spec, list, [&](Value& container) {
      default_requests(draft, container);
      if (host_network) default_host_ports(draft, container);
    });
  }
  set_default(draft, spec, "enableServiceLinks", Value::of(true));
}

void default_pod_template(Draft& draft, Value& owner) {
  change_member(draft, owner, "template",
                [&](Value& pod) { change_member(draft, pod, "spec", [&](Value& spec) { default_pod_spec(draft, spec); }); });
}

}  // namespace plinth::api

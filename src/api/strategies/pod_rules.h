// Rules about pod specs, shared by pods and by everything that has a pod template. Each function checks one part at its
// FieldRef; together they are validate_pod_spec(). What the schema says (required, enums, bounds) is not repeated here.
#pragma once

#include <set>
#include <string_view>

#include "api/strategies/field_ref.h"

namespace plinth::api {

struct PodSpecOptions {
  bool is_pod = false;        // not a template
  std::string_view pod_name;  // for names of claims made from ephemeral volumes
  Value claim_templates;      // of a StatefulSet: each is a volume too
};

void validate_pod_spec(const FieldRef& spec, const PodSpecOptions& options);
// metadata and spec of a pod template.
void validate_pod_template(const FieldRef& pod_template, const PodSpecOptions& options = {});

// Names of the volumes that mounts can refer to.
using VolumeNames = std::set<std::string_view>;
VolumeNames validate_volumes(const FieldRef& volumes, const PodSpecOptions& options);

struct ContainerContext {
  const FieldRef& spec;
  const VolumeNames& volumes;
  const PodSpecOptions& options;
};
// Containers, init containers and ephemeral containers of the spec.
void validate_all_containers(const ContainerContext& context);
void validate_probe(const FieldRef& probe, const FieldRef& spec);
void validate_lifecycle(const FieldRef& lifecycle, const FieldRef& spec);
void validate_port_number_or_name(const FieldRef& port);

void validate_affinity(const FieldRef& affinity);
void validate_node_selector(const FieldRef& selector);
void validate_tolerations(const FieldRef& tolerations);
void validate_spread_constraints(const FieldRef& constraints);

void validate_container_security(const FieldRef& security, const FieldRef& spec);
void validate_pod_security(const FieldRef& security, const FieldRef& spec);

// limits, requests and claims of a container.
void validate_resources(const FieldRef& resources, const FieldRef& resource_claims);

// Paths inside volumes: relative, without "..".
void validate_descending_path(const FieldRef& path);
void validate_no_backsteps(const FieldRef& path);
void validate_local_path(const FieldRef& path);

// A driver name: DNS subdomain in any case, at most 63 bytes.
void validate_csi_driver_name(const FieldRef& name);

}  // namespace plinth::api

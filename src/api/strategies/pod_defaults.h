// Defaults of pods and pod templates that depend on other fields.
#pragma once

#include "base/value.h"

namespace plinth::api {

// Those that pods and templates have: pull policy by tag, emptyDir for a volume without a source, serviceAccount.
void default_pod_spec(Draft& draft, Value& spec);
// Those of the spec of a Pod only: requests from limits, service links, host ports.
void default_only_pod_spec(Draft& draft, Value& spec);
// object.template.spec, when there is one.
void default_pod_template(Draft& draft, Value& owner);

// "nginx", "nginx:latest" and "nginx:latest@sha256:..." mean the newest image; "nginx:1" and "nginx@sha256:..." do not.
bool is_latest_image(std::string_view image);

}  // namespace plinth::api

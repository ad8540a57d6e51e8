// Names of images (distribution/reference): registry, repository, tag or digest.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth::oci {

struct Reference {
  std::string host;        // "docker.io" when the name says none
  std::string repository;  // "library/busybox"
  std::string tag;         // "latest" when there is neither tag nor digest
  std::string digest;
  std::string text() const;  // "docker.io/library/busybox:1.36"
};

// As Docker and Kubernetes read "busybox", "team/app:1", "localhost:5000/app@sha256:...". BadRequest says what is wrong.
Result<Reference> parse_reference(std::string_view name);

}  // namespace plinth::oci

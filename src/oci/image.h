// Images in memory: what a registry serves of one (image-spec v1: manifest, config, layers).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace plinth::oci {

constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar";

struct Manifest {
  std::string media_type;
  std::string digest;
  SharedBytes content;
};

struct ImageRecipe {
  std::string architecture = "amd64";  // as Go names it
  std::vector<std::string> entrypoint, command, environment;
  std::string working_directory;
  std::vector<std::string> layers;  // uncompressed archives
};

struct BuiltImage {
  Manifest manifest;
  std::map<std::string, SharedBytes, std::less<>> blobs;  // by digest: the config and the layers
};

// The same recipe gives the same digests.
BuiltImage build_image(ImageRecipe recipe);

// The architecture of this machine as Go names it.
std::string_view host_architecture();

// What can be pulled. References are tags or digests; the repository is without a host ("library/busybox").
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  // `host` is the registry that the image's name says where a mirror is asked for another one's images; empty when it is asked for
  // its own.
  virtual std::optional<Manifest> manifest(std::string_view host, std::string_view repository, std::string_view reference) = 0;
  virtual std::optional<SharedBytes> blob(std::string_view digest) = 0;
};

// Images that were built here.
class MemoryImages final : public ImageSource {
 public:
  void add(std::string repository, std::string tag, BuiltImage image);
  std::optional<Manifest> manifest(std::string_view host, std::string_view repository, std::string_view reference) override;
  std::optional<SharedBytes> blob(std::string_view digest) override;

 private:
  std::map<std::string, Manifest, std::less<>> manifests_;  // by "repository:tag" and "repository@digest"
  std::map<std::string, SharedBytes, std::less<>> blobs_;
};

}  // namespace plinth::oci

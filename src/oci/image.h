// Images in memory: what a registry serves of one (image-spec v1: manifest, config, layers).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "oci/image_source.h"

namespace plinth::oci {

constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar";

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

// Images that were built here.
class MemoryImages final : public ImageSource {
 public:
  void add(std::string repository, std::string tag, BuiltImage image);
  void manifest(ManifestQuery query, ManifestDone done) override;
  void blob(std::string digest, BlobDone done) override;

 private:
  std::map<std::string, Manifest, std::less<>> manifests_;  // by "repository:tag" and "repository@digest"
  std::map<std::string, SharedBytes, std::less<>> blobs_;
};

}  // namespace plinth::oci

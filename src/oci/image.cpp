#include "oci/image.h"

#include <fmt/core.h>
#include <sys/utsname.h>

#include "base/json.h"
#include "oci/digest.h"

namespace plinth::oci {
namespace {

void append_strings(std::string& out, const std::vector<std::string>& list) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, list[i]);
  }
  out += ']';
}

std::string config_json(const ImageRecipe& recipe, const std::vector<std::string>& layer_digests) {
  std::string out = "{\"architecture\":";
  append_json_string(out, recipe.architecture);
  out += ",\"os\":\"linux\",\"config\":{\"Env\":";
  append_strings(out, recipe.environment);
  out += ",\"Entrypoint\":";
  append_strings(out, recipe.entrypoint);
  out += ",\"Cmd\":";
  append_strings(out, recipe.command);
  out += ",\"WorkingDir\":";
  append_json_string(out, recipe.working_directory);
  out += "},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":";
  append_strings(out, layer_digests);
  return out + "}}";
}

std::string descriptor(std::string_view type, std::string_view digest, std::size_t size) {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}}})", type, digest, size);
}

}  // namespace

BuiltImage build_image(ImageRecipe recipe) {
  BuiltImage image;
  std::vector<std::string> digests;
  std::string layers;
  for (std::string& layer : recipe.layers) {
    digests.push_back(sha256_digest(layer));
    layers += (layers.empty() ? "" : ",") + descriptor(kLayerType, digests.back(), layer.size());
    image.blobs.emplace(digests.back(), SharedBytes(std::move(layer)));
  }
  std::string config = config_json(recipe, digests);
  const std::string config_digest = sha256_digest(config);
  std::string manifest = fmt::format(R"({{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{}]}})", kManifestType,
                                     descriptor(kConfigType, config_digest, config.size()), layers);
  image.blobs.emplace(config_digest, SharedBytes(std::move(config)));
  image.manifest = {std::string(kManifestType), sha256_digest(manifest), SharedBytes(manifest)};
  return image;
}

std::string_view host_architecture() {
  static const std::string kName = [] {
    utsname name{};
    uname(&name);
    const std::string_view machine = name.machine;
    if (machine == "x86_64") return std::string("amd64");
    if (machine == "aarch64") return std::string("arm64");
    return std::string(machine);
  }();
  return kName;
}

void MemoryImages::add(std::string repository, std::string tag, BuiltImage image) {
  for (auto& [digest, blob] : image.blobs) blobs_.emplace(digest, std::move(blob));
  manifests_[repository + "@" + image.manifest.digest] = image.manifest;
  manifests_[repository + ":" + tag] = std::move(image.manifest);
}

void MemoryImages::manifest(ManifestQuery query, ManifestDone done) {
  const auto found = manifests_.find(query.repository + (is_digest(query.reference) ? "@" : ":") + query.reference);
  if (found == manifests_.end()) return done(std::optional<Manifest>());
  done(std::optional<Manifest>(found->second));
}

namespace {

class MemoryBlob final : public Blob {
 public:
  explicit MemoryBlob(SharedBytes content) : content_(std::move(content)) {}
  std::uint64_t size() const override { return content_.size(); }
  void read(std::uint64_t offset, std::size_t bytes, UniqueFunction<void(Result<SharedBytes>)> done) override {
    done(content_.slice(offset, bytes));
  }

 private:
  SharedBytes content_;
};

}  // namespace

void MemoryImages::blob(std::string digest, BlobDone done) {
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) return done(std::unique_ptr<Blob>());
  done(std::unique_ptr<Blob>(std::make_unique<MemoryBlob>(found->second)));
}

}  // namespace plinth::oci

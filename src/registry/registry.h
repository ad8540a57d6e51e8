// An OCI registry of the program's own (distribution-spec v1.1), for images that pods get without another one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/world.h"
#include "oci/image_source.h"

namespace plinth::registry {

struct RegistryParts {
  Loop* loop = nullptr;
  Pool* pool = nullptr;
  Network* network = nullptr;
  Disk* disk = nullptr;
  Clock* clock = nullptr;
  Entropy* entropy = nullptr;
  Logger log;
  oci::ImageSource* images = nullptr;  // reads the same folder
};

struct Push {
  std::string name;  // whole: "localhost/team/app:1"
  std::string digest;
};

// On one loop. Pull, push (whole and in chunks), mount, tags, catalog, referrers, deletion of manifests. Whoever reaches its
// address may do all of it: it belongs on loopback. Blobs are not deleted one by one: what nothing names goes by itself.
class Registry {
 public:
  static constexpr std::size_t kUploadsMax = 64;

  virtual ~Registry() = default;
  virtual const std::string& address() const = 0;  // with the port that was bound
  // Told of each name that means something new, after that is durable.
  virtual void on_push(std::function<void(const Push&)> told) = 0;
};

// Keeps images in `folder`; Conflict when the address is in use. Makes small writes: for the start of a program.
Result<std::unique_ptr<Registry>> open_registry(RegistryParts parts, const std::string& address, std::string folder);

}  // namespace plinth::registry

// What clients send to the registry: paths and manifests. No crash; what is taken can be listed, found by its digest, deleted,
// and is nowhere after that.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "oci/digest.h"
#include "registry/exchange.h"
#include "registry/image_store.h"
#include "world_sim/sim_disk.h"

namespace {

struct StandingClock final : plinth::Clock {
  std::int64_t wall_ns() const override { return 1; }
  std::int64_t monotonic_ns() const override { return 1; }
};

void put_and_delete(const plinth::registry::Target& target, const std::string& manifest) {
  plinth::world_sim::SimDisk disk(1);
  StandingClock clock;
  plinth::registry::ImageStore store(disk, clock, "/images");
  REQUIRE_PROPERTY(store.open().ok());
  const auto stored = store.put_manifest(target.repository, target.reference, "", manifest);
  if (!stored.ok()) return;
  REQUIRE_PROPERTY(stored->digest == plinth::oci::sha256_digest(manifest));
  const auto tags = store.tags(target.repository);
  REQUIRE_PROPERTY(tags.ok());
  REQUIRE_PROPERTY(tags->empty() == plinth::oci::is_digest(target.reference));
  REQUIRE_PROPERTY(store.repositories().value().size() == 1);
  REQUIRE_PROPERTY(store.referrers(target.repository, stored->digest, "").ok());
  REQUIRE_PROPERTY(store.sweep().ok());
  REQUIRE_PROPERTY(store.remove_manifest(target.repository, stored->digest).value());
  REQUIRE_PROPERTY(!store.tags(target.repository).ok());
  REQUIRE_PROPERTY(!store.blob_size(stored->digest).value().has_value());
}

}  // namespace

// The first line is a request's target, the rest a manifest.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), input.size());
  const auto target = plinth::registry::parse_target(input.substr(0, end));
  if (!target.ok() || !target->has_value()) return 0;
  (void)plinth::registry::page_of({"a", "b", "c"}, (*target)->query, "/v2/x/tags/list");
  if ((*target)->kind == plinth::registry::Kind::kManifest)
    put_and_delete(**target, std::string(input.substr(std::min(end + 1, input.size()))));
  return 0;
}

#include "cri/image_mounts.h"

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

#include "base/text.h"

namespace plinth::cri {
namespace {

using Release = std::pair<int, int>;  // major, minor

struct KnownRuntime {
  std::string_view name;
  Release images, folders;
};
constexpr KnownRuntime kKnown[] = {{"containerd", {2, 1}, {2, 2}}, {"cri-o", {1, 31}, {1, 33}}};

// Of "v2.1.0-beta.0-18-g8237c496", "1.6.20~ds1".
std::optional<Release> release_of(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  const std::vector<std::string_view> parts = split(version, '.');
  if (parts.size() < 2) return std::nullopt;
  const auto major = parse_integer<int>(parts[0]);
  const auto minor = parse_integer<int>(parts[1].substr(0, parts[1].find_first_not_of("0123456789")));
  if (!major || !minor) return std::nullopt;
  return Release(*major, *minor);
}

}  // namespace

bool has_image_mounts(const std::vector<node::Mount>& mounts) {
  return std::any_of(mounts.begin(), mounts.end(), [](const node::Mount& mount) { return !mount.image.empty(); });
}

Result<void> check_image_mounts(const node::RuntimeVersion& runtime, const std::vector<node::Mount>& mounts) {
  const auto known =
      std::find_if(std::begin(kKnown), std::end(kKnown), [&](const KnownRuntime& one) { return one.name == runtime.name; });
  const std::optional<Release> release = release_of(runtime.version);
  if (!has_image_mounts(mounts) || known == std::end(kKnown) || !release) return {};
  const bool folders = std::any_of(mounts.begin(), mounts.end(), [](const node::Mount& mount) {
    return !mount.image.empty() && !mount.image_sub_path.empty();
  });
  if (*release >= (folders ? known->folders : known->images)) return {};
  return Error(Reason::kMethodNotAllowed,
               fmt::format("{} need containerd {} or CRI-O {} or later; the container runtime of this node is {} {}",
                           folders ? "image volumes with a subPath" : "image volumes", folders ? "2.2" : "2.1",
                           folders ? "1.33" : "1.31", runtime.name, runtime.version));
}

}  // namespace plinth::cri

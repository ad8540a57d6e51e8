#include "node/volumes/container_mounts.h"

#include <fmt/format.h>

#include "base/text.h"
#include "node/pod/environment.h"

namespace plinth::node {
namespace {

Result<std::string> sub_path_of(const Value& mount, const Environment& environment) {
  std::string path(mount["subPath"].as_string());
  if (const std::string_view expression = mount["subPathExpr"].as_string(); !expression.empty()) {
    bool missing = false;
    path = expand_variables(expression, [&](std::string_view name) -> std::optional<std::string> {
      auto value = environment.find(name);
      missing = missing || !value;
      return value;
    });
    if (missing) return bad_request(fmt::format("subPathExpr \"{}\" names a variable that is not set", expression));
  }
  if (!path.empty() && path.front() == '/') return bad_request("subPath \"" + path + "\" must be a relative path");
  for (const std::string_view part : split(path, '/')) {
    if (part == "..") return bad_request("subPath \"" + path + "\" must not contain \"..\"");
  }
  return path;
}

// The path with the links in it resolved, as those of projected volumes are (key -> ..data/key); none may lead out of the
// volume. Who puts a link there afterwards is stopped by bind_inside, which follows none.
Result<std::string> resolve_inside(HostFiles& files, const std::string& root, const std::string& path) {
  constexpr int kLinksMax = 40;
  std::vector<std::string> left, done;
  for (const std::string_view part : split(path, '/')) left.emplace_back(part);
  const auto outside = [&] { return bad_request("subPath \"" + path + "\" leads out of its volume"); };
  int links = 0;
  while (!left.empty()) {
    const std::string part = left.front();
    left.erase(left.begin());
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (done.empty()) return outside();
      done.pop_back();
      continue;
    }
    done.push_back(part);
    const std::string here = root + "/" + join(done, "/");
    const auto info = TRY(files.info(here));
    if (!info || info->type != FileType::kLink) continue;
    const std::string target = TRY(files.read_link(here));
    if (++links > kLinksMax || target.empty() || target.front() == '/') return outside();
    done.pop_back();
    std::vector<std::string> more;
    for (const std::string_view step : split(target, '/')) more.emplace_back(step);
    left.insert(left.begin(), more.begin(), more.end());
  }
  return join(done, "/");
}

Propagation propagation_of(const Value& mount) {
  const std::string_view text = mount["mountPropagation"].as_string();
  if (text == "HostToContainer") return Propagation::kHostToContainer;
  if (text == "Bidirectional") return Propagation::kBidirectional;
  return Propagation::kPrivate;
}

Result<Mount> mount_of(HostFiles& files, const std::string& pod_directory, const ContainerMountInputs& inputs,
                       const Value& spec, std::size_t index) {
  const std::string name(spec["name"].as_string());
  const auto volume = inputs.volumes.find(name);
  if (volume == inputs.volumes.end() || volume->second.device)
    return Error(Reason::kNotFound, "cannot find volume \"" + name + "\" to mount into container \"" + inputs.container + "\"");
  Mount mount;
  mount.container_path = spec["mountPath"].as_string();
  if (mount.container_path.empty() || mount.container_path.front() != '/') mount.container_path.insert(0, "/");
  mount.host_path = volume->second.host_path;
  mount.readonly = spec["readOnly"].as_bool() || volume->second.readonly;
  mount.recursive_readonly = spec["recursiveReadOnly"].as_string() == "Enabled";
  mount.propagation = propagation_of(spec);
  const std::string sub_path = TRY(sub_path_of(spec, inputs.environment));
  if (volume->second.image) {
    const auto image = inputs.images.find(name);
    if (image == inputs.images.end()) return internal_error("the image of volume \"" + name + "\" was not looked for");
    mount.image = image->second;
    mount.image_sub_path = sub_path;
    return mount;
  }
  if (!sub_path.empty()) {
    const std::string target = fmt::format("{}/volume-subpaths/{}/{}/{}", pod_directory, name, inputs.container, index);
    // Of an earlier start of the container.
    TRY(files.unmount(target));
    const std::string inside = TRY(resolve_inside(files, mount.host_path, sub_path));
    TRY(files.bind_inside(mount.host_path, inside, target, false));
    mount.host_path = target;
  }
  // A runtime may silently make a directory of a source that is missing.
  if (!TRY(files.info(mount.host_path, true)).has_value())
    return Error(Reason::kNotFound, "the source of mount \"" + mount.container_path + "\" is missing: " + mount.host_path);
  return mount;
}

Result<Device> device_of(HostFiles& files, const ContainerMountInputs& inputs, const Value& spec) {
  const std::string name(spec["name"].as_string()), path(spec["devicePath"].as_string());
  const auto volume = inputs.volumes.find(name);
  if (volume == inputs.volumes.end() || !volume->second.device)
    return Error(Reason::kNotFound, "cannot find volume \"" + name + "\" to pass into container \"" + inputs.container + "\"");
  const auto info = TRY(files.info(volume->second.host_path, true));
  if (!info || info->type != FileType::kBlockDevice)
    return Error(Reason::kNotFound, "there is no block device for \"" + path + "\": " + volume->second.host_path);
  return Device{path, volume->second.host_path, volume->second.readonly ? "r" : "mrw"};
}

bool mounts_over(const Value& container, std::string_view path) {
  for (const Value& mount : container["volumeMounts"].items()) {
    if (mount["mountPath"].as_string() == path) return true;
  }
  return false;
}

}  // namespace

std::string termination_log_path(const std::string& pod_directory, std::string_view container, std::uint32_t attempt) {
  return fmt::format("{}/containers/{}/{:08x}", pod_directory, container, attempt);
}

Result<ContainerMounts> make_container_mounts(HostFiles& files, const std::string& pod_directory,
                                              const ContainerMountInputs& inputs) {
  ContainerMounts out;
  const PodContainer* container = inputs.pod->find(inputs.container);
  if (container == nullptr) return Error(Reason::kNotFound, "container " + inputs.container + " is not in the pod");
  std::size_t index = 0;
  for (const Value& spec : container->spec["volumeMounts"].items())
    out.mounts.push_back(TRY(mount_of(files, pod_directory, inputs, spec, index++)));
  for (const Value& spec : container->spec["volumeDevices"].items()) out.devices.push_back(TRY(device_of(files, inputs, spec)));
  if (!inputs.hosts_file.empty() && !mounts_over(container->spec, "/etc/hosts")) {
    const std::string path = pod_directory + "/etc-hosts";
    TRY(files.write(path, inputs.hosts_file, 0644));
    out.mounts.push_back({"/etc/hosts", path, container->spec["securityContext"]["readOnlyRootFilesystem"].as_bool()});
  }
  out.termination_log = termination_log_path(pod_directory, inputs.container, inputs.attempt);
  TRY(files.make_directories(pod_directory + "/containers/" + inputs.container, 0750));
  TRY(files.write(out.termination_log, "", 0666));
  TRY(files.set_mode(out.termination_log, 0666));
  const std::string_view told = container->spec["terminationMessagePath"].as_string();
  out.mounts.push_back({std::string(told.empty() ? "/dev/termination-log" : told), out.termination_log});
  return out;
}

Result<void> release_subpaths(HostFiles& files, const std::string& pod_directory) {
  const std::string below = pod_directory + "/volume-subpaths/";
  for (const MountEntry& mount : TRY(files.mounts())) {
    if (mount.target.rfind(below, 0) == 0) TRY(files.unmount(mount.target));
  }
  return {};
}

}  // namespace plinth::node

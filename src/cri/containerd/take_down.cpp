#include "cri/containerd/take_down.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "cri/cgroups.h"
#include "cri/leftover_processes.h"

namespace plinth::cri {
namespace {

constexpr std::string_view kGraceAnnotation = "io.kubernetes.pod.terminationGracePeriod";
constexpr std::int64_t kDefaultGraceS = 30;
constexpr Duration kCommandTimeout = std::chrono::seconds(20);
constexpr std::size_t kCommandOutputMax = 4096;
constexpr std::size_t kMountinfoBytesMax = 4 * 1024 * 1024;
// What was killed is still in its control group for a moment.
constexpr Duration kCgroupPause = std::chrono::milliseconds(100);
constexpr int kCgroupAttemptsMax = 50;

Duration grace_of(const node::Container& container, Duration grace_max) {
  std::int64_t seconds = kDefaultGraceS;
  const auto found = container.annotations.find(kGraceAnnotation);
  if (found != container.annotations.end()) {
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), seconds);
  }
  return std::min<Duration>(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, 86'400)), grace_max);
}

// Steps one after the other; lives by what is under way.
class TakeDown final : public std::enable_shared_from_this<TakeDown> {
 public:
  TakeDown(TakeDownParts parts, ContainerdOptions options, std::string cgroup_root, Duration grace_max,
           UniqueFunction<void(TakeDownReport)> done)
      : parts_(parts),
        options_(std::move(options)),
        cgroup_root_(std::move(cgroup_root)),
        grace_max_(grace_max),
        done_(std::move(done)) {}

  void stop_containers() {
    node::ContainerFilter running;
    running.state = node::ContainerState::kRunning;
    parts_.runtime->list_containers(running, [self = shared_from_this()](Result<std::vector<node::Container>> listed) {
      if (!listed.ok()) {
        self->problem("containers cannot be listed", listed.error());
        return self->stop_runtime();
      }
      self->begin_all(listed->size(), [self] { self->remove_sandboxes(); });
      for (const node::Container& container : *listed) {
        self->parts_.runtime->stop_container(container.id, grace_of(container, self->grace_max_),
                                             [self, id = container.id](Result<void> stopped) {
                                               if (stopped.ok())
                                                 ++self->report_.containers;
                                               else
                                                 self->problem("container " + id, stopped.error());
                                               self->one_done();
                                             });
      }
    });
  }

 private:
  void remove_sandboxes() {
    parts_.runtime->list_sandboxes({}, [self = shared_from_this()](Result<std::vector<node::Sandbox>> listed) {
      if (!listed.ok()) {
        self->problem("sandboxes cannot be listed", listed.error());
        return self->stop_runtime();
      }
      self->begin_all(listed->size(), [self] { self->stop_runtime(); });
      for (const node::Sandbox& sandbox : *listed) self->remove_sandbox(sandbox.id);
    });
  }

  void remove_sandbox(const std::string& id) {
    parts_.runtime->stop_sandbox(id, [self = shared_from_this(), id](Result<void> stopped) {
      if (!stopped.ok()) self->problem("sandbox " + id, stopped.error());
      self->parts_.runtime->remove_sandbox(id, [self, id](Result<void> removed) {
        if (removed.ok())
          ++self->report_.sandboxes;
        else
          self->problem("sandbox " + id, removed.error());
        self->one_done();
      });
    });
  }

  void stop_runtime() {
    if (parts_.containerd == nullptr) return remove_cgroups();  // somebody else's goes on
    parts_.containerd->stop([self = shared_from_this()] { self->list_leftovers(); });
  }

  void list_leftovers() {
    auto started = parts_.pool->run([self = shared_from_this()] {
      auto pids = leftover_processes(*self->parts_.disk, socket_path(self->options_), self->cgroup_root_);
      self->parts_.loop->post([self, pids = std::move(pids)] { self->kill_leftovers(pids); });
    });
    if (!started.ok()) remove_cgroups();
  }

  void kill_leftovers(const std::vector<std::int32_t>& pids) {
    if (pids.empty()) return remove_cgroups();
    SpawnRequest request;
    request.arguments = kill_command(pids);
    run_command(*parts_.processes, *parts_.loop, std::move(request), "", kCommandTimeout, kCommandOutputMax,
                [self = shared_from_this()](Result<CommandOutcome>) { self->remove_cgroups(); });
  }

  void remove_cgroups() {
    if (cgroup_root_.empty()) return list_mounts();
    auto started = parts_.pool->run([self = shared_from_this()] {
      const bool gone = remove_cgroup_tree(*self->parts_.disk, self->cgroup_root_);
      self->parts_.loop->post([self, gone] {
        if (gone) return self->list_mounts();
        if (++self->cgroup_attempts_ < kCgroupAttemptsMax) {
          self->parts_.loop->after(kCgroupPause, [self] { self->remove_cgroups(); });
          return;
        }
        self->report_.problems.push_back("control groups below " + self->cgroup_root_ + " are in use");
        self->list_mounts();
      });
    });
    if (!started.ok()) list_mounts();
  }

  void list_mounts() {
    auto started = parts_.pool->run([self = shared_from_this()] {
      const std::string mountinfo = read_kernel_file(*self->parts_.disk, "/proc/self/mountinfo", kMountinfoBytesMax);
      auto mounts = mounts_below(mountinfo, {self->options_.run_dir, self->options_.data_dir});
      self->parts_.loop->post([self, mounts = std::move(mounts)] { self->run_commands(mounts); });
    });
    if (!started.ok()) run_commands({});
  }

  void run_commands(const std::vector<std::string>& mounts) {
    for (const std::string& mount : mounts) commands_.push_back({{"umount", "--lazy", mount}, ""});
    // A runtime of others has a network of its own.
    if (parts_.containerd != nullptr) {
      commands_.push_back({{options_.ip, "link", "delete", options_.bridge}, "Cannot find device"});
      commands_.push_back({{options_.nft, "delete", "table", "ip", nft_table(options_)}, "No such file or directory"});
    }
    commands_.push_back({{"rm", "--recursive", "--force", "--one-file-system", options_.run_dir}, ""});
    next_command();
  }

  void next_command() {
    if (command_ == commands_.size()) return finish();
    const Command command = commands_[command_++];
    SpawnRequest request;
    request.arguments = command.arguments;
    run_command(*parts_.processes, *parts_.loop, std::move(request), "", kCommandTimeout, kCommandOutputMax,
                [self = shared_from_this(), command](Result<CommandOutcome> outcome) {
                  const std::string name = command.arguments.front();
                  if (!outcome.ok()) {
                    self->problem(name, outcome.error());
                  } else if (!outcome->status.ok() &&
                             (command.harmless.empty() || outcome->error_output.find(command.harmless) == std::string::npos)) {
                    self->report_.problems.push_back(name + ": " + outcome->error_output);
                  }
                  self->next_command();
                });
  }

  void finish() { std::exchange(done_, nullptr)(std::move(report_)); }

  void begin_all(std::size_t count, Task then) {
    left_ = count;
    then_ = std::move(then);
    if (count == 0) std::exchange(then_, nullptr)();
  }
  void one_done() {
    if (--left_ == 0) std::exchange(then_, nullptr)();
  }
  void problem(std::string_view what, const Error& error) {
    report_.problems.push_back(fmt::format("{}: {}", what, error.message()));
  }

  struct Command {
    std::vector<std::string> arguments;
    std::string harmless;  // what its complaint says when there is nothing to do
  };

  TakeDownParts parts_;
  ContainerdOptions options_;
  std::string cgroup_root_;
  Duration grace_max_;
  UniqueFunction<void(TakeDownReport)> done_;
  TakeDownReport report_;
  std::size_t left_ = 0, command_ = 0;
  int cgroup_attempts_ = 0;
  Task then_;
  std::vector<Command> commands_;
};

// "\040" -> " ": how the kernel writes spaces, tabs, line ends and backslashes in paths.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace

std::vector<std::string> mounts_below(const std::string& mountinfo, const std::vector<std::string>& folders) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < mountinfo.size();) {
    const std::size_t end = std::min(mountinfo.find('\n', at), mountinfo.size());
    std::string_view line(mountinfo.data() + at, end - at);
    at = end + 1;
    for (int word = 0; word < 4; ++word) line.remove_prefix(std::min(line.find(' '), line.size() - 1) + 1);
    const std::string path = unescape(line.substr(0, line.find(' ')));
    if (std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) { return is_below(path, folder); }))
      out.push_back(path);
  }
  std::stable_sort(out.begin(), out.end(), [](const std::string& a, const std::string& b) {
    return std::count(a.begin(), a.end(), '/') > std::count(b.begin(), b.end(), '/');
  });
  return out;
}

void take_down(TakeDownParts parts, ContainerdOptions options, std::string cgroup_root, Duration grace_max,
               UniqueFunction<void(TakeDownReport)> done) {
  std::make_shared<TakeDown>(parts, std::move(options), std::move(cgroup_root), grace_max, std::move(done))->stop_containers();
}

}  // namespace plinth::cri

// Carries out what one pod needs: looks at the runtime (pod_look.cpp), decides, acts (pod_setup.cpp, container_start.cpp,
// pod_end.cpp), tells the status. After each act it looks again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "node/agent/node_parts.h"
#include "node/agent/probe_runner.h"
#include "node/agent/status_writer.h"
#include "node/pod/decide.h"
#include "node/pod/observed.h"

namespace plinth::node {

struct ImageOutcome;

// On the node's loop; one for each pod uid.
class PodWorker {
 public:
  // Failures of a pod's own work (volumes, sandbox, configs) are tried again after this, doubling up to the second.
  static constexpr std::int64_t kRetryFirst = 1 * kSecond, kRetryMax = 120 * kSecond;
  static constexpr Duration kToldRetry = std::chrono::milliseconds(20);  // doubled each time
  static constexpr int kToldRetriesMax = 8;                              // five seconds; then the next relist finds out
  // Content of volumes is looked at again after this even if no object changed (tokens end).
  static constexpr Duration kRefreshInterval = std::chrono::seconds(75);

  // `ended` is called, later, when nothing is left of the pod; the worker is destroyed then.
  PodWorker(NodeParts& parts, std::shared_ptr<const Pod> pod, std::function<void(const std::string& uid)> ended);
  ~PodWorker();

  // The object changed, or is gone (pod->gone).
  void update(std::shared_ptr<const Pod> pod);
  // Something may have happened in the runtime: everything of the pod is asked for again.
  void look();
  // Something happened to that container or sandbox; all else is as it was seen last.
  void look_at(const std::string& id);
  // The runtime says that it has ended. Its own status may come after that word: it is asked for until it agrees.
  void look_at_ended(const std::string& id);
  // A process of it was ended for its memory. If the container has ended too, its status comes to say so.
  void look_at_killed(const std::string& id);
  // An object changed that the pod's volumes or variables come from.
  void dependency_changed();
  // Another object that its volumes wait for or follow.
  bool volumes_depend_on(const client::Object& object) const;
  bool depends_on(std::string_view plural, std::string_view name_space, std::string_view name) const;
  // Condemns the pod (eviction, not admitted).
  void condemn(Verdict verdict);

  const Pod& pod() const { return *pod_; }
  const std::shared_ptr<const Pod>& shared_pod() const { return pod_; }
  const Observed& seen() const { return seen_; }

 private:
  struct Start;
  using StartPtr = std::shared_ptr<Start>;

  void look_at_new_container(const std::string& id);
  void reconsider();
  void go_on();
  void list_all();
  void ask_again();
  void fail_look();
  void ask_until_as_told();
  void take_sandboxes(std::vector<Sandbox> sandboxes);
  void take_containers(std::vector<Container> containers);
  void finish_look();
  void adopt(const ContainerStatus& container);
  void read_termination_messages();
  void settle();
  void act(const Action& action);
  void note(const Note& note);
  void write_status();
  void watch_health();
  void arm(std::optional<std::int64_t> wake_at_ns);
  void end_step(Step& step, const Result<void>& outcome, const char* event_reason);

  void set_up_volumes();
  void refresh_volumes();
  void run_sandbox(std::uint32_t attempt);
  void ask_for_sandbox(std::uint32_t attempt);
  void stop_sandbox(const std::string& id);
  void kill_container(const Action& action);
  void stop_container(const std::string& container, const std::string& id, std::int64_t grace_s);
  void tear_down();
  void delete_object();
  void forget();

  void start_container(const Action& action);
  void remove_unstarted(const StartPtr& start);
  void find_volume_images(const StartPtr& start);
  void find_image(const StartPtr& start);
  void fail_image(const StartPtr& start, ImageOutcome outcome);
  void prepare(const StartPtr& start);
  void create(const StartPtr& start, std::vector<Mount> mounts);
  void started(const StartPtr& start, const std::string& id, Result<void> outcome);
  void run_post_start(const StartPtr& start, const std::string& id);
  void fail_start(const StartPtr& start, std::string reason, std::string message, std::int64_t retry_at_ns);
  bool gave_up(const StartPtr& start);

  std::vector<std::string> pod_ips() const;
  DownwardFacts downward_facts() const;
  VolumeTell volume_tell();
  HandlerTarget handler_target(const std::string& container, const std::string& id) const;
  void event(bool warning, std::string reason, std::string message, const std::string& container = "");
  std::int64_t now() const { return parts_.clock->wall_ns(); }
  // Wraps a callback: nothing happens once the worker is gone.
  template <typename F>
  auto guarded(F f) {
    return [alive = alive_, f = std::move(f)](auto&&... args) mutable {
      if (*alive) f(std::forward<decltype(args)>(args)...);
    };
  }

  NodeParts& parts_;
  std::shared_ptr<const Pod> pod_;
  std::function<void(const std::string&)> ended_;
  Observed seen_;
  PodMemory memory_;
  VolumeMap volumes_;
  StatusWriter status_;
  // A look that is under way, and whether another one is due after it.
  bool looking_ = false, look_again_ = false, go_on_again_ = false, reconsider_posted_ = false;
  bool stale_ = true;  // what was listed says nothing of now
  Observed gathering_;
  Observed listed_;               // what the runtime has, as it was seen last
  std::set<std::string> to_ask_;  // containers and sandboxes to be looked at
  // What events have said of a container and its status does not say yet, by id.
  struct ToldOf {
    bool ended = false, killed = false;
    int asked = 0;
  };
  std::map<std::string, ToldOf> told_of_;
  std::vector<std::string> left_to_ask_;
  std::map<std::string, ContainerStatus> exited_;               // never change any more
  std::map<std::string, std::unique_ptr<ProbeRunner>> probes_;  // by container name
  std::set<std::string> told_;                                  // notes
  TimerId timer_ = 0, refresh_timer_ = 0;
  bool refreshing_ = false, refresh_again_ = false, forgotten_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node

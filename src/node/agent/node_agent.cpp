#include "node/agent/node_agent.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/quoted.h"
#include "base/time_text.h"
#include "node/agent/admission.h"
#include "node/logs/log_rotation.h"
#include "node/pod/labels.h"
#include "node/volumes/local_plugins.h"

namespace plinth::node {
namespace {

std::string label(const StringMap& labels, std::string_view key) {
  const auto it = labels.find(key);
  return it == labels.end() ? std::string() : it->second;
}

// A pod of which only its sandbox is left, or only its directory: then without labels.
std::shared_ptr<const Pod> lost_pod(const StringMap& labels, const std::string& uid) {
  auto pod = std::make_shared<Pod>();
  pod->name = label(labels, kPodNameLabel);
  pod->name_space = label(labels, kPodNamespaceLabel);
  pod->uid = uid;
  pod->gone = true;
  return pod;
}

// What volumes may wait for or follow; most changes are of other kinds.
bool is_of_storage(const client::Resource& kind) {
  return kind.is("", "persistentvolumeclaims") || kind.is("", "persistentvolumes") || kind.group == "storage.k8s.io";
}

}  // namespace

NodeAgent::NodeAgent(NodeAgentParts given)
    : given_(std::move(given)),
      events_(*given_.transport, *given_.clock, given_.config.name),
      images_(parts_),
      groups_(parts_, given_.groups, [this] { return placed_pods(); }),
      volumes_(*given_.loop, *given_.pool, *given_.files, given_.root),
      registration_(std::make_unique<NodeRegistration>(parts_, given_.facts)),
      size_limits_(std::make_unique<SizeLimits>(
          parts_, [this] { return placed_pods(); },
          [this](const std::string& uid, Verdict verdict) { evict(uid, std::move(verdict)); })),
      volume_meter_(parts_, [this] { return placed_pods(); }) {
  parts_.loop = given_.loop;
  parts_.clock = given_.clock;
  parts_.entropy = given_.entropy;
  parts_.pool = given_.pool;
  parts_.files = given_.files;
  parts_.runtime = given_.runtime;
  parts_.prober = given_.prober;
  parts_.transport = given_.transport.get();
  parts_.view = [this] { return given_.cluster->view(); };
  parts_.volumes = &volumes_;
  parts_.events = &events_;
  parts_.service_variables = &service_variables_;
  parts_.images = &images_;
  parts_.groups = &groups_;
  parts_.config = given_.config;
  parts_.node_ips = given_.facts.addresses;
  parts_.log = given_.log;
  for (const auto& [name, text] : given_.facts.allocatable) {
    if (auto quantity = api::Quantity::parse(text); quantity.ok()) parts_.allocatable[name] = *quantity;
  }
  image_collector_ = std::make_unique<ImageCollector>(parts_, given_.gauges);
  image_collector_->on_look([this] { registration_->set_images(image_collector_->images()); });
  evictor_ = std::make_unique<Evictor>(parts_, evictor_ports());
  if (given_.usage != nullptr) {
    usage_meter_ = std::make_unique<UsageMeter>(
        parts_, given_.gauges, given_.usage, [this] { return running_containers(); },
        [this](const HostReading& reading, const api::UsageTable& usage, const std::map<std::string, std::uint64_t>& written) {
          look_for_shortage(reading, usage, written);
        });
  }
  const LocalPluginParts local{given_.loop, given_.pool, given_.files, given_.clock, given_.entropy, given_.transport.get()};
  volumes_.add(make_empty_dir_plugin(local));
  volumes_.add(make_host_path_plugin(local));
  volumes_.add(make_image_plugin(local));
  for (auto& plugin : make_content_plugins(local)) volumes_.add(std::move(plugin));
}

NodeAgent::~NodeAgent() {
  stop();
  *alive_ = false;
}

void NodeAgent::stop() {
  if (std::exchange(stopped_, true)) return;
  *alive_ = false;
  given_.cluster->stop();
  registration_.reset();
  size_limits_.reset();
  usage_meter_.reset();
  evictor_.reset();
  image_collector_.reset();
  given_.runtime->watch(nullptr);
  for (TimerId* timer : {&relist_timer_, &rotation_timer_}) {
    if (*timer != 0) given_.loop->cancel(std::exchange(*timer, 0));
  }
  workers_.clear();
}

void NodeAgent::start(Done<void> done) {
  auto finish = std::make_shared<Done<void>>(std::move(done));
  given_.cluster->start(*this, [this, finish, alive = alive_](Result<void> ready) {
    if (!*alive) return;
    if (!ready.ok()) return (*finish)(std::move(ready));
    registration_->start([this, finish, alive](Result<void> registered) {
      if (!*alive) return;
      if (!registered.ok())
        return (*finish)(Error(registered.error().reason(), "the node cannot be registered: " + registered.error().message()));
      given_.runtime->watch([this, alive](const RuntimeEvent& event) {
        if (*alive) on_runtime_event(event);
      });
      started_ = true;
      on_reset();
      relist();
      volumes_.sweep();
      rotate_logs();
      size_limits_->start();
      if (usage_meter_) usage_meter_->start();
      image_collector_->start();
      (*finish)({});
    });
  });
}

bool NodeAgent::is_mine(const client::Object& object) const {
  return object.resource.is("", "pods") && object["spec"]["nodeName"].as_string() == given_.config.name;
}

void NodeAgent::on_reset() {
  service_variables_.forget();
  if (!started_) return;
  const auto view = given_.cluster->view();
  std::map<std::string, bool> there;
  view->list(*view->find_resource("", "pods"), "", [&](const client::Object& object) {
    if (!is_mine(object)) return true;
    there[object.uid] = true;
    take_pod(object);
    return true;
  });
  std::vector<std::string> gone;
  for (const auto& [uid, _] : workers_) {
    if (there.count(uid) == 0) gone.push_back(uid);
  }
  for (const std::string& uid : gone) pod_is_gone(uid);
}

void NodeAgent::on_change(const client::Change& change, const client::View&) {
  if (!started_) return;
  const client::Object& object = change.object;
  const client::Resource& kind = object.resource;
  if (kind.is("", "pods")) {
    if (change.deleted)
      pod_is_gone(object.uid);
    else if (is_mine(object))
      take_pod(object);
    return;
  }
  if (kind.is("", "services")) return service_variables_.changed(object.name_space);
  if (!kind.is("", "configmaps") && !kind.is("", "secrets")) {
    if (!is_of_storage(kind)) return;
    for (const auto& [_, worker] : workers_) {
      if (worker->volumes_depend_on(object)) worker->dependency_changed();
    }
    return;
  }
  for (const auto& [_, worker] : workers_) {
    if (worker->depends_on(kind.plural, object.name_space, object.name)) worker->dependency_changed();
  }
}

PodWorker& NodeAgent::make_worker(std::shared_ptr<const Pod> pod) {
  auto& worker = workers_[pod->uid];
  worker = std::make_unique<PodWorker>(parts_, std::move(pod), [this, alive = alive_](const std::string& uid) {
    if (*alive) worker_ended(uid);
  });
  return *worker;
}

void NodeAgent::take_pod(const client::Object& object) {
  auto pod = std::make_shared<const Pod>(read_pod(object));
  if (const auto it = workers_.find(pod->uid); it != workers_.end()) return it->second->update(std::move(pod));
  std::optional<Verdict> refused;
  // One that was started before has its place already.
  const bool is_new = pod->status()["startTime"].as_string().empty() && !pod->deleting && !pod->ended_in_api();
  if (is_new) {
    const auto others = placed_pods();
    const auto view = given_.cluster->view();
    const auto node = view->get(*view->find_resource("", "nodes"), "", given_.config.name);
    refused = refused_under(evictor_->pressures(), *pod);
    if (!refused) refused = check_admission(*pod, others, parts_.allocatable, node ? node->metadata()["labels"] : Value());
  }
  PodWorker& worker = make_worker(std::move(pod));
  if (refused)
    worker.condemn(std::move(*refused));
  else
    worker.look();
}

std::vector<std::shared_ptr<const Pod>> NodeAgent::placed_pods() const {
  std::vector<std::shared_ptr<const Pod>> out;
  for (const auto& [_, worker] : workers_) {
    if (!worker->pod().ended_in_api() && !worker->pod().gone) out.push_back(worker->shared_pod());
  }
  return out;
}

RunningContainers NodeAgent::running_containers() const {
  RunningContainers out;
  for (const auto& [_, worker] : workers_) {
    const Pod& pod = worker->pod();
    for (const ContainerStatus& container : worker->seen().containers) {
      if (container.state != ContainerState::kRunning) continue;
      out[container.id] = {pod.name_space, pod.name, pod.uid, container.metadata.name, container.started_ns};
    }
  }
  return out;
}

EvictorPorts NodeAgent::evictor_ports() {
  EvictorPorts ports;
  ports.pods = [this] { return placed_pods(); };
  ports.evict = [this](const std::string& uid, Verdict verdict) { evict(uid, std::move(verdict)); };
  ports.tell = [this](const std::set<Pressure>& pressures) { registration_->set_pressures(pressures); };
  ports.free_images = [this](Done<std::uint64_t> freed) { image_collector_->free_unused(std::move(freed)); };
  return ports;
}

void NodeAgent::look_for_shortage(const HostReading& reading, const api::UsageTable& usage,
                                  const std::map<std::string, std::uint64_t>& written) {
  WrittenBytes by_pod;
  for (const auto& [id, container] : running_containers()) {
    if (const auto bytes = written.find(id); bytes != written.end()) by_pod[container.pod_uid][container.name] = bytes->second;
  }
  evictor_->look(reading, usage, by_pod);
}

void NodeAgent::evict(const std::string& uid, Verdict verdict) {
  const auto it = workers_.find(uid);
  if (it == workers_.end()) return;
  const Pod& pod = it->second->pod();
  EventSubject subject;
  subject.name_space = pod.name_space;
  subject.name = pod.name;
  subject.uid = pod.uid;
  events_.record(subject, true, "Evicted", verdict.message);
  it->second->condemn(std::move(verdict));
}

void NodeAgent::pod_is_gone(const std::string& uid) {
  const auto it = workers_.find(uid);
  if (it == workers_.end()) return;
  auto pod = std::make_shared<Pod>(it->second->pod());
  pod->gone = true;
  it->second->update(std::move(pod));
}

void NodeAgent::worker_ended(const std::string& uid) {
  const auto it = workers_.find(uid);
  if (it == workers_.end()) return;
  workers_.erase(it);
}

namespace {
void tell(PodWorker& worker, const RuntimeEvent& event) {
  if (event.type == EventType::kStopped) return worker.look_at_ended(event.id);
  if (event.type == EventType::kOutOfMemory) return worker.look_at_killed(event.id);
  worker.look_at(event.id);
}
}  // namespace

void NodeAgent::on_runtime_event(const RuntimeEvent& event) {
  if (event.type == EventType::kMissed) return relist();
  if (const auto it = workers_.find(event.pod_uid); it != workers_.end())
    return event.type == EventType::kDeleted ? it->second->look() : tell(*it->second, event);
  if (!event.pod_uid.empty()) return;
  for (const auto& [_, worker] : workers_) {
    for (const ContainerStatus& container : worker->seen().containers) {
      if (container.id == event.id) return tell(*worker, event);
    }
    for (const SandboxStatus& sandbox : worker->seen().sandboxes) {
      if (sandbox.id == event.id) return tell(*worker, event);
    }
  }
}

void NodeAgent::relist() {
  if (relist_timer_ != 0) given_.loop->cancel(relist_timer_);
  relist_timer_ = given_.loop->after(kRelist, [this, alive = alive_] {
    if (*alive) relist();
  });
  for (const auto& [_, worker] : workers_) worker->look();
  SandboxFilter filter;
  filter.labels = {{std::string(kNodeLabel), given_.config.name}};
  given_.runtime->list_sandboxes(std::move(filter), [this, alive = alive_](Result<std::vector<Sandbox>> sandboxes) {
    if (*alive && sandboxes.ok()) take_orphans(*sandboxes);
  });
}

// Sandboxes whose pod was removed while nobody looked.
void NodeAgent::take_orphans(const std::vector<Sandbox>& sandboxes) {
  for (const Sandbox& sandbox : sandboxes) {
    const std::string uid = label(sandbox.labels, kPodUidLabel);
    if (uid.empty() || workers_.count(uid) > 0) continue;
    make_worker(lost_pod(sandbox.labels, uid)).look();
  }
  if (!std::exchange(swept_, true)) sweep_directories();
}

// Directories of pods that are gone and have left no sandbox. A worker goes on until they are away.
void NodeAgent::sweep_directories() {
  volumes_.pods_on_disk([this, alive = alive_](Result<std::vector<std::string>> uids) {
    if (!*alive || !uids.ok()) return;
    for (const std::string& uid : *uids) {
      if (workers_.count(uid) > 0) continue;
      make_worker(lost_pod({}, uid)).look();
    }
  });
}

void NodeAgent::rotate_logs() {
  std::vector<std::pair<std::string, std::string>> running;  // container, log
  for (const auto& [_, worker] : workers_) {
    for (const ContainerStatus& container : worker->seen().containers) {
      if (container.state == ContainerState::kRunning && !container.log_path.empty())
        running.emplace_back(container.id, container.log_path);
    }
  }
  rotate_next(std::move(running));
}

// One after the other; the next round begins after the last.
void NodeAgent::rotate_next(std::vector<std::pair<std::string, std::string>> left) {
  if (left.empty()) {
    rotation_timer_ = given_.loop->after(kLogCheck, [this, alive = alive_] {
      if (*alive) rotate_logs();
    });
    return;
  }
  const auto [id, path] = left.back();
  left.pop_back();
  std::string stamp = format_rfc3339(given_.clock->wall_ns());
  std::erase_if(stamp, [](char c) { return c == ':' || c == '-' || c == 'Z'; });
  HostFiles& files = *given_.files;
  on_pool<bool>(
      *given_.loop, *given_.pool, alive_, [&files, path = path, stamp] { return rotate_log(files, path, stamp); },
      [this, id = id, left = std::move(left)](Result<bool> rotated) mutable {
        if (rotated.ok() && *rotated) given_.runtime->reopen_log(id, [](Result<void>) {});
        rotate_next(std::move(left));
      });
}

Result<LogPlace> NodeAgent::find_log(std::string_view name_space, std::string_view name, std::string_view container,
                                     bool previous) const {
  for (const auto& [_, worker] : workers_) {
    const Pod& pod = worker->pod();
    if (pod.name != name || pod.name_space != name_space || pod.gone) continue;
    const ContainerStatus* status = previous ? worker->seen().before_newest(container) : worker->seen().newest(container);
    if (previous && status == nullptr) {
      // The newest one may have ended, with none after it yet.
      return bad_request(fmt::format("previous terminated container {} in pod {} not found", quoted(container), quoted(name)));
    }
    if (status == nullptr || status->log_path.empty() || status->state == ContainerState::kCreated) {
      std::string_view reason = "ContainerCreating";
      for (const char* list : {"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"}) {
        for (const Value& told : pod.status()[list].items()) {
          if (told["name"].as_string() == container && told["state"]["waiting"].is_object())
            reason = told["state"]["waiting"]["reason"].as_string();
        }
      }
      const bool image = reason == "ErrImagePull" || reason == "ImagePullBackOff" || reason == "InvalidImageName" ||
                         reason == "ErrImageNeverPull";
      return bad_request(fmt::format("container {} in pod {} is waiting to start: {}", quoted(container), quoted(name),
                                     image ? "trying and failing to pull image" : reason));
    }
    return LogPlace{status->log_path, status->state == ContainerState::kRunning};
  }
  return Error(Reason::kNotFound, fmt::format("pod {} is not on this node", quoted(name)));
}

const PodWorker* NodeAgent::find_worker(std::string_view name_space, std::string_view name) const {
  for (const auto& [_, worker] : workers_) {
    const Pod& pod = worker->pod();
    if (pod.name == name && pod.name_space == name_space && !pod.gone) return worker.get();
  }
  return nullptr;
}

Result<ContainerPlace> NodeAgent::find_container(std::string_view name_space, std::string_view name,
                                                 std::string_view container) const {
  const PodWorker* worker = find_worker(name_space, name);
  if (worker == nullptr) return Error(Reason::kNotFound, "pod does not exist");
  const ContainerStatus* status = worker->seen().current(container);
  if (status == nullptr || status->state != ContainerState::kRunning)
    return Error(Reason::kNotFound, fmt::format("container not found ({})", quoted(container)));
  return ContainerPlace{status->id, status->sandbox_id};
}

Result<std::string> NodeAgent::find_sandbox(std::string_view name_space, std::string_view name) const {
  const PodWorker* worker = find_worker(name_space, name);
  if (worker == nullptr) return Error(Reason::kNotFound, "pod does not exist");
  const SandboxStatus* sandbox = worker->seen().current_sandbox();
  if (sandbox == nullptr || sandbox->state != SandboxState::kReady)
    return Error(Reason::kNotFound, fmt::format("pod {} has no sandbox that is ready", quoted(name)));
  return sandbox->id;
}

void NodeAgent::stats(Done<NodeStats> done) {
  auto finish = std::make_shared<Done<NodeStats>>(std::move(done));
  volume_meter_.get([this, finish, alive = alive_](Result<std::vector<MeasuredVolume>> volumes) {
    if (!volumes.ok()) return (*finish)(std::move(volumes).error());
    NodeStats out;
    out.node = given_.config.name;
    out.running = running_containers();
    out.measured = usage_meter_ ? usage_meter_->measured() : nullptr;
    out.usage = given_.usage == nullptr ? nullptr : given_.usage->latest();
    out.volumes = std::move(*volumes);
    (*finish)(std::move(out));
  });
}

std::string NodeAgent::pods_json() const {
  std::string out = R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)";
  bool first = true;
  for (const auto& [_, worker] : workers_) {
    if (worker->pod().gone) continue;
    if (!std::exchange(first, false)) out += ",";
    out += to_json(worker->pod().document.root());
  }
  return out + "]}";
}

}  // namespace plinth::node

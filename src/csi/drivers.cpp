#include "csi/drivers.h"

#include <algorithm>

#include "csi/claim_volumes.h"
#include "csi/node_objects.h"
#include "csi/sidecar.h"
#include "csi/volumes_in_use.h"

namespace plinth::csi {
namespace {

constexpr std::string_view kManager = "csi-registrar";

}  // namespace

Drivers::Drivers(DriversParts parts, DriversOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      cluster_(parts_.site.make_cluster()),
      transport_(cluster_->transport(kManager)) {
  if (options_.built_in) {
    add_site("unix:" + options_.built_in->socket, Controls::kYes);
    child_ = std::make_unique<BuiltInChild>(*parts_.site.loop, *parts_.processes, parts_.site.log, *options_.built_in,
                                            sites_.back()->client());
  }
  for (const std::string& socket : options_.sockets) add_site("unix:" + socket, Controls::kYes);
}

Drivers::~Drivers() {
  *alive_ = false;
  if (timer_ != 0) parts_.site.loop->cancel(timer_);
}

void Drivers::add_site(const std::string& address, Controls controls) {
  sites_.push_back(std::make_unique<DriverSite>(parts_.site, address, controls, [this] { register_node(); }));
}

std::unique_ptr<node::VolumePlugin> Drivers::make_plugin(client::Transport& transport) {
  ClaimVolumeParts parts;
  parts.loop = parts_.site.loop;
  parts.pool = parts_.pool;
  parts.clock = parts_.site.clock;
  parts.files = parts_.files;
  parts.transport = &transport;
  parts.find_driver = [this, alive = alive_](std::string_view name) { return *alive ? find(name) : std::nullopt; };
  parts.root = options_.root;
  parts.log = parts_.site.log;
  VolumesInUseParts in_use{parts.loop,    parts.pool,        parts.files, &transport, [this] { return cluster_->view(); },
                           options_.root, options_.node_name};
  return with_volumes_in_use(std::move(in_use), make_claim_volumes(std::move(parts)));
}

void Drivers::start() {
  if (child_) child_->start();
  for (const auto& site : sites_) site->start();
  if (options_.watch_registry) follow_registry();
}

std::optional<NodeDriver> Drivers::find(std::string_view name) const {
  for (const auto& site : sites_) {
    if (!site->hidden() && site->facts() != nullptr && site->facts()->info.name == name)
      return NodeDriver{site->client(), site->facts()};
  }
  return std::nullopt;
}

std::vector<const DriverFacts*> Drivers::on_node() const {
  std::vector<const DriverFacts*> out;
  for (const auto& site : sites_) {
    const DriverFacts* facts = site->hidden() ? nullptr : site->facts().get();
    const bool again = facts != nullptr && std::any_of(out.begin(), out.end(), [&](const DriverFacts* other) {
                         return other->info.name == facts->info.name;
                       });
    if (facts != nullptr && facts->on_node && !again) out.push_back(facts);
  }
  return out;
}

void Drivers::register_node() {
  if (registering_ || timer_ != 0) {
    again_ = true;
    return;
  }
  registering_ = true;
  again_ = false;
  const auto view = cluster_->view();
  auto requests = node_requests(*view, options_.node_name, on_node(), kManager);
  if (!requests.ok()) return registered(std::move(requests).error());
  if (child_ && sites_.front()->facts() != nullptr) {
    for (client::Request& request : first_objects(*view, sites_.front()->facts()->info.name, kManager))
      requests->push_back(std::move(request));
  }
  run_requests(*transport_, alive_, std::move(*requests), [this](Result<void> outcome) { registered(std::move(outcome)); });
}

void Drivers::registered(Result<void> outcome) {
  registering_ = false;
  if (!outcome.ok()) {
    parts_.site.log.warning("storage drivers are not registered yet", {{"error", outcome.error()}});
    const Duration pause = std::min<Duration>(kPauseMin * (1 << std::min(failures_++, 8)), kPauseMax);
    timer_ = parts_.site.loop->after(pause, [this] {
      timer_ = 0;
      register_node();
    });
    return;
  }
  failures_ = 0;
  for (const DriverFacts* facts : on_node()) {
    parts_.site.log.info("a storage driver is registered", {{"driver", facts->info.name}});
    if (registrar_) registrar_->registered(facts->info.name, "");
  }
  if (again_) register_node();
}

void Drivers::follow_registry() {
  RegistrarParts parts{parts_.site.loop, parts_.site.clock, parts_.site.network, parts_.pool, parts_.files, parts_.site.log};
  Registrar::Events events;
  events.appeared = [this](const std::string& name, const std::string& address) { appeared(name, address); };
  events.vanished = [this](const std::string&, const std::string& address) { vanished(address); };
  registrar_ = std::make_unique<Registrar>(std::move(parts), options_.root + "/plugins_registry", std::move(events));
  registrar_->start();
}

void Drivers::appeared(const std::string& name, const std::string& address) {
  // Its socket was given too: the node's part is known already.
  if (find(name)) return register_node();
  for (const auto& site : sites_) {
    if (site->address() == address) return site->show();
  }
  add_site(address, Controls::kNo);
  sites_.back()->start();
}

void Drivers::vanished(const std::string& address) {
  const auto given = [&](const std::string& socket) { return "unix:" + socket == address; };
  if (std::any_of(options_.sockets.begin(), options_.sockets.end(), given)) return;
  for (const auto& site : sites_) {
    if (site->address() == address) site->hide();
  }
  register_node();
}

}  // namespace plinth::csi

#include "csi/driver_site.h"

#include <algorithm>

#include "csi/attacher.h"
#include "csi/capacity_publisher.h"
#include "csi/provisioner.h"
#include "csi/resizer.h"
#include "csi/snapshotter.h"

namespace plinth::csi {

DriverSite::DriverSite(SiteParts parts, std::string address, Controls controls, std::function<void()> known)
    : parts_(std::move(parts)),
      address_(std::move(address)),
      controls_(controls),
      known_(std::move(known)),
      client_(std::make_shared<CsiClient>(net::make_grpc_channel(*parts_.loop, *parts_.network, *parts_.clock, address_))) {}

DriverSite::~DriverSite() {
  *alive_ = false;
  if (timer_ != 0) parts_.loop->cancel(timer_);
}

void DriverSite::start() { ask(); }

void DriverSite::show() {
  if (!std::exchange(hidden_, false)) return;
  if (timer_ != 0) parts_.loop->cancel(std::exchange(timer_, 0));
  asks_ = 0;
  ask();
}

void DriverSite::ask() {
  client_->facts([this, alive = alive_](Reply<DriverFacts> reply) {
    if (!*alive) return;
    if (reply.status.ok() && reply.value.info.name.empty())
      reply.status = {net::GrpcCode::kInternal, "the driver gives no name"};
    if (!reply.status.ok()) {
      // A driver that comes up does not answer at first.
      const std::string why = net::to_error(reply.status).message();
      if (asks_ > 3 && std::exchange(told_, why) != why)
        parts_.log.warning("a storage driver does not answer", {{"address", address_}, {"error", why}});
      return ask_later();
    }
    facts_ = std::make_shared<const DriverFacts>(std::move(reply.value));
    if (controls_ == Controls::kYes) return run_roles();
    known_();
  });
}

void DriverSite::ask_later() {
  const Duration pause = std::min<Duration>(kPauseMin * (1 << std::min(asks_++, 8)), kPauseMax);
  timer_ = parts_.loop->after(pause, [this] {
    timer_ = 0;
    ask();
  });
}

void DriverSite::run_roles() {
  sidecar_ = std::make_unique<Sidecar>(SidecarParts{parts_.loop, parts_.clock, parts_.make_cluster(), parts_.log});
  const RoleParts role{parts_.clock, client_.get(), [this] { return sidecar_->cluster().view(); }};
  const workloads::CsiDriverInfo& info = facts_->info;
  sidecar_->add(make_provisioner(role, info));
  sidecar_->add(make_attacher(role, info));
  sidecar_->add(make_resizer(role, info));
  if (info.snapshots) sidecar_->add(make_snapshotter(role, info));
  if (info.tells_capacity) sidecar_->add(make_capacity_publisher(role, info));
  sidecar_->start([this, alive = alive_](Result<void> ready) {
    if (!*alive) return;
    if (!ready.ok())
      return parts_.log.error("volumes are not provisioned", {{"driver", facts_->info.name}, {"error", ready.error()}});
    known_();
  });
}

}  // namespace plinth::csi

#include "cri/cri_runtime.h"

#include "cri/cri_driver.h"

namespace plinth::cri {

CriRuntime::CriRuntime(CriParts parts, CriOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      channel_(net::make_grpc_channel(*parts_.loop, *parts_.network, *parts_.clock, options_.address)) {}

void CriRuntime::version(Done<node::RuntimeVersion> done) {
  wire::VersionRequest request;
  request.set_version("v1");
  call<wire::VersionResponse>(*channel_, runtime_path("Version"), request, kCallTimeout, std::move(done),
                              [](const wire::VersionResponse& r) {
                                return node::RuntimeVersion{r.runtime_name(), r.runtime_version(), r.runtime_api_version()};
                              });
}

void CriRuntime::status(Done<node::RuntimeStatus> done) {
  call<wire::StatusResponse>(*channel_, runtime_path("Status"), wire::StatusRequest(), kCallTimeout, std::move(done),
                             [](const wire::StatusResponse& r) {
                               node::RuntimeStatus status;
                               for (const auto& c : r.status().conditions()) {
                                 status.conditions.push_back({c.type(), c.status(), c.reason(), c.message()});
                               }
                               for (const auto& handler : r.runtime_handlers()) status.handlers.push_back(handler.name());
                               return status;
                             });
}

void CriRuntime::watch(std::function<void(const node::RuntimeEvent&)> on_event) {
  watch_.reset();
  if (!on_event) return;
  watch_ = watch_events(*channel_, *parts_.loop, [this, on_event = std::move(on_event)](node::RuntimeEvent event) {
    const auto found = pod_uids_.find(event.id);
    if (found != pod_uids_.end()) event.pod_uid = found->second;
    on_event(event);
  });
}

bool CriRuntime::is_ours(const node::StringMap& annotations) const {
  if (options_.instance.empty()) return true;
  const auto found = annotations.find(kInstanceAnnotation);
  return found != annotations.end() && found->second == options_.instance;
}

void CriRuntime::unmark(node::StringMap& annotations) {
  const auto found = annotations.find(kInstanceAnnotation);
  if (found != annotations.end()) annotations.erase(found);
}

std::unique_ptr<node::Runtime> make_cri_runtime(CriParts parts, CriOptions options) {
  return std::make_unique<CriRuntime>(std::move(parts), std::move(options));
}

}  // namespace plinth::cri

// One look at a claim: which volume it gets, or what it waits for.
#pragma once

#include "client/controller.h"
#include "client/events.h"

namespace plinth::workloads {

inline constexpr std::string_view kBinderName = "persistent-volume-binder";

// Each look writes one thing at most; what follows from it comes with the next.
void claim_step(const client::View& view, const client::Object& claim, client::EventRecorder& events, client::Plan& plan);
// Of a volume: its phase, and what happens when its claim is gone.
void volume_step(const client::View& view, const client::Object& volume, client::EventRecorder& events, client::Plan& plan);

}  // namespace plinth::workloads

#include "client/lease_election.h"

#include "base/json.h"
#include "base/time_text.h"
#include "client/object.h"

namespace plinth::client {

std::string LeaseElection::path(bool object) const {
  const Resource leases{"coordination.k8s.io", "v1", "leases", "Lease", true};
  return object_path(leases, options_.name_space, object ? std::string_view(options_.name) : std::string_view());
}

void LeaseElection::attempt() {
  transport_.call({"GET", path(true)}, [this, alive = alive_](Result<Response> response) {
    if (!*alive || stopped_) return;
    if (!response.ok()) return failed(response.error().message());
    if (response->status == 404) {
      seen_ = Seen();
      return take();
    }
    if (auto checked = check_response(*response); !checked.ok()) return failed(checked.error().message());
    look(*response);
  });
}

void LeaseElection::look(const Response& response) {
  auto lease = parse_json(response.body);
  if (!lease.ok()) return failed(lease.error().message());
  const Value spec = (*lease)["spec"];
  const std::string revision((*lease)["metadata"]["resourceVersion"].as_string());
  if (!seen_.there || seen_.revision != revision) seen_.since_ns = clock_.monotonic_ns();
  seen_.there = true;
  seen_.revision = revision;
  seen_.holder = spec["holderIdentity"].as_string();
  seen_.acquired = spec["acquireTime"].as_string();
  seen_.transitions = spec["leaseTransitions"].as_int();
  seen_.lease_ns = spec["leaseDurationSeconds"].as_int() * 1'000'000'000;
  const bool others = !seen_.holder.empty() && seen_.holder != options_.identity;
  if (others && seen_.since_ns + seen_.lease_ns > clock_.monotonic_ns()) {
    const std::string why = "the lease " + options_.name_space + "/" + options_.name + ", held by " + seen_.holder;
    if (leading_) {
      leading_ = false;
      stopped_ = true;
      return events_.on_lost(why);
    }
    tell(why);
    return again();
  }
  take();
}

std::string LeaseElection::record(const std::string& holder, Duration lease, std::int64_t transitions,
                                  const std::string& acquired) const {
  Draft draft;
  draft.root() = draft.object();
  draft.set(draft.root(), "apiVersion", "coordination.k8s.io/v1");
  draft.set(draft.root(), "kind", "Lease");
  Value metadata = draft.object();
  draft.set(metadata, "name", options_.name);
  draft.set(metadata, "namespace", options_.name_space);
  if (seen_.there) draft.set(metadata, "resourceVersion", seen_.revision);
  draft.member(draft.root(), "metadata") = metadata;
  Value spec = draft.object();
  draft.set(spec, "holderIdentity", holder);
  draft.set(spec, "leaseDurationSeconds",
            Value::of(static_cast<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(lease).count())));
  draft.set(spec, "acquireTime", acquired);
  draft.set(spec, "renewTime", format_rfc3339_micro(clock_.wall_ns()));
  draft.set(spec, "leaseTransitions", Value::of(transitions));
  draft.member(draft.root(), "spec") = spec;
  return to_json(draft.root());
}

void LeaseElection::take() {
  const bool ours = seen_.there && seen_.holder == options_.identity;
  acquired_ = ours ? seen_.acquired : format_rfc3339_micro(clock_.wall_ns());
  const std::int64_t transitions = seen_.there && !ours ? seen_.transitions + 1 : seen_.transitions;
  Request request{seen_.there ? "PUT" : "POST", path(seen_.there), "",
                  record(options_.identity, options_.lease, transitions, acquired_)};
  transport_.call(std::move(request), [this, alive = alive_](Result<Response> response) {
    if (*alive && !stopped_) took(std::move(response));
  });
}

void LeaseElection::took(Result<Response> response) {
  auto checked = response.ok() ? check_response(*response) : Result<void>(std::move(response).error());
  // Somebody was faster: who it was is seen at the next look.
  if (!checked.ok()) return failed(checked.error().message());
  renewed_ns_ = clock_.monotonic_ns();
  if (auto lease = parse_json(response->body); lease.ok()) {
    seen_.there = true;
    seen_.holder = options_.identity;
    seen_.acquired = acquired_;
    seen_.revision = (*lease)["metadata"]["resourceVersion"].as_string();
    seen_.transitions = (*lease)["spec"]["leaseTransitions"].as_int();
  }
  again();
  if (!std::exchange(leading_, true)) events_.on_leading();
}

void LeaseElection::failed(const std::string& why) {
  if (leading_ && clock_.monotonic_ns() - renewed_ns_ >= options_.deadline.count()) {
    leading_ = false;
    stopped_ = true;
    return events_.on_lost("the lease could not be renewed: " + why);
  }
  if (!leading_) tell("the lease " + options_.name_space + "/" + options_.name + ": " + why);
  again();
}

void LeaseElection::again() {
  loop_.after(options_.retry, [this, alive = alive_] {
    if (*alive && !stopped_) attempt();
  });
}

void LeaseElection::tell(const std::string& why) {
  if (std::exchange(told_, why) != why) events_.on_waiting(why);
}

void LeaseElection::stop(UniqueFunction<void()> done) {
  const bool held = leading_;
  stopped_ = true;
  leading_ = false;
  if (!held) return done();
  constexpr Duration kReleased = std::chrono::seconds(1);  // the shortest that is allowed
  Request request{"PUT", path(true), "", record("", kReleased, seen_.transitions, seen_.acquired)};
  transport_.call(std::move(request), [done = std::move(done)](Result<Response>) { done(); });
}

}  // namespace plinth::client

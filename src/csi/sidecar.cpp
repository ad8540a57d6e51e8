#include "csi/sidecar.h"

#include <algorithm>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "client/expectations.h"

namespace plinth::csi {
namespace {

const client::Resource kSecrets{"", "v1", "secrets", "Secret", true};

struct Requests {
  client::Transport& transport;
  std::shared_ptr<bool> alive;
  std::vector<client::Request> requests;
  UniqueFunction<void(Result<std::uint64_t>)> done;
  std::size_t at = 0;
  std::uint64_t revision = 0;
};

void next(std::shared_ptr<Requests> work) {
  if (work->at == work->requests.size()) return work->done(work->revision);
  const client::Request& request = work->requests[work->at++];
  work->transport.call(request, [work, &request](Result<client::Response> response) {
    if (!*work->alive) return;
    auto outcome = response.ok() ? client::check_response(*response, request.check, request.check_uid)
                                 : Result<void>(std::move(response).error());
    if (!outcome.ok() && !request.optional) return work->done(std::move(outcome).error());
    if (outcome.ok() && !request.optional) {
      if (const auto write = client::own_write(request.method, request.target, *response))
        work->revision = std::max(work->revision, write->revision);
    }
    next(work);
  });
}

}  // namespace

void run_requests(client::Transport& transport, std::shared_ptr<bool> alive, std::vector<client::Request> requests,
                  UniqueFunction<void(Result<void>)> done) {
  write_requests(transport, std::move(alive), std::move(requests), [done = std::move(done)](Result<std::uint64_t> outcome) {
    done(outcome.ok() ? Result<void>() : Result<void>(std::move(outcome).error()));
  });
}

void write_requests(client::Transport& transport, std::shared_ptr<bool> alive, std::vector<client::Request> requests,
                    UniqueFunction<void(Result<std::uint64_t>)> done) {
  next(std::make_shared<Requests>(Requests{transport, std::move(alive), std::move(requests), std::move(done)}));
}

Result<StringMap> secret_values(const client::View& view, const workloads::SecretReference& reference) {
  const auto secret = view.get(kSecrets, reference.name_space, reference.name);
  if (!secret) return Error(Reason::kNotFound, "secret " + reference.name_space + "/" + reference.name + " not found");
  StringMap out;
  for (const Member& member : (*secret)["data"].members()) {
    auto value = base64_decode(member.value.as_string());
    if (!value) return bad_request("secret " + reference.name_space + "/" + reference.name + ": data is not base64");
    out[std::string(member.key())] = std::move(*value);
  }
  return out;
}

Result<StringMap> secret_values(const client::View& view, const std::optional<workloads::SecretReference>& reference) {
  if (!reference) return StringMap();
  return secret_values(view, *reference);
}

bool is_uncertain(const net::GrpcStatus& status) {
  using net::GrpcCode;
  return status.code == GrpcCode::kCancelled || status.code == GrpcCode::kDeadlineExceeded ||
         status.code == GrpcCode::kUnavailable || status.code == GrpcCode::kAborted;
}

Sidecar::~Sidecar() {
  *alive_ = false;
  for (const auto& entry : entries_) {
    if (entry->round != 0) parts_.loop->cancel(entry->round);
    for (auto& [key, work] : entry->work) {
      if (work.timer != 0) parts_.loop->cancel(work.timer);
    }
  }
  parts_.cluster->stop();
}

void Sidecar::add(std::unique_ptr<Role> role) {
  auto entry = std::make_unique<Entry>();
  entry->transport = parts_.cluster->transport(role->name());
  entry->role = std::move(role);
  entries_.push_back(std::move(entry));
}

void Sidecar::start(UniqueFunction<void(Result<void>)> done) {
  parts_.cluster->start(*this, [this, alive = alive_, done = std::move(done)](Result<void> ready) {
    if (!*alive) return;
    if (ready.ok()) {
      look_at_all();
      for (const auto& entry : entries_) look_again_later(*entry);
    }
    done(std::move(ready));
  });
}

void Sidecar::on_change(const client::Change& change, const client::View& view) {
  for (const auto& entry : entries_) {
    std::vector<std::string> keys;
    entry->role->keys_of(change, view, keys);
    for (const std::string& key : keys) wake(*entry, key, change.object.revision);
  }
}

void Sidecar::look_at_all() {
  const auto view = parts_.cluster->view();
  for (const auto& entry : entries_) {
    std::vector<std::string> keys;
    entry->role->initial_keys(*view, keys);
    for (const std::string& key : keys) wake(*entry, key, UINT64_MAX);
  }
}

void Sidecar::wake(Entry& entry, const std::string& key, std::uint64_t revision) {
  Work& work = entry.work[key];
  if (work.timer == 0) return enqueue(entry, key, revision);
  if (revision <= work.own_revision) return;
  // Somebody changed something: the pause is cut short.
  const std::int64_t soon = parts_.clock->monotonic_ns() + std::chrono::nanoseconds(kPauseMin).count();
  if (work.due_ns <= soon) return;
  parts_.loop->cancel(work.timer);
  set_timer(entry, key, kPauseMin);
}

void Sidecar::enqueue(Entry& entry, const std::string& key, std::uint64_t revision) {
  Work& work = entry.work[key];
  if (work.busy) {
    work.again = true;
    work.seen_revision = std::max(work.seen_revision, revision);
    return;
  }
  if (std::exchange(work.queued, true)) return;
  entry.queue.push_back(key);
  pump(entry);
}

void Sidecar::pump(Entry& entry) {
  while (!entry.queue.empty() && entry.calls < kCallsAtOnce) {
    const std::string key = std::move(entry.queue.front());
    entry.queue.pop_front();
    entry.work[key].queued = false;
    look(entry, key);
  }
}

void Sidecar::look(Entry& entry, const std::string& key) {
  RoleStep step = entry.role->step(parts_.cluster->view(), key);
  tell(entry, std::move(step.events));
  if (step.plan.requests.empty() && !step.call) {
    if (!step.ok) return fail(entry, key, step.pause);
    entry.work.erase(key);
    return;
  }
  Work& work = entry.work[key];
  work.busy = true;
  work.again = false;
  work.seen_revision = 0;
  ++entry.calls;
  auto held = std::make_shared<RoleStep>(std::move(step));
  carry_out(entry, key, std::move(held->plan), [this, &entry, key, held](Result<void> written) {
    if (written.ok() && held->call) return call(entry, key, *held);
    finish(entry, key, written, held->ok, held->pause);
  });
}

void Sidecar::call(Entry& entry, const std::string& key, RoleStep& step) {
  step.call([this, alive = alive_, &entry, key](Outcome outcome) {
    if (!*alive) return;
    tell(entry, std::move(outcome.events));
    const bool ok = outcome.ok;
    const Duration pause = outcome.pause;
    carry_out(entry, key, std::move(outcome.plan),
              [this, &entry, key, ok, pause](Result<void> written) { finish(entry, key, written, ok, pause); });
  });
}

void Sidecar::tell(Entry& entry, client::Plan events) {
  for (client::Request& request : events.requests) entry.transport->call(std::move(request), [](Result<client::Response>) {});
}

void Sidecar::carry_out(Entry& entry, const std::string& key, client::Plan plan, UniqueFunction<void(Result<void>)> done) {
  write_requests(*entry.transport, alive_, std::move(plan.requests),
                 [&entry, key, done = std::move(done)](Result<std::uint64_t> outcome) {
                   if (!outcome.ok()) return done(std::move(outcome).error());
                   Work& work = entry.work[key];
                   work.own_revision = std::max(work.own_revision, *outcome);
                   done({});
                 });
}

void Sidecar::finish(Entry& entry, const std::string& key, const Result<void>& written, bool ok, Duration pause) {
  Work& work = entry.work[key];
  --entry.calls;
  work.busy = false;
  if (!written.ok()) {
    // What is there already was made by a run that did not see its answer; after a conflict the key is looked at anew.
    const Reason reason = written.error().reason();
    const bool moved_on = reason == Reason::kAlreadyExists || reason == Reason::kConflict || reason == Reason::kNotFound;
    if (!moved_on) parts_.log.warning("not written", {{"role", entry.role->name()}, {"key", key}, {"error", written.error()}});
    return fail(entry, key, moved_on ? kPauseConflict : Duration::zero());
  }
  if (!ok) return fail(entry, key, pause);
  work.failures = 0;
  // Its own writes come as changes; those that came meanwhile were put off.
  if (std::exchange(work.again, false)) enqueue(entry, key, 0);
  pump(entry);
}

void Sidecar::fail(Entry& entry, const std::string& key, Duration pause) {
  Work& work = entry.work[key];
  const bool changed = std::exchange(work.again, false) && work.seen_revision > work.own_revision;
  if (pause == Duration::zero()) {
    pause = std::min<Duration>(kPauseMin * (1 << std::min(work.failures, 9)), kPauseMax);
    ++work.failures;
  }
  set_timer(entry, key, changed ? std::min<Duration>(pause, kPauseMin) : pause);
  pump(entry);
}

void Sidecar::set_timer(Entry& entry, const std::string& key, Duration pause) {
  Work& work = entry.work[key];
  work.due_ns = parts_.clock->monotonic_ns() + std::chrono::nanoseconds(pause).count();
  work.timer = parts_.loop->after(pause, [this, &entry, key] {
    entry.work[key].timer = 0;
    enqueue(entry, key, 0);
  });
}

void Sidecar::look_again_later(Entry& entry) {
  if (entry.role->every() == Duration::zero()) return;
  entry.round = parts_.loop->after(entry.role->every(), [this, &entry] {
    std::vector<std::string> keys;
    entry.role->initial_keys(*parts_.cluster->view(), keys);
    for (const std::string& key : keys) wake(entry, key, UINT64_MAX);
    look_again_later(entry);
  });
}

}  // namespace plinth::csi

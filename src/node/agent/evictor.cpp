#include "node/agent/evictor.h"

#include <algorithm>

#include "node/agent/event_recorder.h"

namespace plinth::node {

struct Evictor::Round {
  Shortage shortage;
  std::vector<Candidate> candidates;
};

void Evictor::look(const HostReading& reading, const api::UsageTable& usage, const WrittenBytes& written) {
  const std::vector<Shortage> found = shortages(reading, EvictionThresholds());
  const std::set<Pressure> before = state_.holds();
  state_.update(found, parts_.clock->monotonic_ns());
  if (state_.holds() != before) ports_.tell(state_.holds());
  if (found.empty() || busy_ || waits_for_pod()) return;
  auto round = std::make_shared<Round>();
  round->shortage = found.front();  // memory comes first: it is the most urgent
  for (auto& pod : ports_.pods()) {
    Candidate candidate;
    if (const auto measured = usage.pods.find({pod->name_space, pod->name});
        measured != usage.pods.end() && measured->second.uid == pod->uid)
      candidate.containers = measured->second.containers;
    if (const auto layers = written.find(pod->uid); layers != written.end()) candidate.written = layers->second;
    candidate.pod = std::move(pod);
    round->candidates.push_back(std::move(candidate));
  }
  act(round);
}

bool Evictor::waits_for_pod() {
  if (evicted_uid_.empty()) return false;
  const auto pods = ports_.pods();
  const bool there = std::any_of(pods.begin(), pods.end(), [&](const auto& pod) { return pod->uid == evicted_uid_; });
  if (there && parts_.clock->monotonic_ns() - evicted_ns_ < kPodGoneNs) return true;
  evicted_uid_.clear();
  return false;
}

void Evictor::act(const std::shared_ptr<Round>& round) {
  EventSubject subject;
  subject.kind = "Node";
  subject.name = subject.uid = parts_.config.name;
  parts_.events->record(subject, true, "EvictionThresholdMet", "Attempting to reclaim " + round->shortage.resource);
  if (round->shortage.pressure != Pressure::kDisk) return evict_first(*round);
  busy_ = true;
  if (!ports_.free_images) return measure(round, 0);
  ports_.free_images([this, round, alive = alive_](Result<std::uint64_t> freed) {
    if (!*alive) return;
    // Whether that was enough, the next round says.
    if (freed.ok() && *freed > 0)
      busy_ = false;
    else
      measure(round, 0);
  });
}

// What pods have on the node's disk, one after the other: volumes in their directories and logs.
void Evictor::measure(const std::shared_ptr<Round>& round, std::size_t at) {
  if (at == round->candidates.size()) {
    busy_ = false;
    return evict_first(*round);
  }
  HostFiles* files = parts_.files;
  const Pod& pod = *round->candidates[at].pod;
  on_pool<std::uint64_t>(
      *parts_.loop, *parts_.pool, alive_,
      [files,
       folders = std::vector<std::string>{parts_.volumes->pod_directory(pod.uid), pod_log_directory(parts_.config, pod)}] {
        std::uint64_t sum = 0;
        for (const std::string& folder : folders) {
          if (auto usage = files->usage(folder); usage.ok()) sum += usage->bytes;
        }
        return Result<std::uint64_t>(sum);
      },
      [this, round, at](Result<std::uint64_t> bytes) {
        if (bytes.ok()) round->candidates[at].volumes_and_logs = *bytes;
        measure(round, at + 1);
      });
}

void Evictor::evict_first(const Round& round) {
  const auto first = first_to_go(round.candidates, round.shortage.pressure);
  if (!first) return;
  const Candidate& candidate = round.candidates[*first];
  evicted_uid_ = candidate.pod->uid;
  evicted_ns_ = parts_.clock->monotonic_ns();
  ports_.evict(evicted_uid_, eviction_verdict(candidate, round.shortage));
}

}  // namespace plinth::node

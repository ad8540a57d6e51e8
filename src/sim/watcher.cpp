#include "sim/watcher.h"

#include <fmt/core.h>

#include "base/json.h"
#include "base/text.h"

namespace plinth::sim {

Watcher::Watcher(std::string collection, std::string prefix, bool labelled)
    : collection_(std::move(collection)), prefix_(std::move(prefix)), labelled_(labelled) {}

void Watcher::drop() {
  ++*life_;
  if (responder_) responder_->stop();
  responder_.reset();
  input_.clear();
}

void Watcher::resume(SimPlatform& platform) {
  if (responder_ != nullptr && !responder_->closed()) return;
  drop();
  if (from_ == 0) list(platform);
  if (from_ != 0) watch(platform);
}

void Watcher::list(SimPlatform& platform) {
  const auto answer = platform.call("GET", collection_ + (labelled_ ? "?labelSelector=app%3Dx" : ""));
  if (answer.status != 200) return;
  auto document = parse_json(answer.body);
  if (!document.ok()) return void(wrong_ = "a list is not JSON");
  from_ = position_ = parse_integer<store::Revision>((*document)["metadata"]["resourceVersion"].as_string()).value_or(0);
}

void Watcher::watch(SimPlatform& platform) {
  std::string target = collection_ + "?watch=1&allowWatchBookmarks=true&resourceVersion=" + std::to_string(position_);
  if (labelled_) target += "&labelSelector=app%3Dx";
  auto status = std::make_shared<int>(0);
  auto mine = [life = life_, now = *life_] { return *life == now; };
  responder_ = std::make_shared<server::LocalResponder>(
      platform.loop(), [status](const net::HttpResponse& head) { *status = head.status; },
      [this, mine, status](ByteChain chunk) {
        if (!mine()) return;
        if (*status == 200) return take(flatten(chunk));
        if (*status == 410) from_ = 0;
      },
      [](bool) {});
  platform.stream(target, responder_);
}

void Watcher::take(std::string_view bytes) {
  for (char c : bytes) received_digest_ = (received_digest_ ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  input_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end; (end = input_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    take_line(std::string_view(input_).substr(begin, end - begin));
  }
  input_.erase(0, begin);
}

void Watcher::take_line(std::string_view line) {
  auto event = parse_json(line);
  if (!event.ok()) return void(wrong_ = "an event is not JSON: " + std::string(line.substr(0, 200)));
  const std::string type((*event)["type"].as_string());
  const Value object = (*event)["object"];
  if (type == "ERROR") {
    if (object["code"].as_int() == 410) from_ = 0;
    return;
  }
  const Value metadata = object["metadata"];
  const auto revision = parse_integer<store::Revision>(metadata["resourceVersion"].as_string()).value_or(0);
  if (revision < position_ || (type != "BOOKMARK" && revision == position_)) {
    wrong_ = fmt::format("{}: revision {} comes after {}", collection_, revision, position_);
  }
  position_ = std::max(position_, revision);
  if (type == "BOOKMARK") return;
  ++events_seen_;
  const std::string kind_prefix = prefix_.substr(0, prefix_.find('/', prefix_.find('/', 1) + 1) + 1);
  seen_.push_back(
      {type, kind_prefix + std::string(metadata["namespace"].as_string()) + "/" + std::string(metadata["name"].as_string()),
       revision, digest_of(object)});
}

std::vector<Watcher::Seen> Watcher::expected(const History& history, store::Revision until) const {
  std::vector<Seen> out;
  for (auto at = history.events().upper_bound(from_); at != history.events().end() && at->first <= until; ++at) {
    const HistoryEvent& event = at->second;
    if (event.key.compare(0, prefix_.size(), prefix_) != 0) continue;
    const bool before = event.before && (!labelled_ || event.before->labelled);
    const bool after = !event.deleted && (!labelled_ || event.state.labelled);
    if (!before && !after) continue;
    // An object that leaves a selection is shown in another state than the change's.
    const bool leaves = before && !after && !event.deleted;
    out.push_back({before && after ? "MODIFIED"
                   : after         ? "ADDED"
                                   : "DELETED",
                   event.key, at->first, leaves ? 0 : event.state.digest});
  }
  return out;
}

std::string Watcher::check(const History& history, bool quiet) {
  if (!wrong_.empty()) return wrong_;
  if (from_ == 0 || from_ < history.base()) {  // from before a gap: nothing to compare with
    seen_.clear();
    if (from_ != 0) from_ = position_;
    return "";
  }
  const bool connected = responder_ != nullptr && !responder_->closed();
  const store::Revision until = quiet && connected ? history.last() : std::min(position_, history.last());
  const std::vector<Seen> wanted = expected(history, until);
  for (std::size_t i = 0; i < std::max(wanted.size(), seen_.size()); ++i) {
    if (i >= wanted.size()) {
      if (seen_[i].revision > history.last()) return "";  // the history is read later
      return fmt::format("watch of {}: {} {} at {} never happened", collection_, seen_[i].type, seen_[i].key,
                         seen_[i].revision);
    }
    const Seen& w = wanted[i];
    if (i >= seen_.size())
      return fmt::format("watch of {} from {}: {} {} at {} is missing", collection_, from_, w.type, w.key, w.revision);
    const Seen& s = seen_[i];
    const bool same = s.type == w.type && s.key == w.key && s.revision == w.revision && (w.digest == 0 || s.digest == w.digest);
    if (!same) {
      return fmt::format("watch of {} from {}: {} {} at {} came instead of {} {} at {}", collection_, from_, s.type, s.key,
                         s.revision, w.type, w.key, w.revision);
    }
  }
  seen_.clear();
  from_ = std::max(from_, position_);
  return "";
}

}  // namespace plinth::sim

#include "client/expectations.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace plinth::client {

bool OwnWrite::seen_in(const View& view) const {
  const auto resource = view.find_resource(group, plural);
  if (!resource) return true;  // the kind is gone, and the object with it
  if (revision != 0) return view.seen(*resource) >= revision;
  const auto object = view.get(*resource, name_space, name);
  return !object || object->deleting() || (!uid.empty() && object->uid != uid);
}

std::optional<OwnWrite> own_write(std::string_view method, std::string_view target, const Response& response) {
  if (method == "GET" || response.status >= 300) return std::nullopt;
  const auto path = parse_object_path(target);
  auto answer = parse_json(response.body);
  if (!path || !answer.ok()) return std::nullopt;
  OwnWrite write{path->group, path->plural, path->name_space, path->name, "", 0};
  const Value metadata = (*answer)["metadata"];
  if ((*answer)["kind"].as_string() == "Status") {
    if (method != "DELETE") return std::nullopt;
    write.uid = (*answer)["details"]["uid"].as_string();
    return write;
  }
  if (write.name.empty()) write.name = metadata["name"].as_string();
  const auto revision = parse_integer<std::uint64_t>(metadata["resourceVersion"].as_string());
  if (!revision) return std::nullopt;
  write.uid = metadata["uid"].as_string();
  // The last state of what is gone may carry the revision from before: then only its absence tells.
  write.revision = method == "DELETE" ? 0 : *revision;
  return write;
}

void Expectations::add(const std::string& key, OwnWrite write, std::int64_t now_ns) {
  Entry& entry = entries_[key];
  entry.since_ns = now_ns;
  if (entry.writes.size() == kWritesMax) entry.writes.erase(entry.writes.begin());
  entry.writes.push_back(std::move(write));
}

bool Expectations::fulfilled(const std::string& key, const View& view, std::int64_t now_ns) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return true;
  auto& writes = found->second.writes;
  std::erase_if(writes, [&](const OwnWrite& write) { return write.seen_in(view); });
  if (!writes.empty()) {
    if (now_ns - found->second.since_ns < kWaitNsMax) return false;
    ++given_up_;
  }
  entries_.erase(found);
  return true;
}

}  // namespace plinth::client

#include "sim/rest.h"

#include <set>

#include <fmt/core.h>

#include "base/json.h"
#include "platform/store_view.h"

namespace plinth::sim {
namespace {

using client::Object;
using client::Resource;

std::string called(const Object& object) {
  return object.resource.plural + " " + object.name_space + "/" + object.name + " " + to_json(object.metadata());
}

std::string wrong_with(const Object& object, const client::View& view) {
  if (object.deleting()) return called(object) + " is still being deleted";
  if (!object.name_space.empty() && !view.get(*view.find_resource("", "namespaces"), "", object.name_space)) {
    return called(object) + " is in a namespace that is gone";
  }
  const auto owners = object.owners();
  std::size_t present = 0;
  for (const client::OwnerReference& owner : owners) present += view.by_uid(owner.uid) ? 1 : 0;
  if (!owners.empty() && present == 0) return called(object) + " has outlived its owners";
  if (object.resource.is("", "namespaces")) {
    if (!view.get(*view.find_resource("", "serviceaccounts"), object.name, "default"))
      return called(object) + " has no service account";
    if (!view.get(*view.find_resource("", "configmaps"), object.name, "kube-root-ca.crt"))
      return called(object) + " has no CA certificate";
  }
  return "";
}

}  // namespace

std::string not_at_rest(SimPlatform& platform) {
  auto& control = platform.control();
  const auto stored = platform::make_store_view(control.api().registry(), control.store().snapshot());
  const auto seen = control.controllers().cluster().view();
  std::string wrong;
  for (const Resource& resource : stored->resources()) {
    std::size_t count = 0;
    stored->list(resource, "", [&](const Object& object) {
      ++count;
      wrong = wrong_with(object, *stored);
      const auto known = seen->get(resource, object.name_space, object.name);
      if (wrong.empty() && (!known || known->revision != object.revision))
        wrong = called(object) + " is not what controllers see";
      return wrong.empty();
    });
    if (wrong.empty() && seen->count(resource, "") != count) wrong = "controllers see " + resource.plural + " that are gone";
    if (!wrong.empty()) return wrong;
  }
  if (control.controllers().planned_requests(wrong) > 0) return "a step on an unchanged view plans something: " + wrong;
  return control.controllers().idle() ? "" : "controllers do not come to rest";
}

std::string not_a_former_state(store::Store& store, server::KindRegistry& registry, const History& history) {
  (void)registry;
  std::map<std::string, store::Revision> stored;
  store.snapshot()->scan("", "", [&](const store::RecordPtr& record) {
    stored[std::string(record->key())] = record->revision();
    return true;
  });
  // From the newest back: a cut tail takes the last group only.
  constexpr int kEventsBack = 200;
  auto at = history.events().rbegin();
  for (int n = 0; n < kEventsBack; ++n) {
    const store::Revision revision = at == history.events().rend() ? history.base() : at->first;
    std::map<std::string, store::Revision> expected;
    for (const auto& [key, state] : history.state_at(revision)) expected[key] = state.revision;
    if (expected == stored) return history.compare_contents(store, registry);
    if (at == history.events().rend()) break;
    ++at;
  }
  return "what is stored is no state that has been";
}

bool flip_bits(world_sim::SimDisk& disk, world_sim::SimRandom& random) {
  std::vector<std::pair<std::string, std::uint64_t>> files;  // with the bytes up to the last that is not zero
  for (const std::string& path : disk.paths()) {
    if (path.compare(0, 10, "/data/log/") != 0 && path.compare(0, 16, "/data/snapshots/") != 0) continue;
    const std::string content = disk.durable_content(path).value_or("");
    const std::size_t last = content.find_last_not_of('\0');
    if (last != std::string::npos) files.emplace_back(path, last + 1);
  }
  if (files.empty()) return false;
  for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
    const auto& [path, bytes] = files[random.below(files.size())];
    disk.flip_bit(path, random.below(bytes * 8));
  }
  return true;
}

}  // namespace plinth::sim

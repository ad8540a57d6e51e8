#include "workloads/endpoints/slices.h"

#include <algorithm>
#include <map>

#include "api/label_selector.h"
#include "base/text.h"
#include "workloads/common/owner.h"
#include "workloads/endpoints/backends.h"

namespace plinth::workloads {
namespace {

using client::Object;
using Endpoint = EndpointGroup::Endpoint;

// A slice that is there, and what should be in it.
struct SliceState {
  const Object* object = nullptr;
  std::vector<Value> kept;
  bool changed = false;
};

bool same_annotations(const Value& have, const Value& wanted) {
  if (wanted.is_null()) return true;
  return wanted.size() == 0 ? have.size() == 0 : equal(have, wanted);
}

class SlicePlanner {
 public:
  SlicePlanner(const client::Resource& slices, const SliceForm& form, client::Plan& plan)
      : slices_(slices), form_(form), plan_(plan) {}

  void place(std::vector<SliceState>& states, EndpointGroup& group) {
    claim(states, group.endpoints);
    auto& left = group.endpoints;
    for (SliceState& state : states) {
      if (state.changed) pour(state, left);
    }
    while (!left.empty()) {
      SliceState* roomy = left.size() < form_.endpoints_max ? fullest_with_room(states, left.size()) : nullptr;
      if (roomy != nullptr) {
        pour(*roomy, left);
        continue;
      }
      SliceState fresh;
      pour(fresh, left);
      create(group.ports, fresh.kept);
    }
    for (const SliceState& state : states) finish(state);
  }

  void remove(const Object& slice) {
    plan_.requests.push_back(client::delete_request(slice, "", /*same_revision=*/true));
    ++removed_;
  }

  void create(const Value& ports, const std::vector<Value>& endpoints) {
    Draft draft;
    Value& root = draft.root() = draft.object(8);
    draft.set(root, "apiVersion", "discovery.k8s.io/v1");
    draft.set(root, "kind", "EndpointSlice");
    Value metadata = draft.object(8);
    draft.set(metadata, "generateName", form_.owner.name + "-");
    draft.set(metadata, "namespace", form_.owner.name_space);
    draft.set(metadata, "labels", draft.clone(form_.labels));
    if (const Value marks = annotations(draft, Value()); marks.size() > 0) draft.set(metadata, "annotations", marks);
    Value owners = draft.array();
    draft.push(owners, owner_reference(draft));
    draft.set(metadata, "ownerReferences", owners);
    draft.set(root, "metadata", metadata);
    draft.set(root, "addressType", form_.address_type);
    draft.set(root, "endpoints", list(draft, endpoints));
    draft.set(root, "ports", draft.clone(ports));
    plan_.requests.push_back(client::create_request(slices_, form_.owner.name_space, root, form_.manager));
    ++created_;
  }

  std::size_t created() const { return created_; }
  std::size_t removed() const { return removed_; }

 private:
  // Endpoints that are somewhere stay there; what is left of `wanted` has no place yet.
  void claim(std::vector<SliceState>& states, std::vector<Endpoint>& wanted) {
    std::map<std::string_view, std::size_t> open;
    for (std::size_t i = 0; i < wanted.size(); ++i) open.emplace(wanted[i].key, i);
    std::vector<bool> placed(wanted.size());
    for (SliceState& state : states) {
      state.changed = !equal(state.object->metadata()["labels"], form_.labels) ||
                      !same_annotations(state.object->metadata()["annotations"], form_.annotations);
      for (const Value& endpoint : (*state.object)["endpoints"].items()) {
        const auto found = open.find(endpoint_key(endpoint));
        if (found == open.end() || state.kept.size() == form_.endpoints_max) {
          state.changed = true;
          continue;
        }
        state.changed = state.changed || !equal(endpoint, wanted[found->second].value);
        state.kept.push_back(wanted[found->second].value);
        placed[found->second] = true;
        open.erase(found);
      }
    }
    std::vector<Endpoint> left;
    std::map<std::string_view, bool> seen;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!placed[i] && seen.emplace(wanted[i].key, true).second && open.count(wanted[i].key) > 0) left.push_back(wanted[i]);
    }
    wanted = std::move(left);
  }

  void pour(SliceState& state, std::vector<Endpoint>& left) {
    const std::size_t taken = std::min(form_.endpoints_max - std::min(form_.endpoints_max, state.kept.size()), left.size());
    for (std::size_t i = 0; i < taken; ++i) state.kept.push_back(left[i].value);
    left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(taken));
    state.changed = state.changed || taken > 0;
  }

  SliceState* fullest_with_room(std::vector<SliceState>& states, std::size_t needed) const {
    SliceState* best = nullptr;
    for (SliceState& state : states) {
      const bool fits = !state.kept.empty() && state.kept.size() + needed <= form_.endpoints_max;
      if (fits && (best == nullptr || state.kept.size() > best->kept.size())) best = &state;
    }
    return best;
  }

  void finish(const SliceState& state) {
    if (state.kept.empty()) return remove(*state.object);
    if (!state.changed) return;
    Draft draft(state.object->document);
    Value& metadata = draft.member(draft.root(), "metadata");
    draft.set(metadata, "labels", draft.clone(form_.labels));
    draft.set(metadata, "annotations", annotations(draft, metadata["annotations"]));
    draft.set(draft.root(), "endpoints", list(draft, state.kept));
    plan_.requests.push_back(client::update_request(*state.object, "", draft.root(), form_.manager));
  }

  static Value list(Draft& draft, const std::vector<Value>& endpoints) {
    Value out = draft.array(endpoints.size());
    for (const Value& endpoint : endpoints) draft.push(out, draft.clone(endpoint));
    return out;
  }

  Value annotations(Draft& draft, const Value& have) const {
    if (!form_.annotations.is_null()) return draft.clone(form_.annotations);
    Value out = have.is_object() ? draft.clone(have) : draft.object();
    draft.remove(out, kTriggerAnnotation);
    if (!form_.trigger_time.empty()) draft.set(out, kTriggerAnnotation, form_.trigger_time);
    return out;
  }

  Value owner_reference(Draft& draft) const {
    Value out = draft.object(6);
    draft.set(out, "apiVersion", "v1");
    draft.set(out, "kind", form_.owner_kind);
    draft.set(out, "name", form_.owner.name);
    draft.set(out, "uid", form_.owner.uid);
    draft.set(out, "controller", Value::of(true));
    draft.set(out, "blockOwnerDeletion", Value::of(true));
    return out;
  }

  const client::Resource& slices_;
  const SliceForm& form_;
  client::Plan& plan_;
  std::size_t created_ = 0, removed_ = 0;
};

bool is_placeholder(const Object& slice, const SliceForm& form) {
  return slice["ports"].size() == 0 && slice["endpoints"].size() == 0 && equal(slice.metadata()["labels"], form.labels);
}

}  // namespace

SlicesByType slices_of(const client::View& view, const client::Resource& slices, std::string_view name_space,
                       std::string_view service, std::string_view managed_by) {
  Draft labels;
  labels.root() = labels.object();
  labels.set(labels.root(), kServiceNameLabel, service);
  labels.set(labels.root(), kManagedByLabel, managed_by);
  const auto selector = api::LabelSelector::from_map(labels.root());
  SlicesByType out;
  view.list_where(slices, name_space, {&selector}, [&](const Object& slice) {
    if (!slice.deleting()) out[std::string(slice["addressType"].as_string())].push_back(slice);
    return true;
  });
  return out;
}

std::string endpoint_key(const Value& endpoint) {
  std::string out;
  for (const Value& address : endpoint["addresses"].items()) out += std::string(address.as_string()) + ",";
  return out + std::string(endpoint["targetRef"]["uid"].as_string()) + std::string(endpoint["targetRef"]["name"].as_string());
}

std::string port_set_key(const Value& ports) {
  std::vector<std::string> parts;
  for (const Value& port : ports.items()) {
    parts.push_back(std::string(port["name"].as_string()) + "/" + std::string(port["protocol"].as_string()) + "/" +
                    std::to_string(port["port"].as_int()) + "/" + std::string(port["appProtocol"].as_string()));
  }
  std::sort(parts.begin(), parts.end());
  return join(parts, ";");
}

void plan_slices(const client::Resource& slices, const std::vector<Object>& existing, std::vector<EndpointGroup> groups,
                 const SliceForm& form, client::Plan& plan) {
  SlicePlanner planner(slices, form, plan);
  std::map<std::string, std::vector<SliceState>> by_ports;
  std::vector<const Object*> strangers;
  for (const Object& slice : existing) {
    if (!is_controlled_by(slice, form.owner.uid))
      strangers.push_back(&slice);
    else
      by_ports[port_set_key(slice["ports"])].push_back({&slice, {}, false});
  }
  for (EndpointGroup& group : groups) {
    if (group.endpoints.empty()) continue;
    auto states = by_ports.extract(port_set_key(group.ports));
    std::vector<SliceState> none;
    planner.place(states.empty() ? none : states.mapped(), group);
  }
  // The one empty slice may stay if nothing else will be there.
  const Object* spare = nullptr;
  for (auto& [ports, states] : by_ports) {
    for (const SliceState& state : states) {
      if (form.placeholder && spare == nullptr && planner.created() == 0 && is_placeholder(*state.object, form))
        spare = state.object;
    }
  }
  const bool others_stay = existing.size() - strangers.size() > planner.removed() + [&] {
    std::size_t count = 0;
    for (const auto& [ports, states] : by_ports) count += states.size();
    return count;
  }();
  if (others_stay) spare = nullptr;
  for (const Object* stranger : strangers) planner.remove(*stranger);
  for (auto& [ports, states] : by_ports) {
    for (const SliceState& state : states) {
      if (state.object != spare) planner.remove(*state.object);
    }
  }
  if (form.placeholder && spare == nullptr && planner.created() == 0 && planner.removed() == existing.size())
    planner.create(Value::empty_array(), {});
}

}  // namespace plinth::workloads

#include "workloads/common/revisions.h"

#include <algorithm>
#include <vector>

#include "workloads/common/claim.h"
#include "workloads/common/hash.h"
#include "workloads/common/owner.h"
#include "workloads/common/pods.h"

namespace plinth::workloads {
namespace {

using client::Object;

// With members in the order of their names, as Go writes a map.
Value in_order(Draft& draft, const Value& value) {
  if (value.is_array()) {
    Value out = draft.array();
    for (const Value& item : value.items()) draft.push(out, in_order(draft, item));
    return out;
  }
  if (!value.is_object()) return draft.clone(value);
  std::vector<const Member*> members;
  for (const Member& member : value.members()) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) { return a->key() < b->key(); });
  Value out = draft.object(members.size());
  for (const Member* member : members) draft.set(out, member->key(), in_order(draft, member->value));
  return out;
}

// {"spec": {"template": {"$patch": "replace", ...}}}: what kubectl applies to undo a rollout. It compares bytes, to see whether
// a template is a revision's already.
Value patch_of(Draft& draft, const Value& pod_template) {
  Draft whole;
  whole.root() = whole.clone(pod_template);
  whole.set(whole.root(), "$patch", "replace");
  const Value made = in_order(draft, whole.root());
  Value spec = draft.object(1);
  draft.set(spec, "template", made);
  Value out = draft.object(1);
  draft.set(out, "spec", spec);
  return out;
}

bool holds(const Object& revision, const Value& pod_template) {
  Draft draft;
  return equal(revision["data"], patch_of(draft, pod_template));
}

std::string revision_name(const Object& owner, const std::string& hash) {
  constexpr std::size_t kPrefixMax = 223;
  return owner.name.substr(0, kPrefixMax) + "-" + hash;
}

client::Request create_revision(const Object& owner, const TemplateRevision& revision, const RevisionsOptions& options) {
  const Value pod_template = owner["spec"]["template"];
  Draft draft;
  draft.root() = draft.object();
  Value& root = draft.root();
  draft.set(root, "apiVersion", "apps/v1");
  draft.set(root, "kind", "ControllerRevision");
  Value metadata = draft.object(6);
  draft.set(metadata, "name", revision.name);
  draft.set(metadata, "namespace", owner.name_space);
  Value labels = draft.clone(pod_template["metadata"]["labels"]);
  if (!labels.is_object()) labels = draft.object();
  draft.set(labels, options.hash_label, revision.hash);
  draft.set(metadata, "labels", labels);
  if (owner.metadata()["annotations"].size() > 0)
    draft.set(metadata, "annotations", draft.clone(owner.metadata()["annotations"]));
  Value owners = draft.array();
  draft.push(owners, controller_reference(draft, owner));
  draft.set(metadata, "ownerReferences", owners);
  draft.set(root, "metadata", metadata);
  draft.set(root, "data", patch_of(draft, pod_template));
  draft.set(root, "revision", Value::of(revision.number));
  return client::create_request(controller_revisions_resource(), owner.name_space, root, options.manager);
}

client::Request renumber(const Object& revision, std::int64_t number, const RevisionsOptions& options) {
  Draft patch;
  patch.root() = patch.object();
  patch.set(patch.root(), "revision", Value::of(number));
  return client::merge_patch_request(revision, "", std::move(patch), /*same_revision=*/true, options.manager);
}

}  // namespace

client::Resource controller_revisions_resource() { return {"apps", "v1", "controllerrevisions", "ControllerRevision", true}; }

std::vector<Object> read_revisions(const client::View& view, const Object& owner, const RevisionsOptions& options,
                                   client::Plan& plan) {
  auto selector = api::LabelSelector::from_object(owner["spec"]["selector"]);
  ClaimOptions claims;
  claims.manager = options.manager;
  auto out = claim(view, owner, selector.ok() ? *selector : api::LabelSelector::nothing(), controller_revisions_resource(),
                   claims, plan);
  std::sort(out.begin(), out.end(), [](const Object& a, const Object& b) {
    const std::int64_t x = a["revision"].as_int(), y = b["revision"].as_int();
    if (x != y) return x < y;
    const std::int64_t at = creation_ns(a), bt = creation_ns(b);
    return at != bt ? at < bt : a.name < b.name;
  });
  return out;
}

Document template_of(const Object& revision) {
  const Value pod_template = revision["data"]["spec"]["template"];
  if (!pod_template.is_object()) return {};
  Draft draft;
  draft.root() = draft.clone(pod_template);
  draft.remove(draft.root(), "$patch");
  return std::move(draft).finish();
}

TemplateRevision read_revision(const Object& revision, const RevisionsOptions& options) {
  return {revision.name, std::string(revision.metadata()["labels"][options.hash_label].as_string()),
          revision["revision"].as_int(), template_of(revision)};
}

TemplateRevision sync_revision(const client::View& view, const Object& owner, const std::vector<Object>& history,
                               const RevisionsOptions& options, std::int64_t& collisions, client::Plan& plan) {
  const Value pod_template = owner["spec"]["template"];
  const std::int64_t next = history.empty() ? 1 : history.back()["revision"].as_int() + 1;
  const auto same =
      std::find_if(history.rbegin(), history.rend(), [&](const Object& revision) { return holds(revision, pod_template); });
  if (same != history.rend()) {
    TemplateRevision found = read_revision(*same, options);
    if (same != history.rbegin()) {
      found.number = next;
      plan.requests.push_back(renumber(*same, next, options));
    }
    return found;
  }
  TemplateRevision made;
  made.number = next;
  made.pod_template = owner.document.get().at(pod_template);
  for (;;) {
    made.hash = value_hash(pod_template, collisions);
    made.name = revision_name(owner, made.hash);
    if (!view.get(controller_revisions_resource(), owner.name_space, made.name)) break;
    ++collisions;
  }
  plan.requests.push_back(create_revision(owner, made, options));
  return made;
}

void truncate_history(const std::vector<Object>& history, const std::set<std::string>& live, std::int64_t limit,
                      client::Plan& plan) {
  std::vector<const Object*> old;
  for (const Object& revision : history) {
    if (live.count(revision.name) == 0) old.push_back(&revision);
  }
  const std::int64_t surplus = static_cast<std::int64_t>(old.size()) - limit;
  if (limit < 0) return;
  for (std::int64_t i = 0; i < surplus; ++i)
    plan.requests.push_back(client::delete_request(*old[static_cast<std::size_t>(i)], "", /*same_revision=*/false));
}

}  // namespace plinth::workloads

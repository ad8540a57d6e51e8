#include "server/resources/pod_subresources.h"

#include "base/json.h"
#include "base/time_text.h"
#include "server/object_codec.h"
#include "server/read/decoded_objects.h"
#include "server/status.h"
#include "server/write/metadata.h"
#include "server/write/object_form.h"
#include "server/write/request_body.h"
#include "server/write/update.h"

namespace plinth::server {
namespace {

constexpr std::string_view kCreated = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})";

void set_scheduled(Draft& object, std::int64_t wall_ns) {
  Value& conditions = object.member(object.member(object.root(), "status"), "conditions");
  if (!conditions.is_array()) conditions = object.array();
  Value made = object.object();
  object.set(made, "type", "PodScheduled");
  object.set(made, "status", "True");
  object.set(made, "lastTransitionTime", format_rfc3339(wall_ns));
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (conditions.items()[i]["type"].as_string() != "PodScheduled") continue;
    object.item(conditions, i) = made;
    return;
  }
  object.push(conditions, made);
}

void merge_map(Draft& object, Value& metadata, const Value& from, std::string_view key) {
  if (from[key].size() == 0) return;
  Value& map = object.member(metadata, key);
  if (!map.is_object()) map = object.object();
  for (const Member& m : from[key].members()) object.member(map, m.key()) = object.clone(m.value);
}

// Gives a pod its node, once.
class BindOperation : public ReplaceOperation {
 public:
  BindOperation(ServerContext& context, ExchangePtr exchange, ResolvedKind pods, Document binding)
      : ReplaceOperation(context, std::move(exchange), std::move(pods)), binding_(std::move(binding)) {}

 protected:
  Result<Proposal> propose() override {
    store::RecordPtr old_record = stored();
    if (old_record == nullptr) return missing();
    const Value target = binding_["target"];
    const std::string_view target_kind = target["kind"].as_string();
    if (!target_kind.empty() && target_kind != "Node")
      return bad_request("target.kind: only Node is supported, not " + std::string(target_kind));
    if (target["name"].as_string().empty()) return bad_request("target.name: the name of a node is required");
    const std::string_view uid = binding_["metadata"]["uid"].as_string();
    if (!uid.empty() && uid != old_record->uid()) {
      return conflict("", "pods", exchange_->info.name,
                      "Precondition failed: UID in precondition: " + std::string(uid) +
                          ", UID in object meta: " + std::string(old_record->uid()));
    }
    Document old_object = TRY(context_.decoded->object(kind_, old_record));
    if (old_object["metadata"].find("deletionTimestamp") != nullptr)
      return refuse("is being deleted, cannot be assigned to a host");
    const std::string_view node = old_object["spec"]["nodeName"].as_string();
    if (!node.empty()) return refuse("is already assigned to node \"" + std::string(node) + "\"");
    if (old_object["spec"]["schedulingGates"].size() > 0) return refuse("has non-empty .spec.schedulingGates");

    Proposal proposal;
    proposal.operation = Operation::kUpdate;
    proposal.is_prepared = true;
    proposal.success_code = 201;
    Draft object(old_object);
    object.set(object.member(object.root(), "spec"), "nodeName", target["name"].as_string());
    Value& metadata = object.member(object.root(), "metadata");
    object.remove(metadata, "resourceVersion");
    merge_map(object, metadata, binding_["metadata"], "annotations");
    merge_map(object, metadata, binding_["metadata"], "labels");
    set_scheduled(object, context_.clock->wall_ns());
    proposal.ownership = Ownership::stored(*old_record);
    proposal.old_record = std::move(old_record);
    proposal.old_object = std::move(old_object);
    proposal.object = std::move(object);
    return proposal;
  }

  void answer(const Proposal&, const store::RecordPtr&) override {
    exchange_->reply(201, {SharedBytes::literal(kCreated)}, negotiate_status(exchange_->request.headers.get("accept")));
  }

 private:
  Error refuse(const std::string& why) const {
    return conflict("", "pods/binding", exchange_->info.name, "pod " + exchange_->info.name + " " + why);
  }
  Document binding_;
};

ResolvedKind kind_named(const ServerContext& context, std::string_view group, std::string_view version,
                        std::string_view plural) {
  return context.registry->table()->find(group, version, plural);
}

}  // namespace

void serve_bind_pod(ServerContext& context, ExchangePtr exchange, const ResolvedKind&) {
  std::vector<std::string> duplicates;
  auto binding = read_document(*exchange, "core.v1.Binding", duplicates);
  if (!binding.ok()) return exchange->fail(binding.error());
  if (exchange->info.name.empty()) exchange->info.name = (*binding)["metadata"]["name"].as_string();
  exchange->info.resource = "pods";
  exchange->info.subresource = "binding";
  std::make_shared<BindOperation>(context, exchange, kind_named(context, "", "v1", "pods"), std::move(*binding))->start();
}

}  // namespace plinth::server

#include "server/resources/scale.h"

#include "api/field_error.h"
#include "api/json_patch.h"
#include "api/label_selector.h"
#include "api/merge_patch.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "server/object_codec.h"
#include "server/read/decoded_objects.h"
#include "server/resources/scale_apply.h"
#include "server/status.h"
#include "server/write/metadata.h"
#include "server/write/object_form.h"
#include "server/write/request_body.h"
#include "server/write/strategy_steps.h"
#include "server/write/update.h"

namespace plinth::server {
namespace {

// ".spec.replicas" -> {"spec","replicas"}
std::vector<std::string_view> steps(std::string_view path) {
  if (!path.empty() && path.front() == '.') path.remove_prefix(1);
  return path.empty() ? std::vector<std::string_view>() : split(path, '.');
}

Value value_at(Value v, std::string_view path) {
  for (std::string_view step : steps(path)) v = v[step];
  return v;
}

std::string selector_text(const Value& selector, bool custom) {
  if (selector.is_string()) return std::string(selector.as_string());
  if (custom || selector.is_null()) return "";
  if (selector.find("matchLabels") == nullptr && selector.find("matchExpressions") == nullptr)
    return api::LabelSelector::from_map(selector).to_string();
  auto parsed = api::LabelSelector::from_object(selector);
  return parsed.ok() ? parsed->to_string() : "";
}

Document scale_of(const ResolvedKind& kind, const Value& object) {
  const api::ScalePaths& paths = kind.version->scale;
  Draft scale;
  scale.root() = scale.object();
  scale.set(scale.root(), "kind", "Scale");
  scale.set(scale.root(), "apiVersion", "autoscaling/v1");
  Value& metadata = scale.member(scale.root(), "metadata");
  metadata = scale.object();
  for (std::string_view key : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (const Value* v = object["metadata"].find(key)) scale.member(metadata, key) = scale.clone(*v);
  }
  Value& spec = scale.member(scale.root(), "spec");
  spec = scale.object();
  if (const std::int64_t replicas = value_at(object, paths.spec_replicas).as_int(); replicas != 0) {
    scale.member(spec, "replicas") = Value::of(replicas);
  }
  Value& status = scale.member(scale.root(), "status");
  status = scale.object();
  scale.member(status, "replicas") = Value::of(value_at(object, paths.status_replicas).as_int());
  if (!paths.label_selector.empty()) {
    const std::string selector = selector_text(value_at(object, paths.label_selector), !kind.row->builtin);
    if (!selector.empty()) scale.set(status, "selector", selector);
  }
  return std::move(scale).finish();
}

// PUT and PATCH of a Scale change one field of the parent.
class ScaleOperation : public ReplaceOperation {
 public:
  using ReplaceOperation::ReplaceOperation;

 protected:
  Result<Proposal> propose() override {
    store::RecordPtr old_record = stored();
    if (old_record == nullptr) return missing();
    Document old_object = TRY(context_.decoded->object(kind_, old_record));
    const Document current = scale_of(kind_, old_object.root());
    std::optional<Ownership> applied;
    const Document wanted = is_apply() ? TRY(apply(current, *old_record, applied)) : TRY(read_wanted(current));
    const Value metadata = wanted["metadata"];
    const std::string_view name = metadata["name"].as_string();
    if (!name.empty() && name != exchange_->info.name) {
      return bad_request("the name of the object (" + std::string(name) + ") does not match the name on the URL (" +
                         exchange_->info.name + ")");
    }
    const Value replicas = wanted["spec"]["replicas"];
    if (replicas.is_number() && replicas.as_int() < 0) {
      return api::invalid("autoscaling", "Scale", exchange_->info.name,
                          {api::field_invalid("spec.replicas", replicas, "must be greater than or equal to 0")});
    }
    Draft object(old_object);
    set_replicas(object, replicas.as_int());
    Value& own = object.member(object.root(), "metadata");
    // A PATCH shows the revision it was computed from; only one that the client sent is a condition.
    const std::string revision(metadata["resourceVersion"].as_string());
    if (revision.empty() ||
        (exchange_->info.verb == "patch" && revision == current["metadata"]["resourceVersion"].as_string())) {
      object.remove(own, "resourceVersion");
    } else {
      object.set(own, "resourceVersion", revision);
    }
    Proposal proposal = TRY(replace(std::move(object), &wanted, std::move(old_record), std::move(old_object)));
    if (applied) proposal.ownership = std::move(*applied);
    return proposal;
  }

  void answer(const Proposal&, const store::RecordPtr& record) override {
    auto object = context_.decoded->object(kind_, record);
    if (!object.ok()) return fail(object.error());
    exchange_->reply(200, {SharedBytes(to_json(scale_of(kind_, object->root()).root()))},
                     negotiate_status(exchange_->request.headers.get("accept")));
  }

 private:
  Result<Document> read_wanted(const Document& current) {
    if (exchange_->info.verb == "update") {
      std::vector<std::string> duplicates;
      Document body = TRY(read_document(*exchange_, "autoscaling.v1.Scale", duplicates));
      if (body["kind"].as_string() != "Scale" && !body["kind"].is_null()) {
        return bad_request("expected a Scale, got a " + std::string(body["kind"].as_string()));
      }
      return body;
    }
    const std::string type = content_type();
    const bool strategic = type == "application/strategic-merge-patch+json" && kind_.row->builtin;
    if (type != "application/json-patch+json" && type != "application/merge-patch+json" && !strategic) {
      return unsupported_media_type(type, kind_.row->builtin
                                              ? "application/json-patch+json, application/merge-patch+json, "
                                                "application/strategic-merge-patch+json, application/apply-patch+yaml"
                                              : "application/json-patch+json, application/merge-patch+json, "
                                                "application/apply-patch+yaml");
    }
    if (options_.force) {
      return api::invalid("meta.k8s.io", "PatchOptions", "",
                          {api::field_forbidden("force", "may not be specified for non-apply patch")});
    }
    Document patch = TRY(parse_json(exchange_->request.body));
    return type == "application/json-patch+json" ? api::json_patch(current, patch) : api::merge_patch(current, patch);
  }

  std::string content_type() const {
    const std::string_view header = exchange_->request.headers.get("content-type");
    return to_lower(trim(header.substr(0, header.find(';'))));
  }

  bool is_apply() const { return exchange_->info.verb == "patch" && content_type() == "application/apply-patch+yaml"; }

  Result<Document> apply(const Document& current, const store::Record& record, std::optional<Ownership>& ownership) {
    if (options_.field_manager.empty()) {
      return api::invalid("meta.k8s.io", "PatchOptions", "",
                          {api::field_required("fieldManager", "is required for apply patch")});
    }
    Document config = TRY(parse_yaml(exchange_->request.body));
    if (!config.root().is_object()) return bad_request("error decoding YAML: the apply configuration is not an object");
    Applied applied =
        TRY(apply_scale(kind_, record, current, std::move(config), write_context(context_, *exchange_, options_)));
    ownership = std::move(applied.ownership);
    return std::move(applied.merged);
  }

  void set_replicas(Draft& object, std::int64_t replicas) const {
    Value* slot = &object.root();
    for (std::string_view step : steps(kind_.version->scale.spec_replicas)) slot = &object.member(*slot, step);
    *slot = Value::of(replicas);
  }
};

}  // namespace

void serve_get_scale(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  const std::string name_space = kind.row->scope == api::Scope::kCluster ? "" : exchange->info.name_space;
  store::RecordPtr record = context.store->snapshot()->get(object_key(*kind.row, name_space, exchange->info.name));
  if (record == nullptr) return exchange->fail(not_found(kind.row->group, kind.row->plural, exchange->info.name));
  auto object = context.decoded->object(kind, record);
  if (!object.ok()) return exchange->fail(object.error());
  exchange->reply(200, {SharedBytes(to_json(scale_of(kind, object->root()).root()))},
                  negotiate_status(exchange->request.headers.get("accept")));
}

void serve_write_scale(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  std::make_shared<ScaleOperation>(context, std::move(exchange), kind)->start();
}

}  // namespace plinth::server

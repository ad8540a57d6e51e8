#include "server/bootstrap.h"

#include "api/strategies/flow_objects.h"
#include "base/json.h"
#include "base/time_text.h"
#include "server/api_server.h"
#include "server/auth/bootstrap_policy.h"
#include "server/local_responder.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

constexpr std::string_view kFixed[] = {
    R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system"}})",
    R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-public"}})",
    R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-node-lease"}})",
    R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})",
    R"({"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"system-cluster-critical"},"value":2000000000,)"
    R"("description":"Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."})",
    R"({"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"system-node-critical"},"value":2000001000,)"
    R"("description":"Used for system critical pods that must not be moved from their current node."})",
};

// What controllers that serve requests themselves need to know of this server's ways to authenticate.
constexpr std::string_view kAuthenticationConfig = "extension-apiserver-authentication";
// Since when uses of token Secrets are noted: their cleaner removes none that it has not watched for a year.
constexpr std::string_view kTokenTracking = "kube-apiserver-legacy-service-account-token-tracking";

using ConfigData = std::vector<std::pair<std::string_view, std::string>>;

ConfigData authentication_config(const SeedOptions& options) {
  ConfigData data;
  if (!options.client_ca_pem.empty()) data.emplace_back("client-ca-file", options.client_ca_pem);
  if (options.front_proxy_ca_pem.empty()) return data;
  data.emplace_back("requestheader-client-ca-file", options.front_proxy_ca_pem);
  data.emplace_back("requestheader-allowed-names", R"(["front-proxy-client"])");
  data.emplace_back("requestheader-username-headers", R"(["X-Remote-User"])");
  data.emplace_back("requestheader-uid-headers", R"(["X-Remote-Uid"])");
  data.emplace_back("requestheader-group-headers", R"(["X-Remote-Group"])");
  data.emplace_back("requestheader-extra-headers-prefix", R"(["X-Remote-Extra-"])");
  return data;
}

Document config_map(std::string_view name, const ConfigData& entries) {
  Draft object;
  object.root() = object.object();
  object.set(object.root(), "apiVersion", "v1");
  object.set(object.root(), "kind", "ConfigMap");
  Value& metadata = object.member(object.root(), "metadata");
  metadata = object.object();
  object.set(metadata, "name", name);
  object.set(metadata, "namespace", "kube-system");
  Value& data = object.member(object.root(), "data");
  data = object.object();
  for (const auto& [key, value] : entries) object.set(data, key, value);
  return std::move(object).finish();
}

struct SeedStep {
  std::string method, target, body;
};

class Seeding : public std::enable_shared_from_this<Seeding> {
 public:
  Seeding(ApiServer& server, SeedOptions options, Loop& loop, UniqueFunction<void(Result<void>)> done)
      : server_(server), options_(std::move(options)), loop_(loop), done_(std::move(done)) {
    auto user = std::make_shared<auth::UserInfo>();
    user->name = "system:apiserver";
    user->groups = {std::string(auth::kPrivilegedGroup), std::string(auth::kAuthenticatedGroup)};
    user_ = std::move(user);
  }

  void start() {
    auto planned = plan();
    if (!planned.ok()) return done_(std::move(planned));
    next();
  }

 private:
  Result<void> plan() {
    const store::SnapshotPtr snapshot = server_.context().store->snapshot();
    const KindTablePtr table = server_.registry().table();
    for (std::string_view text : kFixed) {
      Document object = TRY(parse_json(text));
      TRY(plan_object(*snapshot, *table, object));
    }
    for (const auto objects : {api::mandatory_flow_objects(), api::suggested_flow_objects()}) {
      for (const std::string_view text : objects) {
        const Document object = TRY(parse_json(text));
        TRY(plan_object(*snapshot, *table, object));
      }
    }
    for (const Document& object : TRY(auth::bootstrap_objects())) TRY(plan_object(*snapshot, *table, object));
    const std::string today =
        format_rfc3339(server_.context().clock->wall_ns()).substr(0, std::string_view("2006-01-02").size());
    TRY(plan_object(*snapshot, *table, config_map(kTokenTracking, {{"since", today}})));
    return plan_authentication_config(*snapshot, *table);
  }

  // Written again when an authority is another one; what else stands there stays.
  Result<void> plan_authentication_config(const store::Snapshot& snapshot, const KindTable& table) {
    const ConfigData wanted = authentication_config(options_);
    if (wanted.empty()) return {};
    const ResolvedKind kind = table.find_kind("", "v1", "ConfigMap");
    store::RecordPtr record = snapshot.get(object_key(*kind.row, "kube-system", kAuthenticationConfig));
    if (record == nullptr) return plan_object(snapshot, table, config_map(kAuthenticationConfig, wanted));
    const Document existing = TRY(decode_record(*record, type_header("", "v1", "ConfigMap"), false));
    Draft object(existing);
    Value& data = object.member(object.root(), "data");
    if (!data.is_object()) data = object.object();
    bool changed = false;
    for (const auto& [key, value] : wanted) {
      if (data[key].as_string() == value) continue;
      object.set(data, key, value);
      changed = true;
    }
    if (changed) {
      steps_.push_back(
          {"PUT", "/api/v1/namespaces/kube-system/configmaps/" + std::string(kAuthenticationConfig), to_json(object.root())});
    }
    return {};
  }

  Result<void> plan_object(const store::Snapshot& snapshot, const KindTable& table, const Document& object) {
    const std::string_view api_version = object["apiVersion"].as_string();
    const std::size_t slash = api_version.find('/');
    const std::string_view group = slash == std::string_view::npos ? "" : api_version.substr(0, slash);
    const std::string_view version = slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
    const ResolvedKind kind = table.find_kind(group, version, object["kind"].as_string());
    if (kind.row == nullptr) return internal_error("no kind " + std::string(object["kind"].as_string()) + " to seed");
    const std::string_view name = object["metadata"]["name"].as_string();
    const std::string_view name_space = object["metadata"]["namespace"].as_string();
    std::string collection = group.empty() ? "/api/" : "/apis/";
    collection += std::string(api_version) + "/";
    if (!name_space.empty()) collection += "namespaces/" + std::string(name_space) + "/";
    collection += kind.row->plural;

    store::RecordPtr record = snapshot.get(object_key(*kind.row, name_space, name));
    const bool is_policy = group == "rbac.authorization.k8s.io";
    if (record == nullptr) {
      steps_.push_back({"POST", collection, to_json(object.root())});
      return {};
    }
    if (!is_policy) return {};
    const Document existing = TRY(decode_record(*record, type_header(group, version, kind.row->kind), false));
    auth::Reconciled reconciled = auth::reconcile_bootstrap_object(object, &existing);
    const std::string path = collection + "/" + std::string(name);
    using Action = auth::Reconciled::Action;
    if (reconciled.action == Action::kRecreate) steps_.push_back({"DELETE", path, ""});
    if (reconciled.action == Action::kRecreate || reconciled.action == Action::kCreate) {
      steps_.push_back({"POST", collection, to_json(reconciled.object.root())});
    }
    if (reconciled.action == Action::kUpdate) steps_.push_back({"PUT", path, to_json(reconciled.object.root())});
    return {};
  }

  // All at once: the steps do not depend on each other but for the namespaces, which come first and are waited for.
  void next() {
    constexpr std::size_t kTogether = 64;
    if (at_ == steps_.size() && open_ == 0 && !finished_) {
      finished_ = true;
      return done_(Result<void>());
    }
    while (at_ < steps_.size() && open_ < kTogether) {
      const bool first = at_ < std::size(kFixed);
      if (!first && open_ > 0 && !namespaces_done_) return;
      if (!first) namespaces_done_ = true;
      call(steps_[at_++]);
    }
  }

  void call(const SeedStep& step) {
    ++open_;
    net::HttpRequest request;
    request.method = step.method;
    request.target = step.target + (step.method == "DELETE" ? "" : "?fieldManager=plinth");
    request.body = step.body;
    auto self = shared_from_this();
    server_.dispatch(std::move(request), user_, collect_answer(loop_, [self, target = step.target](LocalAnswer answer) {
                       --self->open_;
                       const bool fine = answer.status < 300 || answer.status == 409;
                       if (!fine && !self->failed_) {
                         self->failed_ = true;
                         return self->done_(internal_error("seeding " + target + ": " + answer.body));
                       }
                       if (!self->failed_) self->loop_.post([self] { self->next(); });
                     }));
  }

  ApiServer& server_;
  SeedOptions options_;
  Loop& loop_;
  UniqueFunction<void(Result<void>)> done_;
  auth::UserPtr user_;
  std::vector<SeedStep> steps_;
  std::size_t at_ = 0, open_ = 0;
  bool namespaces_done_ = false, failed_ = false, finished_ = false;
};

}  // namespace

void seed_cluster(ApiServer& server, SeedOptions options, Loop& loop, UniqueFunction<void(Result<void>)> done) {
  std::make_shared<Seeding>(server, std::move(options), loop, std::move(done))->start();
}

}  // namespace plinth::server

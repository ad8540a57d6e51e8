#include "server/bootstrap.h"

#include "base/json.h"
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

struct SeedStep {
  std::string method, target, body;
};

class Seeding : public std::enable_shared_from_this<Seeding> {
 public:
  Seeding(ApiServer& server, Loop& loop, UniqueFunction<void(Result<void>)> done)
      : server_(server), loop_(loop), done_(std::move(done)) {
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
    for (const Document& object : TRY(auth::bootstrap_objects())) TRY(plan_object(*snapshot, *table, object));
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
  Loop& loop_;
  UniqueFunction<void(Result<void>)> done_;
  auth::UserPtr user_;
  std::vector<SeedStep> steps_;
  std::size_t at_ = 0, open_ = 0;
  bool namespaces_done_ = false, failed_ = false, finished_ = false;
};

}  // namespace

void seed_cluster(ApiServer& server, Loop& loop, UniqueFunction<void(Result<void>)> done) {
  std::make_shared<Seeding>(server, loop, std::move(done))->start();
}

}  // namespace plinth::server

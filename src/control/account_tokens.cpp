#include "control/account_tokens.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "service-account-token-controller";
constexpr std::string_view kType = "kubernetes.io/service-account-token";
constexpr std::string_view kAccount = "kubernetes.io/service-account.name";
constexpr std::string_view kAccountUid = "kubernetes.io/service-account.uid";
// The longest that a token may be asked for: as good as for ever. It ends with its Secret.
constexpr std::int64_t kTokenSeconds = std::int64_t{1} << 32;

bool is_token(const Object& secret) { return secret["type"].as_string() == kType; }
std::string_view annotation(const Object& secret, std::string_view key) {
  return secret.metadata()["annotations"][key].as_string();
}

// Keys are "namespace/name" of Secrets.
class AccountTokens final : public client::Controller {
 public:
  explicit AccountTokens(std::string ca_pem) : ca_(base64_encode(ca_pem)) {}
  std::string_view name() const override { return kName; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "secrets")) {
      if (!change.deleted && is_token(object)) keys.push_back(client::make_key(object.name_space, object.name));
    } else if (object.resource.is("", "serviceaccounts") && (change.created || change.deleted)) {
      add_secrets(view, object.name_space, object.name, keys);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override { add_secrets(view, "", "", keys); }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto secret = view.get(*view.find_resource("", "secrets"), name_space, name);
    if (!secret || secret->deleting() || !is_token(*secret)) return plan;
    const client::Resource accounts = *view.find_resource("", "serviceaccounts");
    const std::string_view account_name = annotation(*secret, kAccount), uid = annotation(*secret, kAccountUid);
    const auto account = view.get(accounts, name_space, account_name);
    if (!account || (!uid.empty() && uid != account->uid)) {
      plan.requests.push_back(check_gone(accounts, name_space, account_name, uid));
      plan.requests.push_back(client::delete_request(*secret, "", /*same_revision=*/false));
      return plan;
    }
    const Value data = (*secret)["data"];
    const bool needs_token = data["token"].as_string().empty();
    const bool needs_ca = !ca_.empty() && data["ca.crt"].as_string() != ca_;
    const bool needs_namespace = data["namespace"].as_string().empty();
    if (!needs_token && !needs_ca && !needs_namespace) return plan;
    if (needs_token) plan.requests.push_back(ask_for_token(*secret, *account));
    plan.requests.push_back(fill(*secret, *account, needs_token));
    return plan;
  }

 private:
  static void add_secrets(const View& view, std::string_view name_space, std::string_view account,
                          std::vector<std::string>& keys) {
    view.list(*view.find_resource("", "secrets"), name_space, [&](const Object& secret) {
      const bool wanted = is_token(secret) && (account.empty() || annotation(secret, kAccount) == account);
      if (wanted) keys.push_back(client::make_key(secret.name_space, secret.name));
      return true;
    });
  }

  // The view may be behind: an account that was made just now keeps its Secrets.
  static client::Request check_gone(const client::Resource& accounts, std::string_view name_space, std::string_view name,
                                    std::string_view uid) {
    if (!uid.empty()) return client::check_absent(accounts, name_space, name, uid);
    client::Request request = client::check_empty(accounts, name_space);
    request.target += (request.target.find('?') == std::string::npos ? "?" : "&");
    request.target += "fieldSelector=" + escape_query("metadata.name=" + std::string(name));
    return request;
  }

  static client::Request ask_for_token(const Object& secret, const Object& account) {
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", "authentication.k8s.io/v1");
    draft.set(root, "kind", "TokenRequest");
    Value& spec = draft.member_path(root, {"spec"});
    draft.set(spec, "expirationSeconds", Value::of(kTokenSeconds));
    Value& bound = draft.member_path(spec, {"boundObjectRef"});
    draft.set(bound, "apiVersion", "v1");
    draft.set(bound, "kind", "Secret");
    draft.set(bound, "name", secret.name);
    draft.set(bound, "uid", secret.uid);
    client::Request request;
    request.method = "POST";
    request.target = client::object_path(account.resource, account.name_space, account.name) + "/token";
    request.body = to_json(root);
    request.answer_path = "status.token";
    return request;
  }

  client::Request fill(const Object& secret, const Object& account, bool with_token) const {
    Draft patch;
    Value& root = patch.root() = patch.object();
    Value& annotations = patch.member_path(root, {"metadata", "annotations"});
    patch.set(annotations, kAccount, account.name);
    patch.set(annotations, kAccountUid, account.uid);
    Value& data = patch.member_path(root, {"data"});
    if (!ca_.empty()) patch.set(data, "ca.crt", ca_);
    if (secret["data"]["namespace"].as_string().empty()) patch.set(data, "namespace", base64_encode(secret.name_space));
    if (with_token) patch.set(patch.member_path(root, {"stringData"}), "token", client::kFromAnswer);
    return client::merge_patch_request(secret, "", std::move(patch), /*same_revision=*/true, kName);
  }

  const std::string ca_;
};

}  // namespace

std::unique_ptr<client::Controller> make_account_tokens(std::string ca_pem) {
  return std::make_unique<AccountTokens>(std::move(ca_pem));
}

}  // namespace plinth::control

#include "node/volumes/service_account_tokens.h"

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"

namespace plinth::node {

struct ServiceAccountTokens::Asking {
  std::shared_ptr<const Pod> pod;
  std::vector<TokenWish> wishes;
  std::size_t at = 0;
  Tokens tokens;
  Done<Tokens> done;
};

namespace {

client::Request token_request(const Pod& pod, const TokenWish& wish) {
  Draft draft;
  Value& root = draft.root();
  draft.set(root, "apiVersion", "authentication.k8s.io/v1");
  draft.set(root, "kind", "TokenRequest");
  Value& spec = draft.member(root, "spec");
  Value audiences = draft.array();
  if (!wish.audience.empty()) draft.push(audiences, draft.text(wish.audience));
  draft.set(spec, "audiences", audiences);
  draft.set(spec, "expirationSeconds", Value::of(wish.expiration_s));
  Value bound = draft.object();
  draft.set(bound, "apiVersion", "v1");
  draft.set(bound, "kind", "Pod");
  draft.set(bound, "name", pod.name);
  draft.set(bound, "uid", pod.uid);
  draft.set(spec, "boundObjectRef", bound);
  std::string account(pod.spec()["serviceAccountName"].as_string());
  if (account.empty()) account = "default";
  return {"POST",
          "/api/v1/namespaces/" + escape_path_segment(pod.name_space) + "/serviceaccounts/" + escape_path_segment(account) +
              "/token",
          "", to_json(draft.root())};
}

}  // namespace

void ServiceAccountTokens::get(std::shared_ptr<const Pod> pod, std::vector<TokenWish> wishes, Done<Tokens> done) {
  auto asking = std::make_shared<Asking>();
  asking->pod = std::move(pod);
  asking->wishes = std::move(wishes);
  asking->done = std::move(done);
  next(std::move(asking));
}

void ServiceAccountTokens::next(std::shared_ptr<Asking> asking) {
  while (asking->at < asking->wishes.size()) {
    const TokenWish& wish = asking->wishes[asking->at];
    const auto known = known_.find({asking->pod->uid, wish});
    if (known != known_.end() && known->second.refresh_at_ns > clock_.wall_ns()) {
      asking->tokens[wish] = known->second.given;
      ++asking->at;
      continue;
    }
    return transport_.call(token_request(*asking->pod, wish),
                           [this, asking, alive = alive_](Result<client::Response> response) {
                             if (!*alive) return;
                             if (!response.ok()) return asking->done(std::move(response).error());
                             if (auto kept = keep(*asking, *response); !kept.ok()) return asking->done(std::move(kept).error());
                             next(asking);
                           });
  }
  asking->done(std::move(asking->tokens));
}

Result<void> ServiceAccountTokens::keep(const Asking& asking, const client::Response& response) {
  TRY(client::check_response(response));
  const Document answer = TRY(parse_json(response.body));
  const Value status = answer["status"];
  const auto end = parse_rfc3339(status["expirationTimestamp"].as_string());
  if (!end || status["token"].as_string().empty()) return internal_error("the answer to a TokenRequest holds no token");
  const std::int64_t now = clock_.wall_ns(), life = end->wall_ns() - now;
  constexpr std::int64_t kDay = 24LL * 3600 * 1'000'000'000;
  if (known_.size() >= kTokensMax) known_.clear();
  Known& known = known_[{asking.pod->uid, asking.wishes[asking.at]}];
  known.given = {std::string(status["token"].as_string()), std::string(status["expirationTimestamp"].as_string())};
  known.refresh_at_ns = now + std::min(life / 10 * 8, kDay);
  return {};
}

void ServiceAccountTokens::forget(const std::string& pod_uid) {
  std::erase_if(known_, [&](const auto& entry) { return entry.first.first == pod_uid; });
}

}  // namespace plinth::node

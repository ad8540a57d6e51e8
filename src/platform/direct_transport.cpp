#include "platform/direct_transport.h"

#include "base/text.h"
#include "server/local_responder.h"

namespace plinth::platform {

void DirectTransport::call(client::Request request, UniqueFunction<void(Result<client::Response>)> done) {
  net::HttpRequest http;
  http.method = std::move(request.method);
  http.target = std::move(request.target);
  http.body = std::move(request.body);
  if (!request.content_type.empty()) http.headers.add("content-type", request.content_type);
  http.headers.add("user-agent", "plinth/controllers");
  auto finish = std::make_shared<UniqueFunction<void(Result<client::Response>)>>(std::move(done));
  auto responder = server::collect_answer(loop_, [finish, &loop = loop_](server::LocalAnswer answer) {
    auto given = std::make_shared<server::LocalAnswer>(std::move(answer));
    loop.post([finish, given] { (*finish)(client::Response{given->status, std::move(given->body)}); });
  });
  // Never before this call returned: the pipeline may answer at once.
  server::auth::UserPtr acting = request.as_service_account.empty() ? user_ : service_account_user(request.as_service_account);
  auto held = std::make_shared<net::HttpRequest>(std::move(http));
  loop_.post([this, held, responder, user = std::move(acting)] { api_.dispatch(std::move(*held), user, responder); });
}

server::auth::UserPtr controller_user(std::string_view name) {
  return service_account_user(server::auth::service_account_username("kube-system", name));
}

server::auth::UserPtr service_account_user(std::string_view username) {
  const auto parts = split(username, ':');
  auto user = std::make_shared<server::auth::UserInfo>();
  user->name = username;
  if (parts.size() == 4) user->groups = server::auth::service_account_groups(parts[2]);
  user->groups.emplace_back(server::auth::kAuthenticatedGroup);
  return user;
}

}  // namespace plinth::platform

// A client's way to the API server in the same process: the whole pipeline but for the network and authentication.
#pragma once

#include <string_view>

#include "client/transport.h"
#include "server/api_server.h"

namespace plinth::platform {

class DirectTransport final : public client::Transport {
 public:
  DirectTransport(server::ApiServer& api, Loop& loop, server::auth::UserPtr user)
      : api_(api), loop_(loop), user_(std::move(user)) {}
  void call(client::Request request, UniqueFunction<void(Result<client::Response>)> done) override;

 private:
  server::ApiServer& api_;
  Loop& loop_;
  server::auth::UserPtr user_;
};

// The identity of a controller: the ServiceAccount of that name in kube-system.
server::auth::UserPtr controller_user(std::string_view name);
// "system:serviceaccount:ns:name".
server::auth::UserPtr service_account_user(std::string_view username);

}  // namespace plinth::platform

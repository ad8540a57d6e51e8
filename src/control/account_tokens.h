// Secrets of type kubernetes.io/service-account-token: they get a token of their ServiceAccount, its namespace and the
// cluster's CA, and go when it goes.
#pragma once

#include <memory>
#include <string>

#include "client/controller.h"

namespace plinth::control {

std::unique_ptr<client::Controller> make_account_tokens(std::string ca_pem);

}  // namespace plinth::control

// CertificateSigningRequests, as kube-controller-manager's csrapproving, csrsigning and csrcleaner treat them: nodes' requests
// for their own client certificates are approved, what is approved is signed, and what nobody needs any more goes.
#pragma once

#include <memory>

#include "client/controller.h"
#include "control/certificates/certificate_authority.h"

namespace plinth::control {

std::unique_ptr<client::Controller> make_certificate_controller(std::unique_ptr<const CertificateAuthority> authority);

}  // namespace plinth::control

// The platform's CA as controllers see it.
#pragma once

#include <memory>

#include "base/world.h"
#include "control/certificates/certificate_authority.h"
#include "net/tls.h"

namespace plinth::platform {

// `entropy` outlives it. An error when the pair is no authority.
Result<std::unique_ptr<const control::CertificateAuthority>> make_certificate_authority(net::KeyPair ca, Entropy& entropy);

}  // namespace plinth::platform

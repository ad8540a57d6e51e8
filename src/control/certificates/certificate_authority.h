// Who signs certificates for the cluster. The controllers know this interface only; keys are behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plinth::control {

class CertificateAuthority {
 public:
  // What a request asks for, as far as the rules of signers look at it.
  struct Request {
    std::string common_name;
    std::vector<std::string> organizations;
    std::size_t dns_names = 0, ip_addresses = 0, email_addresses = 0, uris = 0;
  };
  struct Terms {
    std::vector<std::string> usages;  // of the certificates API
    std::int64_t not_before_s = 0, not_after_s = 0;
  };

  virtual ~CertificateAuthority() = default;
  // An error when the text is no certificate request in PEM.
  virtual Result<Request> read(std::string_view request_pem) const = 0;
  // A certificate in PEM; each call gives another one.
  virtual Result<std::string> sign(std::string_view request_pem, const Terms& terms) const = 0;
  // Seconds since the epoch at which a certificate in PEM ends, and at which this authority does.
  virtual Result<std::int64_t> end_of(std::string_view certificate_pem) const = 0;
  virtual std::int64_t own_end_s() const = 0;
};

}  // namespace plinth::control

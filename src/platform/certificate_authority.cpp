#include "platform/certificate_authority.h"

#include "net/signing.h"

namespace plinth::platform {
namespace {

class OwnAuthority final : public control::CertificateAuthority {
 public:
  OwnAuthority(net::KeyPair ca, Entropy& entropy, std::int64_t end_s) : ca_(std::move(ca)), entropy_(entropy), end_s_(end_s) {}

  Result<Request> read(std::string_view request_pem) const override {
    net::RequestedNames names = TRY(net::read_certificate_request(request_pem));
    return Request{std::move(names.common_name), std::move(names.organizations), names.dns_names,
                   names.ip_addresses,           names.email_addresses,          names.uris};
  }
  Result<std::string> sign(std::string_view request_pem, const Terms& terms) const override {
    return net::sign_certificate_request(entropy_, ca_, request_pem, {terms.usages, terms.not_before_s, terms.not_after_s});
  }
  Result<std::int64_t> end_of(std::string_view certificate_pem) const override {
    return net::certificate_expiry(certificate_pem);
  }
  std::int64_t own_end_s() const override { return end_s_; }

 private:
  const net::KeyPair ca_;
  Entropy& entropy_;
  const std::int64_t end_s_;
};

}  // namespace

Result<std::unique_ptr<const control::CertificateAuthority>> make_certificate_authority(net::KeyPair ca, Entropy& entropy) {
  const std::int64_t end_s = TRY(net::certificate_expiry(ca.certificate_pem));
  return std::unique_ptr<const control::CertificateAuthority>(std::make_unique<OwnAuthority>(std::move(ca), entropy, end_s));
}

}  // namespace plinth::platform

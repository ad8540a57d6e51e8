#include "platform/certificate_renewal.h"

namespace plinth::platform {

CertificateRenewal::CertificateRenewal(CertificateRenewalParts parts, Pki current, Renewed renewed)
    : parts_(std::move(parts)), current_(std::move(current)), renewed_(std::move(renewed)) {}

CertificateRenewal::~CertificateRenewal() {
  if (timer_ != 0) parts_.loop->cancel(timer_);
}

void CertificateRenewal::start() { arm(); }

void CertificateRenewal::arm() {
  timer_ = parts_.loop->after(kInterval, [this] {
    timer_ = 0;
    look();
    arm();
  });
}

void CertificateRenewal::look() {
  auto pki = load_or_make_pki(*parts_.files, *parts_.clock, *parts_.entropy, parts_.hosts);
  if (!pki.ok()) {
    parts_.log.error("certificates could not be renewed; trying again later", {{"error", pki.error().message()}});
    return;
  }
  const bool changed = pki->server.certificate_pem != current_.server.certificate_pem ||
                       pki->admin.certificate_pem != current_.admin.certificate_pem;
  if (!changed) return;
  current_ = std::move(*pki);
  parts_.log.info("certificates were renewed");
  if (renewed_) renewed_(current_);
}

}  // namespace plinth::platform

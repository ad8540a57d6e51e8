// Certificates of a running platform are renewed before they end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/world.h"
#include "platform/pki.h"

namespace plinth::platform {

struct CertificateRenewalParts {
  Loop* loop = nullptr;  // reads and writes a few small files there: not an I/O loop of the API
  Clock* clock = nullptr;
  Entropy* entropy = nullptr;
  server::auth::SecretFiles* files = nullptr;
  std::vector<std::string> hosts;  // what the serving certificate is for
  Logger log;
};

// Looks every kInterval whether a certificate ends within kRenewBefore, and makes that one anew from the same CA. A failure is
// logged and tried again at the next look: 90 days are left for that. The CA itself (10 years) is not renewed: clients hold a
// copy of it. On its loop.
class CertificateRenewal {
 public:
  static constexpr Duration kInterval = std::chrono::hours(6);
  // Told after a renewal, with all certificates as they are now.
  using Renewed = std::function<void(const Pki&)>;

  CertificateRenewal(CertificateRenewalParts parts, Pki current, Renewed renewed);
  ~CertificateRenewal();

  void start();
  const Pki& current() const { return current_; }

 private:
  void arm();
  void look();

  CertificateRenewalParts parts_;
  Pki current_;
  Renewed renewed_;
  TimerId timer_ = 0;
};

}  // namespace plinth::platform

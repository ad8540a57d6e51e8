// The signers of kubernetes.io that this cluster has, and what each of them signs (kube-controller-manager's csrsigning).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/value.h"
#include "control/certificates/certificate_authority.h"

namespace plinth::control {

inline constexpr std::string_view kApiServerClientSigner = "kubernetes.io/kube-apiserver-client";
inline constexpr std::string_view kKubeletClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";
inline constexpr std::string_view kKubeletServingSigner = "kubernetes.io/kubelet-serving";

struct Signer {
  std::string_view name;
  // Why a request with these usages (a list of texts) is refused, in upstream's words; nothing when it is signed.
  std::optional<std::string> (*refusal)(const CertificateAuthority::Request& request, const Value& usages);
};
// Null for signers that are others' to serve.
const Signer* find_signer(std::string_view name);

// Whether a request is one for the client certificate of a kubelet.
bool is_kubelet_client(const CertificateAuthority::Request& request, const Value& usages);

// For how long a certificate is good that is signed at `now_s` after `seconds` (null: not asked for) were asked for: at most a
// year, at least ten minutes, never longer than the authority. Nothing when the authority has ended.
struct Validity {
  std::int64_t not_before_s = 0, not_after_s = 0;
};
std::optional<Validity> validity(const Value& seconds, std::int64_t now_s, std::int64_t authority_end_s);

}  // namespace plinth::control

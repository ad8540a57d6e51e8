#include "platform/kubeconfig.h"

#include "base/base64.h"

namespace plinth::platform {

std::string admin_kubeconfig(const Pki& pki, const std::string& server) {
  std::string out = "apiVersion: v1\nkind: Config\ncurrent-context: plinth\nclusters:\n- name: plinth\n  cluster:\n";
  out += "    server: " + server + "\n";
  out += "    certificate-authority-data: " + base64_encode(pki.ca.certificate_pem) + "\n";
  out += "contexts:\n- name: plinth\n  context:\n    cluster: plinth\n    user: admin\nusers:\n- name: admin\n  user:\n";
  out += "    client-certificate-data: " + base64_encode(pki.admin.certificate_pem) + "\n";
  out += "    client-key-data: " + base64_encode(pki.admin.private_key_pem) + "\n";
  return out;
}

}  // namespace plinth::platform

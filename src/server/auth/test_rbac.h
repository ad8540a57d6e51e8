// For tests: rbac objects in short.
#pragma once

#include <string>

#include "server/auth/rbac.h"
#include "server/auth/test_snapshot.h"

namespace plinth::server::auth {

// `rules` is the text of a JSON array; `subjects` likewise. Namespace "" makes the cluster-wide kind.
inline void put_role(TestSnapshot& snapshot, const std::string& name_space, const std::string& name, const std::string& rules) {
  const std::string plural = name_space.empty() ? "clusterroles" : "roles";
  snapshot.put("/rbac.authorization.k8s.io/" + plural + "/" + name_space + "/" + name,
               "{\"rules\":" + rules + ",\"metadata\":{\"name\":\"" + name + "\"}}");
}

inline void put_binding(TestSnapshot& snapshot, const std::string& name_space, const std::string& name,
                        const std::string& role_kind, const std::string& role, const std::string& subjects) {
  const std::string plural = name_space.empty() ? "clusterrolebindings" : "rolebindings";
  snapshot.put("/rbac.authorization.k8s.io/" + plural + "/" + name_space + "/" + name,
               "{\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"" + role_kind + "\",\"name\":\"" + role +
                   "\"},\"subjects\":" + subjects + ",\"metadata\":{\"name\":\"" + name + "\"}}");
}

inline std::string user_subject(const std::string& name) { return "[{\"kind\":\"User\",\"name\":\"" + name + "\"}]"; }

// "get pods", "get pods/log ns=a name=x", "list deployments.apps", "get /healthz".
inline Attributes ask(UserPtr user, const std::string& text) {
  Attributes out;
  out.user = std::move(user);
  std::size_t begin = 0;
  for (int word = 0; begin <= text.size(); ++word) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    begin = end + 1;
    if (word == 0) {
      out.verb = part;
    } else if (word == 1 && part.starts_with('/')) {
      out.is_resource_request = false;
      out.path = part;
    } else if (word == 1) {
      const std::size_t slash = part.find('/');
      if (slash != std::string::npos) out.subresource = part.substr(slash + 1);
      const std::string resource = part.substr(0, slash);
      const std::size_t dot = resource.find('.');
      out.resource = resource.substr(0, dot);
      if (dot != std::string::npos) out.group = resource.substr(dot + 1);
    } else if (part.starts_with("ns=")) {
      out.name_space = part.substr(3);
    } else if (part.starts_with("name=")) {
      out.name = part.substr(5);
    }
  }
  return out;
}

}  // namespace plinth::server::auth

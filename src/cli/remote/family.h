// Who belongs to whom in a cluster: owner references, ApplySet labels, and what a definition defines.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/remote/kind_lookup.h"

namespace plinth::cli {

struct FamilyMember {
  client::Resource resource;
  Document object;
  std::vector<FamilyMember> children;  // by kind and name
};

// The object with everything below it. Kinds that may not be listed are named in `unseen`.
Result<FamilyMember> find_family(ApiClient& api, const ServedKinds& kinds, const client::Resource& resource,
                                 const std::string& name_space, const std::string& name, std::vector<std::string>& unseen);

// Whether an object is as it should be, by what it says of itself.
struct Health {
  enum class State : std::uint8_t { kNone, kReady, kNotReady };  // kNone: its kind does not say
  State state = State::kNone;
  std::string reason;   // of kNotReady: "ImagePullBackOff"
  std::string message;  // what stands beside it
};
Health health_of(const client::Resource& resource, const Value& object);

}  // namespace plinth::cli

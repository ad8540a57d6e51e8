// metav1.DeleteOptions: from the body, or from the query where there is no body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/value.h"
#include "server/exchange.h"

namespace plinth::server {

enum class Propagation : std::uint8_t { kUnset, kBackground, kForeground, kOrphan };

struct DeleteOptions {
  std::optional<std::int64_t> grace_seconds;
  Propagation propagation = Propagation::kUnset;
  std::optional<std::string> uid;               // precondition
  std::optional<std::string> resource_version;  // precondition
  bool dry_run = false;
  Document document;  // as sent, for admission; null when there is none
};

// BadRequest for what does not decode, 422 for what contradicts itself.
Result<DeleteOptions> read_delete_options(const Exchange& exchange);
// Of a DeleteOptions object inside another (Eviction); null means the defaults.
Result<DeleteOptions> delete_options_of(const Document& document);

}  // namespace plinth::server

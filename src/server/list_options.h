// The query options of list, watch and deletecollection (metav1.ListOptions) and the continue token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "server/request_info.h"
#include "store/store.h"

namespace plinth::server {

enum class VersionMatch : std::uint8_t { kUnset, kNotOlderThan, kExact };

struct ListOptions {
  std::string label_selector, field_selector;
  std::int64_t limit = 0;
  std::string continue_token;
  bool revision_set = false;  // resourceVersion given and not ""
  store::Revision revision = 0;
  VersionMatch match = VersionMatch::kUnset;
  std::optional<std::int64_t> timeout_seconds;
  bool bookmarks = false;
  std::optional<bool> send_initial_events;
};

// 400 for values that do not parse, 422 for combinations that upstream's ValidateListOptions refuses.
Result<ListOptions> parse_list_options(const Query& query, bool watch);

// Where a paged list goes on. `revision` 0 stands for "at the latest" (rv -1 in the token).
struct ContinueToken {
  store::Revision revision = 0;
  std::string start;  // "ns/name\0" relative to the listed prefix
};
std::string encode_continue(const ContinueToken& token);
Result<ContinueToken> decode_continue(std::string_view text);

}  // namespace plinth::server

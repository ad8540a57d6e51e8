#include "api/wording.h"

#include <algorithm>
#include <tuple>

namespace plinth::api {

const Wording* find_wording(std::string_view type, std::string_view property, std::string_view keyword) {
  const auto key = std::tuple(type, property, keyword);
  const auto key_of = [](const Wording& w) { return std::tuple(w.type, w.property, w.keyword); };
  const auto rows = wordings();
  const auto at =
      std::lower_bound(rows.begin(), rows.end(), key, [&](const Wording& w, const auto& k) { return key_of(w) < k; });
  return at != rows.end() && key_of(*at) == key ? &*at : nullptr;
}

}  // namespace plinth::api

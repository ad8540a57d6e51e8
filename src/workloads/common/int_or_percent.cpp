#include "workloads/common/int_or_percent.h"

#include "base/text.h"

namespace plinth::workloads {

std::int64_t scaled_count(const Value& value, std::int64_t total, bool round_up) {
  if (value.is_number()) return value.as_int();
  const std::string_view text = value.as_string();
  if (text.empty() || text.back() != '%') return 0;
  const std::int64_t product = parse_integer<std::int64_t>(text.substr(0, text.size() - 1)).value_or(0) * total;
  return product / 100 + (round_up && product % 100 != 0 ? 1 : 0);
}

}  // namespace plinth::workloads

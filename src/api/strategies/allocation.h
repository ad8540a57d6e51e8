// What objects of a kind hold that no two objects may hold at a time (addresses, ports), and how what a client left open is
// chosen. Claims themselves are kept by the store's writer (Reservation in store/store.h); code here only says which there are.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/address_range.h"
#include "api/field_error.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

inline constexpr std::string_view kDefaultServiceCidr = "10.96.0.0/16";

// Of the cluster; given once, at its start.
struct AllocationSettings {
  AddressRange service_range = AddressRange::parse(kDefaultServiceCidr).value();
  std::int64_t node_port_first = 30000, node_port_last = 32767;
};

struct Claim {
  std::string_view ledger;  // static text
  std::string name;
  auto operator<=>(const Claim&) const = default;
};

// What is held at the moment, as a write sees it.
class ClaimView {
 public:
  virtual ~ClaimView() = default;
  // By another object than the one that is being written.
  virtual bool is_taken(std::string_view ledger, std::string_view name) = 0;
  // A random number less than `bound`.
  virtual std::uint64_t below(std::uint64_t bound) = 0;
  // Ranges beside those of the settings: what Allocator::range_kind's objects name. What is concluded from them still holds
  // when the write commits.
  virtual std::vector<AddressRange> more_ranges() { return {}; }
};

// A free position of [0, size): first of those from `band` on, then of those below, each searched from a random one on. Nothing
// when all are taken.
std::optional<std::uint64_t> pick_free(std::uint64_t size, std::uint64_t band, ClaimView& claims,
                                       const std::function<bool(std::uint64_t)>& is_free);

// A member of a Strategy. Both functions are pure but for the view.
struct Allocator {
  // After mutating admission, before validation. `old` is null for a creation. What is wrong with what the client asked for
  // goes to `errors` (422); other failures are the result.
  Result<void> (*allocate)(Draft& object, const Value& old, const AllocationSettings& settings, ClaimView& claims,
                           FieldErrors& errors);
  // What a stored object holds; sorted and without repetition.
  std::vector<Claim> (*claims)(const Value& object);
  // All ledgers that claims() names.
  std::vector<std::string_view> (*ledgers)();
  // The kind whose objects name further ranges, and what one of them names at the moment.
  std::string_view range_group, range_plural;
  std::vector<AddressRange> (*ranges_of)(const Value& object);
};

}  // namespace plinth::api

// What a ResourceQuota counts: which resources an object uses, which quotas it falls under, what it must say. Pure; the
// admission that enforces quotas and the controller that recounts them use the same functions. Upstream's
// k8s.io/kubernetes/pkg/quota decides.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/resource_amounts.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

// A kind of namespaced objects, as quotas name it.
struct CountedKind {
  std::string_view group, plural;
};

// False: quotas never count the kind (events).
bool is_counted(const CountedKind& kind);
// Whether a change of an object can change what it uses: otherwise only that it is there counts.
bool usage_changes(const CountedKind& kind);

// The members of `hard` that objects of the kind use, in order.
std::vector<std::string_view> resources_for(const CountedKind& kind, const Value& hard);
// All that the object uses. `now_s`: a pod whose time to end is over uses nothing but its place.
Result<ResourceAmounts> usage_of(const CountedKind& kind, const Value& object, std::int64_t now_s);
// Whether the object is in all scopes of a quota's spec.
bool is_in_scope(const Value& quota_spec, const CountedKind& kind, const Value& object);
// Empty, or "must specify limits.cpu for: c1,c2": what a quota of these resources demands of the object's own words.
std::string unspecified(const CountedKind& kind, const std::vector<std::string_view>& resources, const Value& object);
// Whether quotas are enforced on this write; what others change is only counted. `old` is null for a creation.
bool is_limited(const CountedKind& kind, std::string_view subresource, const Value& old, const Value& object);

// The objects of one namespace.
class NamespaceContents {
 public:
  virtual ~NamespaceContents() = default;
  virtual std::vector<CountedKind> kinds() const = 0;
  virtual std::size_t count(const CountedKind& kind) const = 0;
  virtual Result<void> visit(const CountedKind& kind, const std::function<Result<void>(const Value& object)>& each) const = 0;
};
struct Recount {
  ResourceAmounts used;  // of the resources in `hard` that some kind uses
  // When time alone will change it.
  std::optional<std::int64_t> changes_at_s;
};
Result<Recount> recount(const Value& quota_spec, const NamespaceContents& contents, std::int64_t now_s);

// Quantities as the whole numbers that ledgers keep: thousandths of cpu, units of everything else, rounded up.
std::int64_t ledger_units(std::string_view resource, const Quantity& amount);
Quantity from_ledger_units(std::string_view resource, std::int64_t units, Quantity::Format format);

}  // namespace plinth::api

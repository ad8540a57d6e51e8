#include "server/admission/limit_range_check.h"

#include <array>
#include <cstdio>
#include <limits>

namespace plinth::server {
namespace {

using api::pod_amounts;
using api::Quantity;
using api::read_amounts;
using api::ResourceAmounts;

constexpr std::int64_t kMaxMilliValue = std::numeric_limits<std::int64_t>::max() / 1000;

// One resource of one subject under one rule. A null pointer: not specified.
struct Subject {
  std::string_view type;  // "Container", "Pod", "PersistentVolumeClaim"
  std::string_view resource;
  const Quantity* request = nullptr;
  const Quantity* limit = nullptr;
};

// Compared in thousandths where all fit, and in whole units otherwise, as upstream does.
struct Comparable {
  std::int64_t request = 0, limit = 0, enforced = 0;
};

Comparable comparable(const Subject& s, const Quantity& enforced) {
  const Quantity zero;
  const Quantity& request = s.request ? *s.request : zero;
  const Quantity& limit = s.limit ? *s.limit : zero;
  const Comparable whole{request.value(), limit.value(), enforced.value()};
  if (whole.request > kMaxMilliValue || whole.limit > kMaxMilliValue || whole.enforced > kMaxMilliValue) return whole;
  return {request.milli_value(), limit.milli_value(), enforced.milli_value()};
}

std::string rule(std::string_view bound, const Subject& s, const Quantity& enforced) {
  return std::string(bound) + " " + std::string(s.resource) + " usage per " + std::string(s.type) + " is " + enforced.text();
}

std::string check_min(const Subject& s, const Quantity& enforced) {
  const std::string start = rule("minimum", s, enforced);
  if (s.request == nullptr) return start + ".  No request is specified";
  const Comparable c = comparable(s, enforced);
  if (c.request < c.enforced) return start + ", but request is " + s.request->text();
  if (s.limit != nullptr && c.limit < c.enforced) return start + ", but limit is " + s.limit->text();
  return "";
}

std::string check_max(const Subject& s, const Quantity& enforced) {
  const std::string start = rule("maximum", s, enforced);
  if (s.limit == nullptr) return start + ".  No limit is specified";
  const Comparable c = comparable(s, enforced);
  if (c.limit > c.enforced) return start + ", but limit is " + s.limit->text();
  if (s.request != nullptr && c.request > c.enforced) return start + ", but request is " + s.request->text();
  return "";
}

// Claims have no limits.
std::string check_max_request(const Subject& s, const Quantity& enforced) {
  const std::string start = rule("maximum", s, enforced);
  if (s.request == nullptr) return start + ".  No request is specified";
  const Comparable c = comparable(s, enforced);
  return c.request > c.enforced ? start + ", but request is " + s.request->text() : "";
}

std::string check_ratio(const Subject& s, const Quantity& enforced) {
  const std::string start =
      std::string(s.resource) + " max limit to request ratio per " + std::string(s.type) + " is " + enforced.text();
  const Comparable c = comparable(s, enforced);
  if (s.request == nullptr || c.request == 0) return start + ", but no request is specified or request is 0";
  if (s.limit == nullptr || c.limit == 0) return start + ", but no limit is specified or limit is 0";
  const double ratio = static_cast<double>(c.limit) / static_cast<double>(c.request);
  const bool in_milli = enforced.value() <= kMaxMilliValue;
  const bool exceeds =
      in_milli ? ratio * 1000 > static_cast<double>(enforced.milli_value()) : ratio > static_cast<double>(enforced.value());
  if (!exceeds) return "";
  std::array<char, 340> shown{};
  std::snprintf(shown.data(), shown.size(), "%f", ratio);
  return start + ", but provided ratio is " + shown.data();
}

const Quantity* amount_of(const ResourceAmounts& amounts, std::string_view name) {
  const auto found = amounts.find(name);
  return found == amounts.end() ? nullptr : &found->second;
}

using Check = std::string (*)(const Subject&, const Quantity&);

Result<void> apply(const Value& bounds, Check check, std::string_view type, const ResourceAmounts& requests,
                   const ResourceAmounts& limits, std::vector<std::string>& out) {
  for (const auto& [resource, enforced] : TRY(read_amounts(bounds))) {
    std::string wrong = check({type, resource, amount_of(requests, resource), amount_of(limits, resource)}, enforced);
    if (!wrong.empty()) out.push_back(std::move(wrong));
  }
  return {};
}

Result<void> apply_all(const Value& item, std::string_view type, const ResourceAmounts& requests, const ResourceAmounts& limits,
                       std::vector<std::string>& out) {
  TRY(apply(item["min"], check_min, type, requests, limits, out));
  TRY(apply(item["max"], check_max, type, requests, limits, out));
  return apply(item["maxLimitRequestRatio"], check_ratio, type, requests, limits, out);
}

}  // namespace

Result<std::vector<std::string>> pod_violations(const Value& limit_range, const Value& pod_spec) {
  std::vector<std::string> out;
  for (const Value& item : limit_range["spec"]["limits"].items()) {
    const std::string_view type = item["type"].as_string();
    if (type == "Container") {
      for (std::string_view list : {"containers", "initContainers"}) {
        for (const Value& container : pod_spec[list].items()) {
          const Value resources = container["resources"];
          TRY(apply_all(item, type, TRY(read_amounts(resources["requests"])), TRY(read_amounts(resources["limits"])), out));
        }
      }
    } else if (type == "Pod") {
      TRY(apply_all(item, type, TRY(pod_amounts(pod_spec, "requests")), TRY(pod_amounts(pod_spec, "limits")), out));
    }
  }
  return out;
}

Result<std::vector<std::string>> claim_violations(const Value& limit_range, const Value& claim_spec) {
  std::vector<std::string> out;
  const ResourceAmounts requests = TRY(read_amounts(claim_spec["resources"]["requests"]));
  for (const Value& item : limit_range["spec"]["limits"].items()) {
    const std::string_view type = item["type"].as_string();
    if (type != "PersistentVolumeClaim") continue;
    TRY(apply(item["min"], check_min, type, requests, {}, out));
    TRY(apply(item["max"], check_max_request, type, requests, {}, out));
  }
  return out;
}

}  // namespace plinth::server

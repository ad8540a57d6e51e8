#include "server/admission/resource_quota.h"

#include <limits>

#include "api/quota/quota.h"
#include "server/admission/quota_ledger.h"
#include "server/admission/stored_objects.h"

namespace plinth::server {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

std::string listed(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ",") + std::string(name);
  return out;
}

api::Quantity amount_of(const Value& list, std::string_view resource) {
  auto amount = api::Quantity::parse(list[resource].as_string());
  return amount.ok() ? *amount : api::Quantity();
}

// The parts of `exceeded quota: ...`.
struct Exceeded {
  std::string requested, used, limited;
  void add(std::string_view resource, const api::Quantity& more, const api::Quantity& now, const api::Quantity& limit) {
    append(requested, resource, more);
    append(used, resource, now);
    append(limited, resource, limit);
  }

 private:
  static void append(std::string& to, std::string_view resource, const api::Quantity& amount) {
    to += (to.empty() ? "" : ",") + std::string(resource) + "=" + amount.text();
  }
};

// One write against the quotas of its namespace.
class Charging {
 public:
  Charging(ServerContext& context, AdmissionRequest& request, const Value& old, const Value& kept,
           std::vector<store::Reservation>& out)
      : request_(request),
        old_(old),
        kept_(kept),
        kind_{request.group(), request.resource()},
        now_s_(context.now_s()),
        out_(out) {}

  Result<void> run() {
    const bool limited = !kept_.is_null() && api::is_limited(kind_, request_.subresource, old_, kept_);
    for (const Document& quota :
         TRY(read_stored_under(*request_.snapshot, "/core/resourcequotas/" + request_.name_space + "/"))) {
      if (is_itself(quota.root())) continue;
      TRY(charge(quota.root(), limited));
    }
    return {};
  }

 private:
  bool is_itself(const Value& quota) const {
    return kind_.group.empty() && kind_.plural == "resourcequotas" && quota["metadata"]["name"].as_string() == request_.name;
  }

  Result<void> charge(const Value& quota, bool limited) {
    const Value spec = quota["spec"];
    const auto resources = api::resources_for(kind_, spec["hard"]);
    if (resources.empty()) return {};
    const bool was_in = !old_.is_null() && api::is_in_scope(spec, kind_, old_);
    const bool is_in = !kept_.is_null() && api::is_in_scope(spec, kind_, kept_);
    if (!was_in && !is_in) return {};
    const QuotaLedger ledger(*request_.snapshot, quota);
    if (limited && is_in) TRY(check_words(quota, resources, ledger));
    const api::ResourceAmounts before = was_in ? TRY(api::usage_of(kind_, old_, now_s_)) : api::ResourceAmounts();
    const api::ResourceAmounts after = is_in ? TRY(api::usage_of(kind_, kept_, now_s_)) : api::ResourceAmounts();
    const bool enforced = limited && is_in && request_.subresource != "status";
    Exceeded exceeded;
    for (const std::string_view resource : resources) {
      const api::Quantity more = find(after, resource) - find(before, resource);
      const std::int64_t units =
          api::ledger_units(resource, find(after, resource)) - api::ledger_units(resource, find(before, resource));
      if (units == 0) continue;
      const api::Quantity hard = amount_of(spec["hard"], resource);
      const std::int64_t limit = enforced && units > 0 ? api::ledger_units(resource, hard) : kNoLimit;
      const std::int64_t used = ledger.used(resource);
      if (units > 0 && used > limit - units) exceeded.add(resource, more, shown_use(quota, resource, used, hard), hard);
      out_.push_back(ledger.add(resource, units, limit));
    }
    if (exceeded.requested.empty()) return {};
    return admission_forbidden(request_, "exceeded quota: " + name_of(quota) + ", requested: " + exceeded.requested +
                                             ", used: " + exceeded.used + ", limited: " + exceeded.limited);
  }

  Result<void> check_words(const Value& quota, const std::vector<std::string_view>& resources, const QuotaLedger& ledger) {
    const std::string missing = api::unspecified(kind_, resources, kept_);
    if (!missing.empty()) return admission_forbidden(request_, "failed quota: " + name_of(quota) + ": " + missing);
    if (ledger.is_measured()) return {};
    request_.is_awaited = true;
    return admission_forbidden(request_, "status unknown for quota: " + name_of(quota) + ", resources: " + listed(resources));
  }

  static std::string name_of(const Value& quota) { return std::string(quota["metadata"]["name"].as_string()); }
  static api::Quantity find(const api::ResourceAmounts& amounts, std::string_view resource) {
    const auto at = amounts.find(resource);
    return at == amounts.end() ? api::Quantity() : at->second;
  }
  // As the status writes it, where it is up to date.
  static api::Quantity shown_use(const Value& quota, std::string_view resource, std::int64_t used, const api::Quantity& hard) {
    const api::Quantity said = amount_of(quota["status"]["used"], resource);
    return api::ledger_units(resource, said) == used ? said : api::from_ledger_units(resource, used, hard.format());
  }

  AdmissionRequest& request_;
  const Value& old_;
  const Value& kept_;
  const api::CountedKind kind_;
  const std::int64_t now_s_;
  std::vector<store::Reservation>& out_;
};

bool same_shape(const Value& a, const Value& b) {
  if (!equal(a["scopes"], b["scopes"]) || !equal(a["scopeSelector"], b["scopeSelector"])) return false;
  if (a["hard"].size() != b["hard"].size()) return false;
  for (const Member& member : a["hard"].members()) {
    if (b["hard"].find(member.key()) == nullptr) return false;
  }
  return true;
}

// A write of a quota itself.
Result<void> follow_quota(ServerContext& context, AdmissionRequest& request, const Value& old, const Value& kept,
                          std::vector<store::Reservation>& out) {
  const QuotaLedger ledger(*request.snapshot, kept.is_null() ? old : kept);
  const bool changes = old.is_null() || kept.is_null() || !equal(old["spec"], kept["spec"]);
  if (changes) out.push_back(next_epoch(request.name_space));
  if (kept.is_null() || (!old.is_null() && !same_shape(old["spec"], kept["spec"]))) {
    ledger.reset(old, out);
  } else if (request.subresource == "status" && !(ledger.is_measured() && ledger.agrees_with_status())) {
    TRY(ledger.measure(*context.registry->table(), context.now_s(), out));
  }
  return {};
}

}  // namespace

Result<void> charge_quotas(ServerContext& context, AdmissionRequest& request, const Value& old, const Value& kept,
                           std::vector<store::Reservation>& out) {
  const api::CountedKind kind{request.group(), request.resource()};
  if (request.name_space.empty()) {
    const bool ends = kind.group.empty() && kind.plural == "namespaces" && kept.is_null();
    if (ends) out.push_back({store::Reservation::Kind::kReset, std::string(kQuotaEpochs), request.name});
    return {};
  }
  if (!api::is_counted(kind)) return {};
  const bool is_quota = kind.group.empty() && kind.plural == "resourcequotas";
  if (!old.is_null() && !kept.is_null() && !is_quota && !api::usage_changes(kind)) return {};
  out.push_back(expect_epoch(*request.snapshot, request.name_space));
  if (out.back().amount != 0) TRY(Charging(context, request, old, kept, out).run());
  return is_quota ? follow_quota(context, request, old, kept, out) : Result<void>();
}

}  // namespace plinth::server

#include "server/write/allocation.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "api/strategies/strategy.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

const api::Allocator* allocator_of(const ResolvedKind& kind) {
  if (!kind.row->builtin) return nullptr;
  const api::Strategy* strategy = api::find_strategy(kind.row->group, kind.row->kind);
  return strategy != nullptr ? strategy->allocator : nullptr;
}

class SnapshotClaims final : public api::ClaimView {
 public:
  SnapshotClaims(const api::Allocator& allocator, AdmissionRequest& request, Entropy& entropy, std::string_view own_uid)
      : allocator_(allocator), request_(request), snapshot_(*request.snapshot), entropy_(entropy), own_uid_(own_uid) {}
  bool is_taken(std::string_view ledger, std::string_view name) override {
    const auto owner = snapshot_.claim_owner(ledger, name);
    return owner && *owner != own_uid_;
  }
  std::uint64_t below(std::uint64_t bound) override {
    unsigned char bytes[8];
    entropy_.fill(bytes);
    std::uint64_t number = 0;
    std::memcpy(&number, bytes, sizeof number);
    return number % bound;
  }
  std::vector<api::AddressRange> more_ranges() override {
    std::vector<api::AddressRange> out;
    const std::string prefix = "/" + std::string(allocator_.range_group) + "/" + std::string(allocator_.range_plural) + "/";
    snapshot_.scan(prefix, "", [&](const store::RecordPtr& record) {
      auto object = decode_record(*record, "", false);
      if (!object.ok()) return true;
      for (api::AddressRange& range : allocator_.ranges_of(object->root())) out.push_back(std::move(range));
      request_.preconditions.push_back(
          {store::Precondition::Kind::kAtRevision, std::string(record->key()), record->revision(), ""});
      return true;
    });
    return out;
  }

 private:
  const api::Allocator& allocator_;
  AdmissionRequest& request_;
  const store::Snapshot& snapshot_;
  Entropy& entropy_;
  const std::string_view own_uid_;
};

}  // namespace

Result<void> allocate(ServerContext& context, AdmissionRequest& request) {
  if (request.object == nullptr || !request.subresource.empty()) return {};
  const api::Allocator* allocator = allocator_of(request.kind);
  if (allocator == nullptr) return {};
  const std::string uid(request.object->root()["metadata"]["uid"].as_string());
  SnapshotClaims claims(*allocator, request, *context.entropy, uid);
  api::FieldErrors errors;
  TRY(allocator->allocate(*request.object, request.old_object.root(), context.allocation, claims, errors));
  if (errors.empty()) return {};
  return api::invalid(request.group(), request.kind.row->kind, request.name, errors);
}

void reserve_claims(const ResolvedKind& kind, const Value& old, const Value& kept, std::vector<store::Reservation>& out) {
  const api::Allocator* allocator = allocator_of(kind);
  if (allocator == nullptr) return;
  std::vector<api::Claim> before, after, gone, added;
  if (!old.is_null()) before = allocator->claims(old);
  if (!kept.is_null()) after = allocator->claims(kept);
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(gone));
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(added));
  const std::string uid((kept.is_null() ? old : kept)["metadata"]["uid"].as_string());
  for (api::Claim& claim : gone) {
    out.push_back({store::Reservation::Kind::kRelease, std::string(claim.ledger), std::move(claim.name), uid});
  }
  for (api::Claim& claim : added) {
    out.push_back({store::Reservation::Kind::kClaim, std::string(claim.ledger), std::move(claim.name), uid});
  }
}

}  // namespace plinth::server

// managedFields around a write: who owns what afterwards. The algorithm is api's (managed_fields.h, apply.h); this binds it to
// a request and a stored object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/apply.h"
#include "api/managed_fields.h"
#include "base/result.h"
#include "base/value.h"
#include "server/context.h"
#include "server/exchange.h"
#include "server/kind_registry.h"
#include "server/read/decoded_objects.h"

namespace plinth::server {

// Who writes, through which endpoint, when.
struct WriteContext {
  DecodedObjects* decoded = nullptr;
  std::string manager;
  std::string subresource;
  std::int64_t now_s = 0;
  bool force = false;
};
WriteContext write_context(const ServerContext& context, const Exchange& exchange, const WriteOptions& options);

struct Applied;

class Ownership {
 public:
  Ownership() = default;
  // `sent` is the body: metadata.managedFields in it count as upstream says (explicit reset).
  static Ownership of_creation(const ResolvedKind& kind, const Document& sent, const Document& object,
                               const WriteContext& write);
  static Ownership of_update(const ResolvedKind& kind, const store::RecordPtr& old_record, const Document& old_object,
                             const Document& sent, const Document& object, const WriteContext& write);
  // What is stored, unchanged (deletions, scale writes that change nothing).
  static Ownership stored(const store::Record& record);
  static Ownership of_entries(const api::ManagedFields& entries);
  // Server-side apply of `config`; `old_record` null creates. 409 with the conflicts unless forced.
  static Result<Applied> apply(const ResolvedKind& kind, const store::RecordPtr& old_record, const Document& old_object,
                               Document config, const WriteContext& write);
  const std::string& json() const { return json_; }
  // What json() says; null when that was not asked for on the way.
  const OwnersPtr& owners() const { return owners_; }
  // Equal but for times.
  bool same_as_stored(const store::Record& record) const;

 private:
  // `input` says what was there.
  static api::ManagedFields tracked(const ResolvedKind& kind, api::UpdateInput input, const Document& sent,
                                    const Document& object, const WriteContext& write);
  // `owners` after a write over `old_record`, whose were `live`.
  static Ownership after(const store::RecordPtr& old_record, const OwnersPtr& live, const api::ManagedFields& owners);
  std::string json_;  // of the entries; "" or "[]" when nothing is owned
  OwnersPtr owners_;
};

struct Applied {
  Document merged;
  Ownership ownership;
};

}  // namespace plinth::server

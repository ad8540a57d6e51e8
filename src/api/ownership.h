// The arithmetic below server-side apply (structured-merge-diff's Updater): which entries lose what by a change of the object.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/apply.h"
#include "api/typed.h"

namespace plinth::api {

// One field that a manager other than the applier owns and the apply would change. `manager` is an entry's identity.
struct OwnershipConflict {
  std::string identity;
  std::string manager_text;  // `"kubectl" using apps/v1`
  std::vector<PathElement> path;
};
using OwnershipConflicts = std::vector<OwnershipConflict>;

Error conflict_error(const OwnershipConflicts& conflicts);

// One write. Path elements of the entries it makes live as long as `storage`, the objects and the schema.
class Ownership {
 public:
  // Zeros::kCount where both objects are decoded ones; an applied configuration is compared as it was written.
  Ownership(const OwnershipScope& scope, ManagedFields& storage, Zeros zeros)
      : scope_(scope), storage_(storage), zeros_(zeros) {}

  // An object in another version; null type when the version is gone.
  struct Versioned {
    TypeRef type;
    Document object;
  };
  Result<Versioned> at(const Document& object, std::string_view api_version) const;

  // Adapts the entries of the storage that were written under an older schema of their version.
  Result<void> reconcile(const Document& live) const;

  // Takes what changed between the objects from all entries but `writer`, and what is gone from all objects. Entries of
  // versions that are gone, and entries left empty, vanish. Without `force`, taking anything that changed is a conflict.
  Result<Comparison> take(const Document& live, const Document& next, std::vector<ManagedEntry>& entries,
                          const ManagedEntry* writer, bool force, OwnershipConflicts* conflicts);

  // Removes what the manager applied last time (`last`), does not apply now and nobody else owns.
  Result<Document> prune(const Document& merged, const std::vector<ManagedEntry>& entries, const ManagedEntry& last) const;

  FieldSet without_reset(const FieldSet& set, std::string_view api_version) const;
  const OwnershipScope& scope() const { return scope_; }
  TypeRef type() const { return object_type(*scope_.schema); }
  ManagedFields& storage() { return storage_; }

 private:
  struct Change {
    bool gone = false;
    Comparison filtered;
    FieldSet touched;  // added or modified
  };
  Result<const Change*> change_at(std::string_view api_version, const Document& live, const Document& next);
  Result<Document> add_back_owned(const Document& merged, const Document& pruned, const std::vector<ManagedEntry>& entries,
                                  std::string_view version) const;

  const OwnershipScope& scope_;
  ManagedFields& storage_;
  Zeros zeros_;
  std::vector<std::pair<std::string, std::unique_ptr<Change>>> changes_;
};

// Fields that nobody owns: apiVersion, kind and what the server itself keeps in metadata.
const FieldSet& unowned_fields();

}  // namespace plinth::api

#include "server/write/metadata.h"

#include <cstring>

#include "api/strategies/strategy.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

constexpr std::size_t kGeneratedPrefixMax = 58;
constexpr std::size_t kGeneratedSuffix = 5;

Error namespace_mismatch() {
  return bad_request("the namespace of the provided object does not match the namespace sent on the request");
}

void restore_member(Draft& draft, Value& metadata, const Value& old_metadata, std::string_view key) {
  if (const Value* value = old_metadata.find(key))
    draft.member(metadata, key) = draft.clone(*value);
  else
    draft.remove(metadata, key);
}

bool same_member(const Value& a, const Value& b, std::string_view key) {
  const Value* x = a.find(key);
  const Value* y = b.find(key);
  if (x == nullptr || y == nullptr) return x == y;
  return equal(*x, *y);
}

// Equal but for the members named.
bool equal_except(const Value& a, const Value& b, std::initializer_list<std::string_view> except) {
  auto ignored = [&](std::string_view key) {
    for (std::string_view name : except) {
      if (name == key) return true;
    }
    return false;
  };
  for (const Member& m : a.members()) {
    if (!ignored(m.key()) && !same_member(a, b, m.key())) return false;
  }
  for (const Member& m : b.members()) {
    if (!ignored(m.key()) && a.find(m.key()) == nullptr) return false;
  }
  return true;
}

}  // namespace

Result<void> match_url(Draft& object, const ResolvedKind& kind, std::string_view name_space, std::string_view name) {
  Value& metadata = object.member(object.root(), "metadata");
  const std::string_view own = metadata["namespace"].as_string();
  if (kind.row->scope == api::Scope::kCluster) {
    if (!own.empty()) return namespace_mismatch();
  } else if (own.empty()) {
    object.set(metadata, "namespace", name_space);
  } else if (own != name_space) {
    return namespace_mismatch();
  }
  if (name.empty()) return {};
  const std::string_view given = metadata["name"].as_string();
  if (given.empty()) {
    object.set(metadata, "name", name);
  } else if (given != name) {
    return bad_request("the name of the object (" + std::string(given) + ") does not match the name on the URL (" +
                       std::string(name) + ")");
  }
  return {};
}

Result<void> clear_new_metadata(Draft& object, const ResolvedKind& kind, std::string_view name_space,
                                std::string_view name_in_url) {
  TRY(match_url(object, kind, name_space, name_in_url));
  Value& metadata = object.member(object.root(), "metadata");
  for (std::string_view key :
       {"selfLink", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"}) {
    object.remove(metadata, key);
  }
  return {};
}

bool fill_new_metadata(Draft& object, const ResolvedKind& kind, Clock& clock, Entropy& entropy) {
  Value& metadata = object.member(object.root(), "metadata");
  object.set(metadata, "uid", new_uuid(entropy));
  object.set(metadata, "creationTimestamp", format_rfc3339(clock.wall_ns()));
  if (kind.row->keeps_generation) object.member(metadata, "generation") = Value::of(1);
  std::string prefix(metadata["generateName"].as_string());
  if (prefix.empty() || !metadata["name"].as_string().empty()) return false;
  if (prefix.size() > kGeneratedPrefixMax) prefix.resize(kGeneratedPrefixMax);
  object.set(metadata, "name", prefix + random_suffix(entropy, kGeneratedSuffix));
  return true;
}

Result<void> check_new_revision(const Value& object) {
  const auto revision = parse_integer<std::uint64_t>(object["metadata"]["resourceVersion"].as_string());
  if (revision.value_or(0) == 0) return {};
  Error refused(Reason::kNone, "resourceVersion should not be set on objects to be created");
  refused.set_code(500);
  return refused;
}

void restore_system_metadata(Draft& object, const Value& old) {
  const Value old_metadata = old["metadata"];
  Value& metadata = object.member(object.root(), "metadata");
  if (metadata["uid"].as_string().empty()) restore_member(object, metadata, old_metadata, "uid");
  restore_member(object, metadata, old_metadata, "creationTimestamp");
  if (old_metadata.find("deletionTimestamp") != nullptr) restore_member(object, metadata, old_metadata, "deletionTimestamp");
  if (metadata["deletionGracePeriodSeconds"].is_null())
    restore_member(object, metadata, old_metadata, "deletionGracePeriodSeconds");
  object.remove(metadata, "selfLink");
  object.remove(metadata, "resourceVersion");
}

bool is_unchanged(const Value& old, const Value& object) {
  return equal_except(old, object, {"metadata"}) &&
         equal_except(old["metadata"], object["metadata"], {"managedFields", "resourceVersion"});
}

void update_generation(Draft& object, const Value& old, const ResolvedKind& kind) {
  Value& metadata = object.member(object.root(), "metadata");
  if (!kind.row->keeps_generation) {
    restore_member(object, metadata, old["metadata"], "generation");
    return;
  }
  std::int64_t generation = old["metadata"]["generation"].as_int();
  const bool same = kind.version->has_status ? equal_except(old, object.root(), {"metadata", "status"})
                                             : equal_except(old, object.root(), {"metadata"});
  if (!same) ++generation;
  if (generation > 0)
    object.member(metadata, "generation") = Value::of(generation);
  else
    object.remove(metadata, "generation");
}

bool is_being_deleted(const store::Record& record) {
  const std::string_view metadata = metadata_text(record);
  const std::size_t managed_fields = record.body().size() - record.managed_fields_cut();
  // Quotes are everywhere, so a search for the first character of it would stop at each.
  constexpr std::string_view kMark = "\"deletionTimestamp\":";
  return ::memmem(metadata.data(), metadata.size() - managed_fields, kMark.data(), kMark.size()) != nullptr;
}

bool is_ready_to_be_removed(const ResolvedKind& kind, const Value& object) {
  const Value metadata = object["metadata"];
  if (metadata.find("deletionTimestamp") == nullptr || metadata["finalizers"].size() > 0) return false;
  if (metadata["deletionGracePeriodSeconds"].as_int() != 0) return false;
  const api::Strategy* strategy = api::find_strategy(*kind.row);
  return strategy == nullptr || strategy->is_kept == nullptr || !strategy->is_kept(object);
}

}  // namespace plinth::server

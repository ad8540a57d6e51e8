// A cache of objects that is fed from outside, kind by kind, in the order of each kind's changes; and views over it. Kinds are
// independent: one may be ahead of another, as with a watch for each.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/cache.h"

namespace plinth::client {

// Used on one loop. Views that were handed out do not change: what they hold is copied before a change when somebody still has
// it, so that holding one for the time of a step costs nothing.
class ObjectCache {
 public:
  // What the objects themselves do not say: the schemas of kinds, and managedFields where objects come without.
  struct Source {
    std::function<std::optional<KindForm>(std::string_view group, std::string_view version, std::string_view kind)> find_kind;
    std::function<std::string(const Object&)> managed_fields;
  };
  explicit ObjectCache(Source source = {});
  ~ObjectCache();

  // A kind that is followed from now on, at that version; empty until it is fed. Where another version was followed, its
  // objects stay until then.
  void add_kind(const Resource& resource);
  // No longer served: its objects are gone. Told as deletions.
  std::vector<Change> remove_kind(const Resource& resource);
  // Whether the kind is followed at that version.
  bool has_version(const Resource& resource) const;

  // A whole list of a kind at `revision`. What that changes, deletions included (their objects are the last states known here);
  // an object in another version counts as changed.
  std::vector<Change> replace(const Resource& resource, std::vector<Object> objects, std::uint64_t revision);
  // One change. Nothing when it is not newer than what is known.
  std::optional<Change> apply(Object object, bool deleted);
  // Everything of the kind up to there has been seen (a bookmark).
  void advance(const Resource& resource, std::uint64_t revision);

  std::shared_ptr<const View> view() const;
  std::size_t object_count() const;

  struct Kind;  // private to the .cpp
  struct Root;

 private:
  Kind* writable(const Resource& resource);
  std::shared_ptr<const Source> source_;
  std::shared_ptr<Root> root_;
};

}  // namespace plinth::client

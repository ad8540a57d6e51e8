// What the engine adds to a child, and whether the cluster has it as it should be.
#pragma once

#include <string>
#include <string_view>

#include "base/value.h"
#include "client/cache.h"
#include "compose/graph/graph.h"

namespace plinth::compose {

// The instance whose children are made.
struct ParentInstance {
  client::Object object;
  std::string api_version, group, version, kind;
  std::string set_id;
};
ParentInstance parent_of(const client::Object& instance, const ApiSchema& api);

// Place of an item in its collection.
struct CollectionPlace {
  std::size_t index = 0, size = 0;
};

// The rendered object with namespace, labels, annotations and, where the API allows it, the owner reference.
Document mark_child(const Document& rendered, const ParentInstance& parent, const Node& node, const CollectionPlace* place);

// A child, wherever it is: what kind, where.
struct ChildKey {
  std::string group, kind, name_space, name;
  friend auto operator<=>(const ChildKey&, const ChildKey&) = default;
  std::string text() const;  // "Deployment a-team/web"
};
ChildKey key_of_child(const client::Object& object);

// The patch that takes all our marks off an object, owner reference included; null when it has none.
Document unmark_patch(const client::Object& child, std::string_view instance_uid);

// Whether applying `configuration` as the children's field manager would leave the object as it is.
bool is_applied(const client::View& view, const client::KindForm& kind, const client::Object& observed,
                const Document& configuration);

}  // namespace plinth::compose

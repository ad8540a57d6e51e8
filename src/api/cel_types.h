// Schemas as the expression language sees them: the types that the checker knows, and the shapes by which values of documents
// are read. Strings of format byte are bytes, dates are timestamps; what may be of several types (int-or-string, quantities,
// free-form parts) is dyn.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api/schema.h"
#include "cel/types.h"
#include "cel/value.h"

namespace plinth::api {

// How an object's root is seen.
struct CelObjectOptions {
  bool resource_root = true;  // apiVersion, kind and metadata are there whatever the schema says of them
  bool has_status = true;     // false: the member `status` does not exist
  bool has_namespace = true;  // false: metadata.namespace does not exist (cluster-scoped kinds)
  bool closed = false;        // true: a member whose schema has no fields has none, instead of any
};

// The type of a value of that schema. `name` is the name of the type in messages; types inside are called name.field,
// name.field.@idx (items) and name.field.@elem (values of a map). `keeper` keeps the schema; the type keeps the keeper.
cel::Type cel_type(const Schema& schema, std::string name, std::shared_ptr<const void> keeper);
cel::Type cel_object_type(const Schema& schema, std::string name, std::shared_ptr<const void> keeper,
                          const CelObjectOptions& options = {});

// A name as an expression may spell it: reserved words and characters that identifiers may not have are escaped
// (`__namespace__`, `a__dash__b`), as Kubernetes does. Empty when there is no such spelling.
std::string cel_field_name(std::string_view field);
// Whether the name is one of the reserved words, which a field may be selected by without the escape, too (since 1.31).
bool is_cel_keyword(std::string_view name);
// Back again; other names are returned as they are.
std::string from_cel_field_name(std::string_view name);

// Shapes of one or more schemas, made on use and kept. Thread-safe.
class CelShapes {
 public:
  CelShapes();
  ~CelShapes();
  CelShapes(const CelShapes&) = delete;
  CelShapes& operator=(const CelShapes&) = delete;

  // The shape of a value of that schema; null: plain JSON. The schema outlives this object.
  const cel::Shape* of(const Schema& schema);
  // Of a whole object. Differs from of() in apiVersion, kind and metadata, and in what `options` hide.
  const cel::Shape* of_object(const Schema& schema, const CelObjectOptions& options = {});

 private:
  class Node;
  friend class Node;
  const cel::Shape* node(const Schema& schema, unsigned flags);
  std::mutex mutex_;
  std::map<std::pair<const Schema*, unsigned>, std::unique_ptr<Node>> nodes_;  // guarded by mutex_; never removed
};

}  // namespace plinth::api

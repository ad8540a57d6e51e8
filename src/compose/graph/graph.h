// A definition compiled: what every instance is made of, in order, with every expression checked. Immutable, any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cel_types.h"
#include "api/crd_schema.h"
#include "client/object.h"
#include "compose/definition/definition.h"
#include "compose/expression/expression.h"
#include "compose/graph/template.h"

namespace plinth::compose {

// Limits that kro has as flags.
inline constexpr std::size_t kDimensionsMax = 10;
inline constexpr std::size_t kCollectionMax = 1000;

// A string of a template with its expressions compiled.
struct CompiledField {
  FieldPath path;
  std::string path_text;
  bool standalone = false;
  bool drawn = false;  // from entropy: made with the object, and kept from then on
  struct Part {
    std::string text;  // when there is no expression
    std::shared_ptr<const Expression> expression;
  };
  std::vector<Part> parts;
};

struct Dimension {
  std::string name;
  Expression list;
  std::size_t slot = 0;  // of the iterator's variable
};

enum class NodeType : std::uint8_t {
  kResource,            // template
  kCollection,          // template with forEach
  kExternal,            // externalRef by name
  kExternalCollection,  // externalRef by selector
};

struct Node {
  std::string id;
  NodeType type = NodeType::kResource;
  client::KindForm kind;
  Value object;  // the template; of an external reference {apiVersion, kind, metadata}
  std::vector<CompiledField> fields;
  std::vector<Expression> include_when, ready_when;
  std::vector<Dimension> for_each;
  std::vector<std::size_t> needs;          // nodes that come first
  std::vector<std::size_t> include_needs;  // those of them that includeWhen reads
  int apply_order = 0;                     // children of higher order are deleted first
  std::size_t slot = 0;                    // of the variable with the observed object or list
  std::size_t variable_count = 0;          // variables of its expressions, iterators and `each` included
  const cel::Shape* shape = nullptr;

  bool is_external() const { return type == NodeType::kExternal || type == NodeType::kExternalCollection; }
  bool draws() const {
    return std::any_of(fields.begin(), fields.end(), [](const CompiledField& f) { return f.drawn; });
  }
  bool is_list() const { return type == NodeType::kCollection || type == NodeType::kExternalCollection; }
};

// A status field of instances.
struct StatusField {
  FieldPath path;
  std::string path_text;
  bool standalone = false;
  std::vector<CompiledField::Part> parts;
};

struct Graph {
  DefinitionOwner owner;
  Document spec;  // of the definition; keeps all values
  ApiSchema api;
  std::vector<Document> parts;  // keep values that are not the spec's
  std::string hash;
  std::vector<Node> nodes;         // as listed
  std::vector<std::size_t> order;  // topological
  std::vector<StatusField> status;
  std::vector<Expression> conditions;  // of the author; none: kro's own are shown
  Document crd;
  api::CompiledSchemaPtr instance_schema;
  const cel::Shape* instance_shape = nullptr;        // as expressions see it: without its status
  const cel::Shape* instance_with_status = nullptr;  // as conditions see it
  std::shared_ptr<api::CelShapes> shapes;
  std::size_t schema_slot = 0, each_slot = 0;
  std::size_t variable_count = 0;  // without iterators

  const Node* find(std::string_view id) const;
  std::vector<std::string> order_ids() const;
};
using GraphPtr = std::shared_ptr<const Graph>;

// Where kinds and their schemas come from.
class KindSource {
 public:
  virtual ~KindSource() = default;
  virtual std::optional<client::KindForm> find_kind(std::string_view group, std::string_view version,
                                                    std::string_view kind) const = 0;
};

// Why a definition was not accepted. `waits_for` names a kind that is not served yet, where that is the reason.
struct BuildFailure {
  std::string message;
  std::string waits_for;
};

// Schemas that a graph is compiled against: when one of them changes, it is compiled again.
struct UsedKind {
  std::string group, version, kind;
  std::uint64_t stamp = 0;
  std::string plural;
};

struct BuildResult {
  GraphPtr graph;  // null: it failed
  BuildFailure failure;
  std::vector<UsedKind> kinds;  // as far as it came
};

// `spec` is a definition's spec; `environment` what its expressions may use.
BuildResult build_graph(const DefinitionOwner& owner, const Document& spec, const KindSource& kinds,
                        const cel::Environment& environment = definition_environment());

}  // namespace plinth::compose

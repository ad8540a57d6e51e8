// YAML text to documents, by the rules that Kubernetes' clients use (YAML 1.1 scalars, sigs.k8s.io/yaml). libyaml is behind it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace plinth {

struct YamlParseOptions {
  std::size_t depth_max = 512;
  // Nodes that aliases may expand to, over the whole text (billion laughs).
  std::size_t alias_nodes_max = 100'000;
  // Duplicate keys: an error when null, collected as paths (the last wins) when set.
  std::vector<std::string>* duplicates = nullptr;
};

// One document. Text that starts with '{' goes to the JSON parser. Errors are BadRequest with line and column.
Result<Document> parse_yaml(std::string_view text, const YamlParseOptions& options = {});
// All documents of a stream ("---"); empty ones are left out.
Result<std::vector<Document>> parse_yaml_stream(std::string_view text, const YamlParseOptions& options = {});
// Block style with sorted keys, as kubectl's -o yaml prints.
std::string to_yaml(const Value& value);

}  // namespace plinth

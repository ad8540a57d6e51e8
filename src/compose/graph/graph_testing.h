// For tests: the kinds that graphs are built against.
#pragma once

#include "api/kind.h"
#include "compose/graph/graph.h"

namespace plinth::compose {

// Built-in kinds only.
class BuiltinKinds final : public KindSource {
 public:
  std::optional<client::KindForm> find_kind(std::string_view group, std::string_view version,
                                            std::string_view kind) const override {
    for (const api::KindRow& row : api::builtin_kinds()) {
      if (row.group != group || row.kind != kind) continue;
      for (const api::KindVersion& v : row.versions) {
        if (v.name != version) continue;
        client::Resource resource{std::string(group), std::string(version), std::string(row.plural), std::string(kind),
                                  row.scope == api::Scope::kNamespaced};
        return client::KindForm{resource, v.schema, v.stamp, nullptr};
      }
    }
    return std::nullopt;
  }
};

}  // namespace plinth::compose

// The versions in which an object can be seen, for who owns what of it (api/apply.h).
#pragma once

#include <string>
#include <string_view>

#include "api/apply.h"
#include "api/field_filter.h"
#include "server/kind_registry.h"

namespace plinth::server {

// What an endpoint of the kind does not write, so that nobody comes to own it there.
const api::FieldFilter* endpoint_filter(const ResolvedKind& kind, std::string_view subresource);

// All versions of a kind, and of those that share its place in the store (core and events.k8s.io Events).
class KindVersions : public api::ObjectVersions {
 public:
  KindVersions(const ResolvedKind& kind, std::string_view subresource) : kind_(kind), subresource_(subresource) {}

  // Whether there is more than the one of the request.
  bool has_others() const;
  const api::Schema* schema(std::string_view api_version) const override;
  const api::FieldFilter* reset(std::string_view) const override { return endpoint_filter(kind_, subresource_); }
  // Through the stored form, when one of the two is not of the stored shape.
  Result<Document> convert(const Document& object, std::string_view api_version) const override;

 private:
  struct Form {
    const api::KindRow* row = nullptr;
    const api::KindVersion* version = nullptr;
  };
  template <typename F>
  bool each_form(const F& visit) const;  // until `visit` returns true; whether it did
  Form find(std::string_view api_version) const;

  const ResolvedKind& kind_;
  std::string_view subresource_;
};

}  // namespace plinth::server

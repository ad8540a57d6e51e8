// Kinds with their schemas, from what describes them: the tables of this program, a CustomResourceDefinition, an OpenAPI
// document.
#pragma once

#include <optional>
#include <string_view>

#include "client/object.h"

namespace plinth::client {

// A kind that is compiled in; nothing when it is not, or when nothing of it is stored.
std::optional<KindForm> builtin_kind_form(std::string_view group, std::string_view version, std::string_view kind);

// A served version of a CRD; nothing when it does not serve that version.
std::optional<KindForm> custom_kind_form(const Document& crd, std::string_view version);

// A kind of an OpenAPI v3 document ("/openapi/v3/apis/<group>/<version>"); nothing when the document does not describe it.
// References are resolved; a type that contains itself is open from there on, and so is what lies beyond kOpenApiNodesMax.
std::optional<KindForm> openapi_kind_form(const Document& openapi, const Resource& resource);
inline constexpr std::size_t kOpenApiNodesMax = 200'000;

}  // namespace plinth::client

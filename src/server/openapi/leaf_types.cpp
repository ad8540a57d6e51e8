#include "server/openapi/leaf_types.h"

#include <utility>

namespace plinth::server {
namespace {

using api::Wire;

constexpr std::string_view kText = R"("type":"string")", kMoment = R"("type":"string","format":"date-time")",
                           kObject = R"("type":"object")";

constexpr std::pair<Wire, LeafType> kLeafTypes[] = {
    {Wire::kTime, {"io.k8s.apimachinery.pkg.apis.meta.v1.Time", kMoment, kMoment}},
    {Wire::kMicroTime, {"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", kMoment, kMoment}},
    {Wire::kDuration, {"io.k8s.apimachinery.pkg.apis.meta.v1.Duration", kText, kText}},
    // The second version of OpenAPI has no way to name two types; the third says what is taken.
    {Wire::kQuantity,
     {"io.k8s.apimachinery.pkg.api.resource.Quantity", kText, R"("oneOf":[{"type":"string"},{"type":"number"}])"}},
    {Wire::kIntOrString,
     {"io.k8s.apimachinery.pkg.util.intstr.IntOrString", R"("type":"string","format":"int-or-string")",
      R"("format":"int-or-string","oneOf":[{"type":"integer"},{"type":"string"}])"}},
    {Wire::kRawExtension, {"io.k8s.apimachinery.pkg.runtime.RawExtension", kObject, kObject}},
    {Wire::kFieldsV1, {"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", kObject, kObject}},
    {Wire::kJson, {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", "", ""}},
    {Wire::kSchemaOrBool, {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool", "", ""}},
    {Wire::kSchemaOrArray, {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray", "", ""}},
    {Wire::kSchemaOrStringArray,
     {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray", "", ""}},
};

}  // namespace

const LeafType* leaf_type(const api::Schema& schema) {
  if (!schema.builtin) return nullptr;
  for (const auto& [wire, type] : kLeafTypes) {
    if (schema.wire == wire) return &type;
  }
  return nullptr;
}

}  // namespace plinth::server

#include "compose/kinds/crds.h"

#include <doctest/doctest.h>

#include "api/crd_validate.h"
#include "base/json.h"

namespace plinth::compose {
namespace {

TEST_CASE("our definitions are ones that the API accepts") {
  std::vector<std::string> names;
  for (const Document& crd : composition_crds()) {
    Draft defaulted(crd);
    api::default_crd(defaulted);
    const Document document = std::move(defaulted).finish();
    names.emplace_back(document["metadata"]["name"].as_string());
    for (const api::FieldError& error : api::validate_crd(document, nullptr)) FAIL_CHECK(names.back() << ": " << error.text());
  }
  CHECK(names == std::vector<std::string>{"resourcegraphdefinitions.kro.run", "graphrevisions.internal.kro.run",
                                          "resourcegroups.kro.run", "definitionsettings.plinth.dev"});
}

// The columns that kubectl prints, as kro's charts have them.
TEST_CASE("columns are those of kro") {
  const auto crds = composition_crds();
  auto columns = [&](std::size_t i) {
    std::string out;
    for (const Value& c : crds[i]["spec"]["versions"].items()[0]["additionalPrinterColumns"].items()) {
      out += std::string(c["name"].as_string()) + (c["priority"].as_int() > 0 ? "* " : " ");
    }
    return out;
  };
  CHECK(columns(0) == "APIVERSION KIND STATE READY TOPOLOGICALORDER* AGE ");
  CHECK(columns(1) == "RGD* REVISION HASH* READY AGE ");
  CHECK(columns(2) == "APIVERSION KIND STATE TOPOLOGICALORDER* AGE ");
  CHECK(columns(3) == "DEFINITION STRATEGY PHASE REVISION INSTANCES UPDATED READY PINNED* AGE ");
}

}  // namespace
}  // namespace plinth::compose

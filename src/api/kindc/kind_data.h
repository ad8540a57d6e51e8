// Reads the data of the built-in kinds: generated types with the overlay merged over them, rows, the order of groups.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace plinth::kindc {

// A piece of data and the file that an error about it should name.
struct Sourced {
  Document document;
  std::string file;
};

struct KindData {
  std::map<std::string, Sourced> types;  // by name, "apps.v1.DeploymentSpec"
  Sourced wording;                       // list of schema errors with their own words
  std::vector<Sourced> rows;             // in discovery order: groups as in groups.yaml, then by plural
};

// `folder` is kinds/. Every error names a file and a path in it.
Result<KindData> load_kind_data(const std::string& folder);

// "file: path: what"
Error data_error(const std::string& file, const std::string& path, const std::string& what);

}  // namespace plinth::kindc

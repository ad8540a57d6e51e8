// Schema errors of built-in types that upstream words in its own way (kinds/wording.yaml).
#pragma once

#include <span>
#include <string_view>

#include "api/field_error.h"

namespace plinth::api {

struct Wording {
  std::string_view type, property, keyword;  // "core.v1.Probe", "terminationGracePeriodSeconds", "minimum"
  FieldErrorType error;
  std::string_view detail;
  std::string_view format;  // the complaints of this format take the place of `detail`
  bool elsewhere = false;   // the strategy says it, or nobody does
};

// Sorted by type, property, keyword; compiled in by kindc.
std::span<const Wording> wordings();
// nullptr: the usual words.
const Wording* find_wording(std::string_view type, std::string_view property, std::string_view keyword);

}  // namespace plinth::api

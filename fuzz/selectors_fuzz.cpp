// Selector texts from outside: no crash, and what was read prints as what reads the same.
#include <cstddef>
#include <cstdint>

#include "api/field_selector.h"
#include "api/json_path.h"
#include "api/label_selector.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto labels = plinth::api::LabelSelector::parse(text); labels.ok()) {
    auto again = plinth::api::LabelSelector::parse(labels->to_string());
    REQUIRE_PROPERTY(again.ok());
    REQUIRE_PROPERTY(again->to_string() == labels->to_string());
  }
  if (auto fields = plinth::api::FieldSelector::parse(text); fields.ok()) {
    auto again = plinth::api::FieldSelector::parse(fields->to_string());
    REQUIRE_PROPERTY(again.ok());
    REQUIRE_PROPERTY(again->requirements().size() == fields->requirements().size());
  }
  if (auto path = plinth::api::JsonPath::compile(text); path.ok()) (void)path->find(plinth::Value::empty_object());
  return 0;
}

#include "wording_writer.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "cpp_text.h"

namespace plinth::kindc {
namespace {

constexpr std::string_view kRowKeys[] = {"type", "property", "keyword", "error", "detail", "format"};
constexpr std::string_view kKeywords[] = {"required", "enum", "minimum", "maximum"};
constexpr std::string_view kErrors[] = {"Required", "Invalid", "NotSupported", "Elsewhere"};

template <std::size_t N>
bool one_of(const std::string_view (&list)[N], std::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

Result<void> check_row(const KindData& data, const Value& row) {
  const std::string name(row["type"].as_string());
  const std::string path = name + "." + std::string(row["property"].as_string());
  for (const Member& m : row.members()) {
    if (!one_of(kRowKeys, m.key())) return data_error(data.wording.file, path, "unknown key " + std::string(m.key()));
  }
  const auto type = data.types.find(name);
  if (type == data.types.end() || type->second.document["properties"].find(row["property"].as_string()) == nullptr) {
    return data_error(data.wording.file, path, "no such property");
  }
  if (!one_of(kKeywords, row["keyword"].as_string())) return data_error(data.wording.file, path, "unknown keyword");
  if (!one_of(kErrors, row["error"].as_string())) return data_error(data.wording.file, path, "unknown error type");
  return {};
}

auto key_of(const Value& row) {
  return std::tuple(row["type"].as_string(), row["property"].as_string(), row["keyword"].as_string());
}

}  // namespace

Result<std::string> write_wording(const KindData& data) {
  std::vector<Value> rows;
  for (const Value& row : data.wording.document.root().items()) {
    TRY(check_row(data, row));
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end(), [](const Value& a, const Value& b) { return key_of(a) < key_of(b); });
  std::string out =
      "#include \"api/wording.h\"\n\nnamespace plinth::api {\nnamespace {\n\nconstinit const Wording kWordings[] = {\n";
  for (const Value& row : rows) {
    out += "  {";
    for (const std::string_view key : {"type", "property", "keyword"}) out += literal(row[key].as_string()) + ", ";
    const bool elsewhere = row["error"].as_string() == "Elsewhere";
    out += "FieldErrorType::k" + std::string(elsewhere ? "Invalid" : row["error"].as_string()) + ", " +
           literal(row["detail"].as_string()) + ", " + literal(row["format"].as_string()) + (elsewhere ? ", true" : "") +
           "},\n";
  }
  return out +
         "};\n\n}  // namespace\n\nstd::span<const Wording> wordings() { return kWordings; }\n\n}  // namespace plinth::api\n";
}

}  // namespace plinth::kindc

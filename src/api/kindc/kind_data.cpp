#include "kind_data.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "base/yaml.h"

namespace plinth::kindc {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return data_error(path.string(), "", "cannot be read");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

Result<Sourced> parse_file(const fs::path& path) {
  const std::string text = TRY(read_file(path));
  auto parsed = path.extension() == ".json" ? parse_json(text) : parse_yaml(text);
  if (!parsed.ok()) return data_error(path.string(), "", parsed.error().message());
  return Sourced{std::move(parsed).value(), path.string()};
}

std::vector<fs::path> files_of(const fs::path& folder, std::string_view extension) {
  std::vector<fs::path> out;
  if (!fs::is_directory(folder)) return out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == extension) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Maps merge deeply, null removes, everything else replaces. The value of the keyword `default` replaces too, but not a
// property of that name.
void merge_into(Draft& draft, Value& target, const Value& overlay, bool keywords = true) {
  for (const Member& m : overlay.members()) {
    if (m.value.is_null()) {
      draft.remove(target, m.key());
    } else if (m.value.is_object() && !(keywords && m.key() == "default")) {
      Value& slot = draft.member(target, m.key());
      if (!slot.is_object()) slot = draft.object();
      merge_into(draft, slot, m.value, !(keywords && m.key() == "properties"));
    } else {
      draft.set(target, m.key(), draft.clone(m.value));
    }
  }
}

Result<void> load_types(const fs::path& folder, KindData& data) {
  for (const fs::path& path : files_of(folder / "generated", ".json")) {
    Sourced file = TRY(parse_file(path));
    for (const Member& m : file.document["types"].members()) {
      const auto [at, added] = data.types.emplace(m.key(), Sourced{file.document.at(m.value), file.file});
      if (!added) return data_error(file.file, std::string(m.key()), "is also defined in " + at->second.file);
    }
  }
  if (data.types.empty()) return data_error((folder / "generated").string(), "", "holds no types");
  return {};
}

Result<void> merge_overlay(const fs::path& folder, KindData& data) {
  for (const fs::path& path : files_of(folder / "overlay", ".yaml")) {
    Sourced file = TRY(parse_file(path));
    for (const Member& top : file.document.root().members()) {
      if (top.key() != "types") return data_error(file.file, std::string(top.key()), "unknown key");
    }
    for (const Member& m : file.document["types"].members()) {
      auto found = data.types.find(std::string(m.key()));
      if (found == data.types.end()) return data_error(file.file, std::string(m.key()), "no such generated type");
      for (const Member& p : m.value["properties"].members()) {
        const bool known = found->second.document["properties"].find(p.key()) != nullptr;
        if (!known)
          return data_error(file.file, std::string(m.key()) + "." + std::string(p.key()), "no such generated property");
      }
      Draft draft(found->second.document);
      merge_into(draft, draft.root(), m.value);
      found->second.document = std::move(draft).finish();
      found->second.file += " + " + file.file;
    }
  }
  return {};
}

Result<void> load_rows(const fs::path& folder, KindData& data) {
  const Sourced groups = TRY(parse_file(folder / "groups.yaml"));
  for (const Value& group : groups.document.root().items()) {
    std::vector<Sourced> rows;
    for (const fs::path& path : files_of(folder / group["folder"].as_string(), ".yaml")) {
      Sourced row = TRY(parse_file(path));
      if (row.document["group"].as_string() != group["group"].as_string()) {
        return data_error(row.file, "group", "is not the group that groups.yaml gives to this folder");
      }
      rows.push_back(std::move(row));
    }
    std::sort(rows.begin(), rows.end(), [](const Sourced& a, const Sourced& b) {
      return a.document["names"]["plural"].as_string() < b.document["names"]["plural"].as_string();
    });
    for (Sourced& row : rows) data.rows.push_back(std::move(row));
  }
  return {};
}

}  // namespace

Error data_error(const std::string& file, const std::string& path, const std::string& what) {
  return bad_request(file + ": " + (path.empty() ? "" : path + ": ") + what);
}

Result<KindData> load_kind_data(const std::string& folder) {
  KindData data;
  TRY(load_types(folder, data));
  TRY(merge_overlay(folder, data));
  TRY(load_rows(folder, data));
  data.wording = TRY(parse_file(fs::path(folder) / "wording.yaml"));
  return data;
}

}  // namespace plinth::kindc

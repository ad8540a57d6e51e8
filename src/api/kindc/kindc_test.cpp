#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "kind_data.h"
#include "row_writer.h"
#include "schema_writer.h"

namespace plinth::kindc {
namespace {

namespace fs = std::filesystem;

// A kinds/ folder that is good but for what a test puts into it.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "kindc_test_XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    put("generated/a.v1.json",
        R"({"types":{"a.v1.K":{"type":"object","properties":{"size":{"type":"integer","x-pb":1},"k":{"$ref":"a.v1.K","x-pointer":true}}}}})");
    put("wording.yaml", "[]\n");
    put("groups.yaml", "- {group: a.io, folder: a, versions: [v1]}\n");
    put("a/k.yaml", std::string(kRow));
  }
  ~Folder() { fs::remove_all(root_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void put(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }

  // What compiling says; empty when it succeeds.
  std::string compile() {
    const auto data = load_kind_data(root_.string());
    if (!data.ok()) return without_root(data.error().message());
    SchemaWriter writer(*data);
    for (const auto& [name, source] : data->types) {
      const auto done = writer.add_type(name);
      if (!done.ok()) return without_root(const_cast<Result<void>&>(done).error().message());
    }
    const auto rows = write_rows(*data);
    return rows.ok() ? "" : without_root(rows.error().message());
  }

  static constexpr std::string_view kRow =
      "group: a.io\nnames: {kind: K, listKind: KList, plural: ks, singular: k}\nscope: Cluster\nversions:\n- {name: v1, "
      "storage: true, type: a.v1.K}\n";

 private:
  std::string without_root(std::string text) {
    for (std::size_t at; (at = text.find(root_.string() + "/")) != std::string::npos;)
      text.erase(at, root_.string().size() + 1);
    return text;
  }
  fs::path root_;
};

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  out.replace(out.find(from), from.size(), to);
  return out;
}

}  // namespace

TEST_CASE("bad data stops the build with file and path") {
  struct Case {
    std::string file, text;
    std::string_view error;
  };
  const auto type = [](std::string_view property) {
    return R"({"types":{"a.v1.K":{"type":"object","properties":{"size":)" + std::string(property) + "}}}}";
  };
  const Case cases[] = {
      {"a/k.yaml", std::string(Folder::kRow), ""},
      {"generated/a.v1.json", type(R"({"$ref":"a.v1.Missing"})"),
       "generated/a.v1.json: a.v1.K.size: $ref to unknown type a.v1.Missing"},
      {"generated/a.v1.json", type(R"({"type":"integer","x-what":1})"), "generated/a.v1.json: a.v1.K.size: unknown key x-what"},
      {"generated/a.v1.json", type(R"({"type":"text"})"), "generated/a.v1.json: a.v1.K.size: unknown type \"text\""},
      {"generated/a.v1.json", type(R"({"x-wire":"Duck"})"), "generated/a.v1.json: a.v1.K.size: unknown x-wire \"Duck\""},
      {"generated/a.v1.json", type(R"({"type":"array","items":{"$ref":"a.v1.K"},"x-kubernetes-list-map-keys":["q"]})"),
       "generated/a.v1.json: a.v1.K.size: list map key \"q\" is no property of the items"},
      {"generated/b.v1.json", type(R"({"type":"string"})"),
       "generated/b.v1.json: a.v1.K: is also defined in generated/a.v1.json"},
      {"overlay/a.v1.yaml", "types: {a.v1.K: {properties: {x: {default: 1}}}}",
       "overlay/a.v1.yaml: a.v1.K.x: no such generated property"},
      {"overlay/a.v1.yaml", "types: {a.v1.K: {required: [zz]}}",
       "generated/a.v1.json + overlay/a.v1.yaml: a.v1.K: requires unknown property \"zz\""},
      {"a/k.yaml", replaced(Folder::kRow, "scope: Cluster", "scope: Moon"), "a/k.yaml: scope: must be Namespaced or Cluster"},
      {"a/k.yaml", replaced(Folder::kRow, "storage: true", "storage: false"),
       "a/k.yaml: versions: need exactly one with storage: true"},
      {"a/k.yaml", replaced(Folder::kRow, "type: a.v1.K", "type: a.v1.Q"), "a/k.yaml: versions.type: unknown type a.v1.Q"},
      {"a/k.yaml", std::string(Folder::kRow) + "colour: red\n", "a/k.yaml: colour: unknown key"},
      {"a/k.yaml", std::string(Folder::kRow) + "verbs: [sing]\n", "a/k.yaml: verbs: unknown verb \"sing\""},
      {"a/k.yaml", replaced(Folder::kRow, "a.io", "b.io"),
       "a/k.yaml: group: is not the group that groups.yaml gives to this folder"},
  };
  for (const Case& c : cases) {
    Folder folder;
    folder.put(c.file, c.text);
    CAPTURE(c.text);
    CHECK(folder.compile() == c.error);
  }
}

TEST_CASE("an overlay merges deeply, null removes, a default replaces") {
  Folder folder;
  folder.put("overlay/a.v1.yaml", "types: {a.v1.K: {properties: {size: {x-pb: null, default: 3, minimum: 1}}}}");
  REQUIRE(folder.compile() == "");
}

}  // namespace plinth::kindc

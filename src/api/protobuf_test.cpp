#include "api/protobuf.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "api/decode.h"
#include "api/default.h"
#include "api/kind.h"
#include "base/json.h"

namespace plinth::api {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Types that are no kinds of their own but come as bodies.
constexpr std::pair<std::string_view, std::string_view> kBodies[] = {
    {"core.v1.DeleteOptions", "meta.v1.DeleteOptions"}, {"core.v1.Binding", "core.v1.Binding"}, {"autoscaling.v1.Scale", "autoscaling.v1.Scale"},
    {"policy.v1.Eviction", "policy.v1.Eviction"}, {"authentication.k8s.io.v1.TokenRequest", "authentication.v1.TokenRequest"}};

// "apps.v1.Deployment" -> its schema
std::vector<std::pair<std::string, const Schema*>> golden_types() {
  std::vector<std::pair<std::string, const Schema*>> out;
  for (const KindRow& row : builtin_kinds()) {
    for (const KindVersion& version : row.versions) {
      out.emplace_back(std::string(row.group.empty() ? "core" : row.group) + "." + std::string(version.name) + "." + std::string(row.kind), version.schema);
    }
  }
  for (const auto& [file, type] : kBodies) {
    if (const Schema* schema = builtin_type(type)) out.emplace_back(file, schema);
  }
  return out;
}

void check_pair(const fs::path& json_path, const fs::path& pb_path, const Schema& schema) {
  CAPTURE(pb_path.filename().string());
  const auto json = parse_json(read_file(json_path));
  REQUIRE(json.ok());
  Draft expected(*json);
  const auto done = decode(expected, {&schema, "K", "v1"}, FieldValidation::kIgnore);
  REQUIRE(done.ok());
  const std::string body = read_file(pb_path);
  const auto envelope = open_protobuf(body);
  REQUIRE(envelope.ok());
  const auto document = decode_protobuf(*envelope, schema);
  REQUIRE(document.ok());
  Draft actual(*document);
  REQUIRE(decode(actual, {&schema, "K", "v1"}, FieldValidation::kIgnore).ok());
  apply_defaults(expected, expected.root(), schema);
  apply_defaults(actual, actual.root(), schema);
  CHECK_MESSAGE(equal(expected.root(), actual.root()), "json: " << to_json(expected.root()) << "\npb:   " << to_json(actual.root()));
}

int check_folder(const fs::path& folder, std::string_view variant) {
  int pairs = 0;
  for (const auto& [name, schema] : golden_types()) {
    const fs::path json = folder / (name + std::string(variant) + ".json");
    const fs::path pb = folder / (name + std::string(variant) + ".pb");
    if (!fs::exists(json) || !fs::exists(pb)) continue;
    check_pair(json, pb, *schema);
    ++pairs;
  }
  return pairs;
}

std::string with_magic(std::string_view rest) { return std::string("k8s\0", 4) + std::string(rest); }

std::string field(int number, std::string_view bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + std::string(1, static_cast<char>(bytes.size())) + std::string(bytes);
}

std::string decoded(std::string_view type, std::string_view message) {
  const auto document = decode_protobuf({"v1", "K", message, ""}, *builtin_type(type));
  return document.ok() ? to_json(document->root()) : "error: " + document.error().message();
}

}  // namespace

// kinds/README.md says how to get them.
TEST_CASE("published pairs of JSON and protobuf decode to the same objects") {
  const char* folder = std::getenv("PLINTH_K8S_API_TESTDATA");
  if (folder == nullptr) {
    MESSAGE("skipped: PLINTH_K8S_API_TESTDATA is not set");
    return;
  }
  CHECK(check_folder(folder, "") > 60);
}

TEST_CASE("generated pairs at the edges of presence decode to the same objects") {
  const char* folder = std::getenv("PLINTH_PB_SAMPLES");
  if (folder == nullptr) {
    MESSAGE("skipped: PLINTH_PB_SAMPLES is not set");
    return;
  }
  for (const std::string_view variant : {".zero", ".pointers", ".items", ".full"}) CHECK(check_folder(folder, variant) > 60);
}

TEST_CASE("the envelope names the type") {
  const std::string body = with_magic(field(1, field(1, "apps/v1") + field(2, "Deployment")) + field(2, "xyz"));
  const auto envelope = open_protobuf(body);
  REQUIRE(envelope.ok());
  CHECK(envelope->api_version == "apps/v1");
  CHECK(envelope->kind == "Deployment");
  CHECK(envelope->raw == "xyz");
  CHECK(open_protobuf("{}").error().message() == "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  CHECK_FALSE(open_protobuf(with_magic("\x0a\x05x")).ok());
}

TEST_CASE("presence and zero values") {
  // DeploymentSpec: replicas=1 (pointer), minReadySeconds=5, paused=7
  CHECK(decoded("apps.v1.DeploymentSpec", std::string("\x08\x00\x28\x00\x38\x00", 6)) == R"({"apiVersion":"v1","kind":"K","replicas":0})");
  CHECK(decoded("apps.v1.DeploymentSpec", "\x28\x05\x38\x01") == R"({"apiVersion":"v1","kind":"K","minReadySeconds":5,"paused":true})");
  // Volume: name=1, volumeSource=2{emptyDir=2}: the embedded struct is flat, the empty message present.
  CHECK(decoded("core.v1.Volume", field(1, "v") + field(2, field(2, ""))) == R"({"apiVersion":"v1","kind":"K","name":"v","emptyDir":{}})");
  // Secret: data=2 is a map of bytes.
  CHECK(decoded("core.v1.Secret", field(2, field(1, "k") + field(2, "hi"))) == R"({"apiVersion":"v1","kind":"K","data":{"k":"aGk="}})");
}

TEST_CASE("malformed messages are refused, unknown fields skipped") {
  CHECK(decoded("core.v1.ConfigMap", "\xf8\x07\x01") == R"({"apiVersion":"v1","kind":"K"})");
  for (const std::string_view bad : {std::string_view("\x08"), std::string_view("\x0a\x05\x01"), std::string_view("\x0b"), std::string_view("\x00", 1)}) {
    CHECK(decoded("core.v1.ConfigMap", bad).substr(0, 40) == "error: the protobuf body is malformed: u");
  }
  CHECK(decoded("apps.v1.DeploymentSpec", field(1, "x")) == R"(error: the protobuf body is malformed: wrong wire type of field "replicas")");
  CHECK(decoded("core.v1.Volume", field(1, "\xff")) == R"(error: the protobuf body is malformed: field "name" is not UTF-8)");
}

}  // namespace plinth::api

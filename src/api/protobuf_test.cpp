#include "api/protobuf.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "api/decode.h"
#include "api/default.h"
#include "api/kind.h"
#include "api/protobuf_encoder.h"
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
    {"core.v1.DeleteOptions", "meta.v1.DeleteOptions"},
    {"core.v1.Binding", "core.v1.Binding"},
    {"autoscaling.v1.Scale", "autoscaling.v1.Scale"},
    {"policy.v1.Eviction", "policy.v1.Eviction"},
    {"authentication.k8s.io.v1.TokenRequest", "authentication.v1.TokenRequest"}};

// "apps.v1.Deployment" -> its schema
std::vector<std::pair<std::string, const Schema*>> golden_types() {
  std::vector<std::pair<std::string, const Schema*>> out;
  for (const KindRow& row : builtin_kinds()) {
    for (const KindVersion& version : row.versions) {
      out.emplace_back(
          std::string(row.group.empty() ? "core" : row.group) + "." + std::string(version.name) + "." + std::string(row.kind),
          version.schema);
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
  CHECK_MESSAGE(equal(expected.root(), actual.root()),
                "json: " << to_json(expected.root()) << "\npb:   " << to_json(actual.root()));
}

// Go's own bytes come back from the JSON beside them: fields in order, zeros of what is no pointer, presence of what is one.
// JSON does not say that a pointer leads to a zero time, or that bytes are there but none: such a sample (not `exact`) only
// decodes to the same.
void check_encoding(const fs::path& json_path, const fs::path& pb_path, const Schema& schema, bool exact) {
  CAPTURE(pb_path.filename().string());
  const std::string body = read_file(pb_path);
  const auto envelope = open_protobuf(body);
  REQUIRE(envelope.ok());
  const auto json = parse_json(read_file(json_path));
  REQUIRE(json.ok());
  Draft stored(*json);
  REQUIRE(decode(stored, {&schema, "K", "v1"}, FieldValidation::kIgnore).ok());
  ProtobufEncoder encoder;
  std::string raw;
  encoder.message(stored.root(), schema, raw);
  const std::string written = seal_protobuf(envelope->api_version, envelope->kind, raw);
  if (exact) {
    CHECK(written == body);
    return;
  }
  const auto again = open_protobuf(written);
  REQUIRE(again.ok());
  const auto mine = decode_protobuf(*again, schema), theirs = decode_protobuf(*envelope, schema);
  REQUIRE(mine.ok());
  REQUIRE(theirs.ok());
  CHECK_MESSAGE(equal(mine->root(), theirs->root()),
                "ours:   " << to_json(mine->root()) << "\nGo's: " << to_json(theirs->root()));
}

int check_folder(const fs::path& folder, std::string_view variant) {
  int pairs = 0;
  for (const auto& [name, schema] : golden_types()) {
    const fs::path json = folder / (name + std::string(variant) + ".json");
    const fs::path pb = folder / (name + std::string(variant) + ".pb");
    if (!fs::exists(json) || !fs::exists(pb)) continue;
    check_pair(json, pb, *schema);
    check_encoding(json, pb, *schema, variant != ".pointers" && variant != ".items");
    ++pairs;
  }
  return pairs;
}

std::string with_magic(std::string_view rest) { return std::string("k8s\0", 4) + std::string(rest); }

std::string field(int number, std::string_view bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + std::string(1, static_cast<char>(bytes.size())) +
         std::string(bytes);
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
  CHECK(open_protobuf("{}").error().message() ==
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  CHECK_FALSE(open_protobuf(with_magic("\x0a\x05x")).ok());
}

TEST_CASE("what is encoded decodes to the same object") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"apps.v1.DeploymentSpec",
       R"({"replicas":0,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":1}},"minReadySeconds":-1})"},
      {"core.v1.Secret",
       R"({"metadata":{"name":"s","labels":{"b":"2","a":"1"},"creationTimestamp":"2026-01-02T03:04:05Z"},"data":{"k":"aGk="}})"},
      {"core.v1.Volume", R"({"name":"v","emptyDir":{"sizeLimit":"1Gi"}})"},
      {"core.v1.EphemeralContainer", R"({"name":"e","image":"i","targetContainerName":"t"})"},
      {"coordination.v1.LeaseSpec", R"({"holderIdentity":"me","renewTime":"2026-01-02T03:04:05.000006Z"})"},
      {"autoscaling.v2.HPAScalingRules", R"({"stabilizationWindowSeconds":0,"tolerance":"50m"})"},
      {"apiextensions.v1.JSONSchemaProps",
       R"({"maximum":1.5,"items":{"type":"string"},"additionalProperties":false,"default":{"a":[1]},"enum":["x",2],"properties":{"p":{"additionalProperties":{"type":"integer"}}}})"},
      {"authorization.v1.SubjectAccessReviewSpec", R"({"user":"u","extra":{"k":["v","w"]}})"},
      {"apps.v1.ControllerRevision", R"({"data":{"spec":{"x":1}},"revision":3})"},
      {"meta.v1.Status",
       R"({"status":"Failure","message":"m","reason":"Conflict","code":409,"details":{"name":"n","causes":[{"reason":"r"}]}})"},
  };
  for (const auto& [type, text] : rows) {
    const auto& shown = text;
    CAPTURE(shown);
    const Schema* schema = builtin_type(type);
    REQUIRE(schema != nullptr);
    const Document object = std::move(parse_json(text)).value();
    ProtobufEncoder encoder;
    std::string raw;
    encoder.message(object.root(), *schema, raw);
    const auto back = decode_protobuf({"", "", raw, ""}, *schema);
    REQUIRE(back.ok());
    CHECK_MESSAGE(equal(back->root(), object.root()), to_json(back->root()));
  }
}

TEST_CASE("presence and zero values") {
  // DeploymentSpec: replicas=1 (pointer), minReadySeconds=5, paused=7
  CHECK(decoded("apps.v1.DeploymentSpec", std::string("\x08\x00\x28\x00\x38\x00", 6)) ==
        R"({"apiVersion":"v1","kind":"K","replicas":0})");
  CHECK(decoded("apps.v1.DeploymentSpec", "\x28\x05\x38\x01") ==
        R"({"apiVersion":"v1","kind":"K","minReadySeconds":5,"paused":true})");
  // Volume: name=1, volumeSource=2{emptyDir=2}: the embedded struct is flat, the empty message present.
  CHECK(decoded("core.v1.Volume", field(1, "v") + field(2, field(2, ""))) ==
        R"({"apiVersion":"v1","kind":"K","name":"v","emptyDir":{}})");
  // Secret: data=2 is a map of bytes.
  CHECK(decoded("core.v1.Secret", field(2, field(1, "k") + field(2, "hi"))) ==
        R"({"apiVersion":"v1","kind":"K","data":{"k":"aGk="}})");
}

TEST_CASE("malformed messages are refused, unknown fields skipped") {
  CHECK(decoded("core.v1.ConfigMap", "\xf8\x07\x01") == R"({"apiVersion":"v1","kind":"K"})");
  for (const std::string_view bad :
       {std::string_view("\x08"), std::string_view("\x0a\x05\x01"), std::string_view("\x0b"), std::string_view("\x00", 1)}) {
    CHECK(decoded("core.v1.ConfigMap", bad).substr(0, 40) == "error: the protobuf body is malformed: u");
  }
  CHECK(decoded("apps.v1.DeploymentSpec", field(1, "x")) ==
        R"(error: the protobuf body is malformed: wrong wire type of field "replicas")");
  CHECK(decoded("core.v1.Volume", field(1, "\xff")) == R"(error: the protobuf body is malformed: field "name" is not UTF-8)");
}

}  // namespace plinth::api

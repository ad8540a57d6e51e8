// Answers for clients that accept protobuf alone.
#include "server/protobuf_answer.h"

#include <doctest/doctest.h>

#include "api/kind.h"
#include "api/protobuf.h"
#include "api/wire_reader.h"
#include "server/write/test_pipeline.h"

using namespace plinth;
using namespace plinth::server;

namespace {

const std::string kMaps = "/api/v1/namespaces/ns/configmaps";
const std::string kBinary(kProtobufType);

// An answer's JSON again, by the type that its envelope names.
std::string opened(std::string_view body) {
  const auto envelope = api::open_protobuf(body);
  if (!envelope.ok()) return "error: " + envelope.error().message();
  const api::Schema* schema = answer_schema(envelope->api_version, envelope->kind);
  if (schema == nullptr) return "error: unknown kind " + std::string(envelope->kind);
  const auto object = api::decode_protobuf(*envelope, *schema);
  return object.ok() ? to_json(object->root()) : "error: " + object.error().message();
}

// "TYPE object" of each event.
std::vector<std::string> events_of(std::string_view stream) {
  std::vector<std::string> out;
  while (stream.size() >= 4) {
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(stream[static_cast<std::size_t>(i)]);
    REQUIRE(stream.size() >= 4 + length);
    api::WireReader event(stream.substr(4, length));
    std::string type, object;
    while (event.next()) {
      if (event.number() == 1) type = event.bytes();
      if (event.number() != 2) continue;
      api::WireReader extension(event.bytes());
      while (extension.next()) object = opened(extension.bytes());
    }
    CHECK(event.ok());
    out.push_back(type + " " + object);
    stream.remove_prefix(4 + length);
  }
  CHECK(stream.empty());
  return out;
}

Document json_of(const std::string& text) {
  auto document = parse_json(text);
  REQUIRE_MESSAGE(document.ok(), text);
  return std::move(*document);
}

struct Bench {
  Bench() : pipeline({}) {
    for (const char* name : {"a", "b"}) {
      const LocalAnswer made = pipeline.call(
          "POST", kMaps,
          R"({"metadata":{"name":")" + std::string(name) + R"(","labels":{"n":")" + name + R"("}},"data":{"k":"v"}})");
      REQUIRE(made.status == 201);
    }
  }
  // As JSON, and as what protobuf alone says.
  std::pair<Document, Document> both(const std::string& target, const std::string& parameters = "") {
    pipeline.accept = "application/json" + parameters;
    Document json = json_of(pipeline.call("GET", target).body);
    pipeline.accept = kBinary + parameters;
    const LocalAnswer answer = pipeline.call("GET", target);
    CHECK(pipeline.answer_type == kBinary);
    Document binary = json_of(opened(answer.body));
    return {std::move(json), std::move(binary)};
  }
  PipelineBench pipeline;
};

// `b` is `a` but for the kind of items, which protobuf does not carry.
void check_same(const Document& a, const Document& b) {
  CHECK_MESSAGE(equal(a.root(), b.root()), to_json(a.root()) << "\n" << to_json(b.root()));
}

}  // namespace

TEST_CASE("objects, lists, pages and metadata alone say the same in protobuf") {
  Bench b;
  const std::string partial = ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
                    partials = ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  for (const auto& [target, parameters] : {std::pair<std::string, std::string>{kMaps + "/a", ""},
                                           {kMaps, ""},
                                           {kMaps + "?limit=1", ""},
                                           {kMaps + "?labelSelector=n=none", ""},
                                           {kMaps + "/a", partial}}) {
    const auto& shown = target;
    CAPTURE(shown);
    const auto [json, binary] = b.both(target, parameters);
    // An empty list is no list.
    if (json["items"].is_array() && json["items"].size() == 0)
      CHECK(binary["items"].is_null());
    else
      check_same(json, binary);
  }
  const auto [json, binary] = b.both(kMaps, partials);
  CHECK(binary["kind"].as_string() == "PartialObjectMetadataList");
  REQUIRE(binary["items"].size() == 2);
  CHECK(equal(json["items"].items()[1]["metadata"], binary["items"].items()[1]["metadata"]));
}

TEST_CASE("writes, their refusals and removals are answered in protobuf") {
  Bench b;
  b.pipeline.accept = kBinary;
  const Document made = json_of(opened(b.pipeline.call("POST", kMaps, R"({"metadata":{"name":"c"}})").body));
  CHECK(made["kind"].as_string() == "ConfigMap");
  CHECK(made["metadata"]["name"].as_string() == "c");
  const LocalAnswer again = b.pipeline.call("POST", kMaps, R"({"metadata":{"name":"c"}})");
  CHECK(again.status == 409);
  CHECK(b.pipeline.answer_type == kBinary);
  const Document status = json_of(opened(again.body));
  CHECK(status["kind"].as_string() == "Status");
  CHECK(status["reason"].as_string() == "AlreadyExists");
  CHECK(status["details"]["name"].as_string() == "c");
  CHECK(json_of(opened(b.pipeline.call("DELETE", kMaps + "/c").body))["status"].as_string() == "Success");
}

TEST_CASE("events of a watch come in frames of protobuf") {
  Bench b;
  b.pipeline.accept = kBinary;
  const LocalAnswer answer = b.pipeline.call("GET", kMaps + "?watch=1&timeoutSeconds=1&allowWatchBookmarks=true");
  CHECK(b.pipeline.answer_type == kProtobufWatchType);
  const std::vector<std::string> events = events_of(answer.body);
  REQUIRE(events.size() == 3);
  CHECK(events[0].starts_with(R"(ADDED {"apiVersion":"v1","kind":"ConfigMap")"));
  CHECK(events[1].find(R"("name":"b")") != std::string::npos);
  CHECK(events[2].starts_with(R"(BOOKMARK {"apiVersion":"v1","kind":"ConfigMap","metadata":{"resourceVersion":")"));
}

TEST_CASE("JSON is answered wherever it is accepted, and a Table never in protobuf") {
  Bench b;
  const std::pair<std::string, std::string> rows[] = {
      {kBinary + ",application/json", "application/json"},
      {kBinary + ", */*", "application/json"},
      {"application/yaml;q=0.1," + kBinary, "application/yaml"},
      {kBinary + ";as=Table;g=meta.k8s.io;v=v1," + kBinary, kBinary},
  };
  for (const auto& [accept, type] : rows) {
    const auto& shown = accept;
    CAPTURE(shown);
    b.pipeline.accept = accept;
    CHECK(b.pipeline.call("GET", kMaps + "/a").status == 200);
    CHECK(b.pipeline.answer_type == type);
  }
  b.pipeline.accept = kBinary + ";as=Table;g=meta.k8s.io;v=v1";
  CHECK(b.pipeline.call("GET", kMaps).status == 406);
  CHECK(b.pipeline.answer_type == kBinary);
}

TEST_CASE("a list that would be held for too long is refused") {
  Bench b;
  b.pipeline.context().limits.protobuf_list_bytes_max = 300;
  b.pipeline.accept = kBinary;
  const LocalAnswer answer = b.pipeline.call("GET", kMaps);
  CHECK(answer.status == 413);
  CHECK(opened(answer.body).find("ask for parts of it with `limit`, or accept application/json") != std::string::npos);
  CHECK(b.pipeline.call("GET", kMaps + "?limit=1").status == 200);
}

TEST_CASE("every built-in kind and its list has a protobuf form") {
  for (const api::KindRow& row : api::builtin_kinds()) {
    for (const api::KindVersion& version : row.versions) {
      const std::string api_version = (row.group.empty() ? "" : std::string(row.group) + "/") + std::string(version.name);
      CAPTURE(api_version);
      CAPTURE(row.kind);
      CHECK(answer_schema(api_version, row.kind) == version.schema);
      if (row.stored) CHECK(answer_schema(api_version, row.list_kind) != nullptr);
    }
  }
  CHECK(answer_schema("example.com/v1", "Widget") == nullptr);
}

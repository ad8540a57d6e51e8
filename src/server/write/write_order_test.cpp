// What mutating admission sees of an object, and what is done to it only afterwards.
#include <doctest/doctest.h>

#include "server/write/test_pipeline.h"

using namespace plinth;
using namespace plinth::server;

namespace {

// What the two stages of admission saw last, and what mutation is to do.
struct Seen {
  std::string name, object, validated_name, validated;
  std::string merge;  // members of metadata to set while mutating: {"name":"x"}
  int replicas = -1;
};

class Recorder final : public AdmissionPlugin {
 public:
  explicit Recorder(Seen& seen) : seen_(seen) {}
  std::string_view name() const override { return "Recorder"; }
  Result<void> mutate(ServerContext&, AdmissionRequest& request) const override {
    seen_.name = request.name;
    seen_.object = to_json(request.object->root());
    Draft& object = *request.object;
    if (seen_.replicas >= 0) object.member_path(object.root(), {"spec", "replicas"}) = Value::of(seen_.replicas);
    if (seen_.merge.empty()) return {};
    const Document changes = TRY(parse_json(seen_.merge));
    for (const Member& m : changes.root().members()) {
      object.member(object.member(object.root(), "metadata"), m.key()) = object.clone(m.value);
    }
    return {};
  }
  Result<void> validate(ServerContext&, AdmissionRequest& request) const override {
    seen_.validated_name = request.name;
    if (request.object != nullptr) seen_.validated = to_json(request.object->root());
    return {};
  }

 private:
  Seen& seen_;
};

struct Bench {
  Bench() : pipeline(plugins(seen)) {}
  static std::vector<std::unique_ptr<AdmissionPlugin>> plugins(Seen& seen) {
    std::vector<std::unique_ptr<AdmissionPlugin>> out;
    out.push_back(std::make_unique<Recorder>(seen));
    return out;
  }
  Document call(const std::string& method, const std::string& path, const std::string& body, int status) {
    LocalAnswer answer =
        pipeline.call(method, path, body, method == "PATCH" ? "application/merge-patch+json" : "application/json");
    CHECK_MESSAGE(answer.status == status, answer.body);
    return std::move(parse_json(answer.body)).value();
  }
  Seen seen;
  PipelineBench pipeline;
};

const std::string kMaps = "/api/v1/namespaces/ns/configmaps";
const std::string kDeployments = "/apis/apps/v1/namespaces/ns/deployments";

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string deployment(const std::string& more) {
  return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","generation":7},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},)"
         R"("template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}})" +
         more + "}";
}

}  // namespace

TEST_CASE("a generated name, uid and creation time come after mutating admission") {
  Bench b;
  const Document made = b.call(
      "POST", kMaps, R"({"metadata":{"generateName":"g-","uid":"mine","creationTimestamp":"2001-01-01T00:00:00Z"}})", 201);
  CHECK(b.seen.name.empty());
  CHECK(has(b.seen.object, R"("generateName":"g-")"));
  for (std::string_view later : {"\"name\":", "\"uid\":", "\"creationTimestamp\":"}) CHECK_FALSE(has(b.seen.object, later));
  const std::string name(made["metadata"]["name"].as_string());
  CHECK(name.size() == 7);
  CHECK(b.seen.validated_name == name);
  for (std::string_view there : {"\"uid\":", "\"creationTimestamp\":", "\"name\":\"g-"}) CHECK(has(b.seen.validated, there));
}

TEST_CASE("mutating admission may choose the name") {
  Bench b;
  b.seen.merge = R"({"name":"chosen","uid":"forged"})";
  const Document made = b.call("POST", kMaps, R"({"metadata":{"generateName":"g-"}})", 201);
  CHECK(made["metadata"]["name"].as_string() == "chosen");
  CHECK(made["metadata"]["uid"].as_string() != "forged");
  b.call("GET", kMaps + "/chosen", "", 200);
  // The second one has the same name: it is not generated again.
  CHECK(b.call("POST", kMaps, R"({"metadata":{"generateName":"g-"}})", 409)["reason"].as_string() == "AlreadyExists");
}

TEST_CASE("the strategy prepares what mutating admission left") {
  Bench b;
  const Document made = b.call("POST", kDeployments, deployment(R"(,"status":{"replicas":9})"), 201);
  CHECK(has(b.seen.object, R"("status":{"replicas":9)"));
  CHECK_FALSE(has(b.seen.validated, "\"replicas\":9"));
  CHECK(made["metadata"]["generation"].as_int() == 1);
  // Of an update likewise: the status is seen, and a change by admission counts for the generation.
  b.seen.replicas = 4;
  const Document changed = b.call("PUT", kDeployments + "/d", deployment(R"(,"status":{"replicas":9})"), 200);
  CHECK(has(b.seen.object, R"("status":{"replicas":9)"));
  CHECK(changed["spec"]["replicas"].as_int() == 4);
  CHECK(changed["status"]["replicas"].is_null());
  CHECK(changed["metadata"]["generation"].as_int() == 2);
  CHECK(changed["metadata"]["uid"].as_string() == made["metadata"]["uid"].as_string());
}

TEST_CASE("a new object that names a revision is refused after everybody was asked") {
  Bench b;
  const std::string body = R"({"metadata":{"name":"m","resourceVersion":"7"},"data":{"a":"b"}})";
  const Document refused = b.call("POST", kMaps, body, 500);
  CHECK(refused["message"].as_string() == "resourceVersion should not be set on objects to be created");
  CHECK(refused["reason"].is_null());
  CHECK(has(b.seen.object, R"("resourceVersion":"7")"));
  CHECK(has(b.seen.validated, R"("resourceVersion":"7")"));
  b.call("GET", kMaps + "/m", "", 404);
  // Nothing is stored by a dry run; what is no revision is as good as none.
  CHECK(b.call("POST", kMaps + "?dryRun=All", body, 201)["metadata"]["resourceVersion"].as_string() != "7");
  const Document made = b.call("POST", kMaps, R"({"metadata":{"name":"n","resourceVersion":"soon"}})", 201);
  CHECK(made["metadata"]["resourceVersion"].as_string() != "soon");
  CHECK_FALSE(has(to_json(made["metadata"]["managedFields"]), "resourceVersion"));
}

TEST_CASE("what admission adds is nobody's") {
  Bench b;
  b.seen.replicas = 4;
  const Document made = b.call("POST", kDeployments, deployment(""), 201);
  const std::string before = to_json(made["metadata"]["managedFields"]);
  CHECK(has(before, "f:replicas"));  // sent by the client
  b.seen.replicas = -1;
  b.seen.merge = R"({"labels":{"team":"x"}})";
  const Document labelled = b.call("PUT", kDeployments + "/d", deployment(""), 200);
  CHECK(labelled["metadata"]["labels"]["team"].as_string() == "x");
  CHECK_FALSE(has(to_json(labelled["metadata"]["managedFields"]), "f:team"));
}

TEST_CASE("an update that admission turns into another object is refused") {
  const std::pair<std::string, std::string> rows[] = {
      {R"({"name":"other"})", "metadata.name: Invalid value: \"other\": field is immutable"},
      {R"({"uid":"other"})", "metadata.uid: Invalid value: \"other\": field is immutable"},
      {R"({"deletionTimestamp":"2030-01-01T00:00:00Z"})", "metadata.deletionTimestamp: Invalid value"},
  };
  for (const auto& [merge, message] : rows) {
    const auto& shown = merge;
    CAPTURE(shown);
    Bench b;
    b.call("POST", kMaps, R"({"metadata":{"name":"m"}})", 201);
    b.seen.merge = merge;
    const Document refused = b.call("PUT", kMaps + "/m", R"({"metadata":{"name":"m"},"data":{"a":"b"}})", 422);
    CHECK_MESSAGE(has(std::string(refused["message"].as_string()), message), refused["message"].as_string());
  }
}

TEST_CASE("a name that is taken is told after validation, in a dry run too") {
  Bench b;
  b.call("POST", kMaps, R"({"metadata":{"name":"m"}})", 201);
  CHECK(b.call("POST", kMaps, R"({"metadata":{"name":"m"},"data":{"bad key":"v"}})", 422)["reason"].as_string() == "Invalid");
  CHECK(b.call("POST", kMaps, R"({"metadata":{"name":"m"}})", 409)["reason"].as_string() == "AlreadyExists");
  CHECK(b.call("POST", kMaps + "?dryRun=All", R"({"metadata":{"name":"m"}})", 409)["reason"].as_string() == "AlreadyExists");
}

TEST_CASE("owners that are named twice are told") {
  Bench b;
  const std::string owner = R"({"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":"u1"})";
  const Document made =
      b.call("POST", kMaps, R"({"metadata":{"name":"m","ownerReferences":[)" + owner + "," + owner + "]}}", 201);
  CHECK(made["metadata"]["ownerReferences"].size() == 1);
  CHECK_MESSAGE(has(b.pipeline.warning, ".metadata.ownerReferences contains duplicate entries; "), b.pipeline.warning);
  CHECK(has(b.pipeline.warning, "duplicate UID(s) observed: u1"));
}

#include "sim/definition_run.h"

#include <fmt/core.h>

#include "base/json.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSteps = 30, kLivesMax = 6;

struct ModelDefinition {
  const char* name;
  const char* kind;
  const char* plural;
  bool old_form;
};
// The second composes the kind of the first; the last two want the same kind.
constexpr ModelDefinition kDefinitions[] = {{"base", "Base", "bases", false},
                                            {"upper", "Upper", "uppers", false},
                                            {"old", "Old", "olds", true},
                                            {"third", "Shared", "shareds", false},
                                            {"rival", "Shared", "shareds", false}};
constexpr std::size_t kUpper = 1, kRival = 4;

constexpr const char* kCrds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

std::string collection_of(const ModelDefinition& d) {
  return d.old_form ? "/apis/kro.run/v1alpha1/namespaces/default/resourcegroups"
                    : "/apis/kro.run/v1alpha1/resourcegraphdefinitions";
}

// Resources that are refused, each for another reason; some are refused for a time only.
constexpr const char* kWrong[] = {
    R"({"id":"c","template":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${schema.spec.nothing}"}}})",
    R"({"id":"c","template":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"dta":{}}})",
    R"({"id":"schema","template":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"}}})",
    R"({"id":"c","template":{"apiVersion":"x.y/v1","kind":"Missing","metadata":{"name":"m"}}})",
    R"({"id":"c","template":{"apiVersion":"kro.run/v1alpha1","kind":"Base","metadata":{"name":"m"},"spec":{"none":"x"}}})",
    R"({"id":"c","template":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${d.metadata.name}"}}},{"id":"d","template":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${c.metadata.name}"}}})"};

}  // namespace

DefinitionRun::DefinitionRun(std::uint64_t seed, ClientKind client)
    : platform_(seed,
                [client] {
                  SimPlatformOptions options;
                  options.client = client;
                  return options;
                }()),
      random_(seed * 7919 + 3) {}

bool DefinitionRun::boot() {
  ++lives_;
  const auto booted = platform_.boot();
  if (!booted.ok() && wrong_.empty()) wrong_ = "it does not start: " + booted.error().message();
  return booted.ok();
}

void DefinitionRun::plan_crash() {
  if (!calm_ && lives_ < kLivesMax) platform_.world().disk().crash_after_writes(1 + random_.below(25));
}

void DefinitionRun::pass(Duration time) {
  platform_.settle(time);
  if (!platform_.world().disk().crashed()) return;
  platform_.crash();
  boot();
}

int DefinitionRun::call(const std::string& method, const std::string& path, const std::string& body) {
  const int status = platform_.call(method, path, body).status;
  if (platform_.world().disk().crashed()) pass(0s);
  return status;
}

Document DefinitionRun::get(const std::string& path) {
  const auto answer = platform_.call("GET", path);
  auto parsed = parse_json(answer.body);
  return answer.status == 200 && parsed.ok() ? std::move(*parsed) : Document();
}

std::string DefinitionRun::resources(std::size_t definition, bool good) {
  ++written_;
  const std::string config = fmt::format(
      R"({{"id":"own","template":{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"${{schema.metadata.name}}"}},"data":{{"n":"{}"}}}}}})",
      written_);
  if (!good) return "[" + config + "," + kWrong[random_.below(std::size(kWrong))] + "]";
  if (definition != kUpper) return "[" + config + "]";
  return "[" + config +
         R"(,{"id":"below","template":{"apiVersion":"kro.run/v1alpha1","kind":"Base","metadata":{"name":"${schema.metadata.name}"},"spec":{"name":"x","extra":"y"}}}])";
}

// Without the field `extra` the schema is an older one: whoever composes it is refused, and so is going back to it.
void DefinitionRun::write(std::size_t definition, bool good) {
  const ModelDefinition& d = kDefinitions[definition];
  const bool whole = good || random_.coin();
  const std::string fields = whole ? R"({"name":"string","extra":"string"})" : R"({"name":"string"})";
  const std::string spec =
      fmt::format(R"("spec":{{"schema":{{"apiVersion":"v1alpha1","kind":"{}","spec":{}}},"resources":{}}})", d.kind, fields,
                  resources(definition, good));
  const std::string path = collection_of(d);
  const std::string changed = fmt::format(R"({{"metadata":{{"name":"{}"}},{}}})", d.name, spec);
  // null takes away what the patch does not name.
  const std::string patch =
      whole
          ? changed
          : fmt::format(
                R"({{"metadata":{{"name":"{}"}},"spec":{{"schema":{{"spec":{{"name":"string","extra":null}}}},"resources":{}}}}})",
                d.name, resources(definition, good));
  if (call("PATCH", path + "/" + d.name, patch) != 404) return;
  call("POST", path,
       fmt::format(R"({{"apiVersion":"kro.run/v1alpha1","kind":"{}",{}}})",
                   d.old_form ? "ResourceGroup" : "ResourceGraphDefinition", changed.substr(1, changed.size() - 2)));
}

// Somebody takes the mark off an API, or the API away.
void DefinitionRun::touch_crd() {
  const std::string path = std::string(kCrds) + "/" + kDefinitions[random_.below(std::size(kDefinitions))].plural + ".kro.run";
  if (random_.coin())
    call("DELETE", path);
  else
    call("PATCH", path, R"({"metadata":{"labels":{"kro.run/owned":null}}})");
}

void DefinitionRun::step() {
  if (random_.below(8) == 0) plan_crash();
  const std::size_t definition = random_.below(std::size(kDefinitions));
  const std::uint64_t choice = random_.below(100);
  if (choice < 75)
    write(definition, random_.coin());
  else if (choice < 92)
    call("DELETE", collection_of(kDefinitions[definition]) + "/" + kDefinitions[definition].name);
  else
    touch_crd();
  // Often several at once.
  if (random_.coin())
    pass(Duration(static_cast<std::int64_t>(random_.below(4) == 0 ? random_.below(3'000'000'000) : random_.below(30'000'000))));
}

std::string DefinitionRun::put_right() {
  const ModelDefinition& rival = kDefinitions[kRival];
  call("DELETE", collection_of(rival) + "/" + rival.name);
  for (const ModelDefinition& d : kDefinitions) {
    const Document crd = get(std::string(kCrds) + "/" + d.plural + ".kro.run");
    const bool foreign = !crd.is_null() && crd["metadata"]["labels"]["kro.run/owned"].as_string().empty();
    if (foreign) call("DELETE", std::string(kCrds) + "/" + d.plural + ".kro.run");
  }
  pass(5s);  // whatever was being deleted is gone
  for (std::size_t i = std::size(kDefinitions); i-- > 0;) {
    if (i != kRival) write(i, true);
  }
  return wrong_;
}

std::string DefinitionRun::check_one(std::size_t definition) {
  const ModelDefinition& d = kDefinitions[definition];
  const Document object = get(collection_of(d) + "/" + d.name);
  const Value status = object["status"];
  if (status["state"].as_string() != "Active") return fmt::format("{} is not active: {}", d.name, to_json(object.root()));
  for (const Value& condition : status["conditions"].items()) {
    const bool current = condition["observedGeneration"].as_int() == object["metadata"]["generation"].as_int();
    if (condition["status"].as_string() != "True" || !current)
      return fmt::format("{} has a condition that is not: {}", d.name, to_json(object.root()));
  }
  const std::string revision = fmt::format("/apis/internal.kro.run/v1alpha1/graphrevisions/{}{}-r{:05}",
                                           d.old_form ? "default." : "", d.name, status["lastIssuedRevision"].as_int());
  const Document issued = get(revision);
  if (!equal(issued["spec"]["snapshot"]["spec"]["resources"], object["spec"]["resources"]))
    return fmt::format("{} has not the revision that it says: {}\n{}", d.name, to_json(object.root()), to_json(issued.root()));
  return "";
}

std::string DefinitionRun::check() {
  for (std::size_t i = 0; i < std::size(kDefinitions); ++i) {
    if (i == kRival) continue;
    if (std::string wrong = check_one(i); !wrong.empty()) return wrong;
  }
  std::string what;
  if (platform_.control().controllers().planned_requests(what) != 0) return "something is still to be done: " + what;
  return "";
}

std::string DefinitionRun::run() {
  if (!boot()) return wrong_;
  for (std::size_t i = 0; i < kSteps && wrong_.empty(); ++i) step();
  calm_ = true;
  platform_.world().disk().clear_faults();
  pass(0s);
  if (wrong_.empty()) wrong_ = put_right();
  pass(60s);
  if (wrong_.empty()) wrong_ = check();
  return wrong_;
}

}  // namespace plinth::sim

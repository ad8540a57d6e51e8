#include "sim/compose_run.h"

#include <set>

#include <fmt/core.h>

#include "base/json.h"
#include "base/quoted.h"
#include "base/text.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kDefinitions = 2, kInstances = 3, kSteps = 25, kLivesEach = 8;
constexpr const char* kGraphs = "/apis/kro.run/v1alpha1/resourcegraphdefinitions";
constexpr const char* kChildren[] = {"configmaps", "serviceaccounts", "services"};

std::string graph_name(std::size_t i) { return "gen" + std::to_string(i); }
std::string instances_path(std::size_t i) { return "/apis/kro.run/v1alpha1/namespaces/default/gen" + std::to_string(i) + "s"; }
std::string instance_name(std::size_t definition, std::size_t i) { return fmt::format("d{}i{}", definition, i); }
std::string collection(std::string_view plural, std::string_view name_space) {
  return fmt::format("/api/v1/namespaces/{}/{}", name_space, plural);
}

}  // namespace

ComposeRun::ComposeRun(std::uint64_t seed, ClientKind client)
    : platform_(seed,
                [client] {
                  SimPlatformOptions options;
                  options.client = client;
                  return options;
                }()),
      random_(seed * 6151 + 11) {}

bool ComposeRun::boot() {
  ++lives_;
  const auto booted = platform_.boot();
  if (!booted.ok() && wrong_.empty()) wrong_ = "it does not start: " + booted.error().message();
  return booted.ok();
}

void ComposeRun::plan_crash() {
  if (lives_ < lives_max_ && random_.below(4) > 0) platform_.world().disk().crash_after_writes(1 + random_.below(30));
}

void ComposeRun::pass(Duration time) {
  platform_.settle(time);
  if (!platform_.world().disk().crashed()) return;
  platform_.crash();
  if (boot()) plan_crash();
}

int ComposeRun::call(const std::string& method, const std::string& path, const std::string& body) {
  const int status = platform_.call(method, path, body).status;
  if (platform_.world().disk().crashed()) pass(0s);
  return status;
}

Document ComposeRun::list(const std::string& path) {
  const auto answer = platform_.call("GET", path);
  auto parsed = parse_json(answer.body);
  return answer.status == 200 && parsed.ok() ? std::move(*parsed) : Document();
}

void ComposeRun::write_definition() {
  const std::size_t i = random_.below(kDefinitions);
  models_.push_back(random_definition(random_));
  models_.back().broken = random_.below(5) == 0;
  const std::string metadata =
      fmt::format(R"("metadata":{{"name":"{}","labels":{{"model":"{}"}}}})", graph_name(i), models_.size() - 1);
  const std::string resources = resources_json(models_.back());
  const std::string path = std::string(kGraphs) + "/" + graph_name(i);
  if (call("PATCH", path, "{" + metadata + R"(,"spec":{"resources":)" + resources + "}}") == 404) {
    call("POST", kGraphs,
         R"({"apiVersion":"kro.run/v1alpha1","kind":"ResourceGraphDefinition",)" + metadata + R"(,"spec":{"schema":)" +
             schema_json("Gen" + std::to_string(i)) + R"(,"resources":)" + resources + "}}");
  }
}

void ComposeRun::write_instance() {
  const std::size_t definition = random_.below(kDefinitions);
  const std::string name = instance_name(definition, random_.below(kInstances));
  std::string items;
  for (const char* item : {"x", "y", "z"}) {
    if (random_.coin()) items += std::string(items.empty() ? "" : ",") + "\"" + item + "\"";
  }
  const std::string spec = fmt::format(R"("spec":{{"value":"v{}","on":{},"list":[{}]}})", random_.below(5),
                                       random_.below(3) > 0 ? "true" : "false", items);
  if (call("PATCH", instances_path(definition) + "/" + name, "{" + spec + "}") == 404) {
    call("POST", instances_path(definition),
         fmt::format(R"({{"apiVersion":"kro.run/v1alpha1","kind":"Gen{}","metadata":{{"name":"{}"}},{}}})", definition, name,
                     spec));
  }
}

// Somebody changes a child, takes its marks away or deletes it.
void ComposeRun::touch_child() {
  const std::string plural = kChildren[random_.below(std::size(kChildren))];
  const Document children = list("/api/v1/" + plural + "?labelSelector=kro.run/node-id");
  const auto items = children["items"].items();
  if (items.empty()) return;
  const Value metadata = items[random_.below(items.size())]["metadata"];
  const std::string path =
      collection(plural, metadata["namespace"].as_string()) + "/" + std::string(metadata["name"].as_string());
  if (foreign_.count(path) > 0) return;
  const std::uint64_t how = random_.below(4);
  if (how == 0)
    call("DELETE", path);
  else if (how == 1)
    call("PATCH", path, R"({"metadata":{"annotations":{"refers":"mine"},"labels":{"more":"labels"}}})");
  else if (how == 2)
    call("PATCH", path, R"({"metadata":{"ownerReferences":null}})");
  else if (plural == "configmaps")
    call("PATCH", path, R"({"data":{"value":"mine"}})");
}

void ComposeRun::remove_something() {
  const std::size_t definition = random_.below(kDefinitions);
  if (random_.below(4) == 0)
    call("DELETE", std::string(kGraphs) + "/" + graph_name(definition));
  else
    call("DELETE", instances_path(definition) + "/" + instance_name(definition, random_.below(kInstances)));
}

// Somebody writes to an instance again and again while the controllers do: their own writes to it conflict.
void ComposeRun::write_in_between() {
  const std::size_t definition = random_.below(kDefinitions);
  const std::string path = instances_path(definition) + "/" + instance_name(definition, random_.below(kInstances));
  for (int i = 0; i < 8; ++i) {
    platform_.send("PATCH", path, fmt::format(R"({{"metadata":{{"annotations":{{"touched":"{}"}}}}}})", random_.below(1000)),
                   "application/merge-patch+json", [](server::LocalAnswer) {});
    pass(Duration(static_cast<std::int64_t>(random_.below(3'000'000))));
  }
}

// Objects that look more or less like children and are none.
void ComposeRun::make_foreign() {
  constexpr const char* kLabels[] = {
      R"({"app":"x"})", R"({"app.kubernetes.io/managed-by":"kro","kro.run/owned":"true"})",
      R"({"kro.run/owned":"true","kro.run/node-id":"r0x0","kro.run/instance-id":"nobody","applyset.kubernetes.io/part-of":"another-set"})"};
  for (std::size_t i = 0; i < std::size(kLabels); ++i) {
    for (const auto& [plural, kind] : {std::pair{"configmaps", "ConfigMap"}, std::pair{"serviceaccounts", "ServiceAccount"}}) {
      const std::string name = fmt::format("d0i0-foreign{}", i), path = collection(plural, "default");
      if (call("POST", path,
               fmt::format(R"({{"apiVersion":"v1","kind":"{}","metadata":{{"name":"{}","labels":{}}}}})", kind, name,
                           kLabels[i])) == 201)
        foreign_[path + "/" + name] = platform_.call("GET", path + "/" + name).body;
    }
  }
}

std::string ComposeRun::check_foreign() {
  for (const auto& [path, body] : foreign_) {
    const auto now = platform_.call("GET", path);
    if (now.status != 200 || now.body != body) return "a foreign object was touched: " + path + "\n" + body + "\n" + now.body;
  }
  return "";
}

void ComposeRun::step() {
  if (random_.below(6) == 0) plan_crash();
  const std::uint64_t choice = random_.below(100);
  if (choice < 25)
    write_definition();
  else if (choice < 65)
    write_instance();
  else if (choice < 80)
    touch_child();
  else if (choice < 87)
    write_in_between();
  else
    remove_something();
  pass(Duration(static_cast<std::int64_t>(random_.below(4) == 0 ? random_.below(5'000'000'000) : random_.below(50'000'000))));
}

// What is broken is written anew, so that what must be is known.
std::string ComposeRun::mend_definitions() {
  const Document graphs = list(kGraphs);
  for (const Value& graph : graphs["items"].items()) {
    const auto model = parse_integer<std::size_t>(graph["metadata"]["labels"]["model"].as_string());
    if (!model || *model >= models_.size()) return "a definition has lost its label";
    if (!models_[*model].broken) continue;
    if (graph["status"]["state"].as_string() != "Inactive")
      return "a definition with a wrong expression is not told as Inactive";
    models_.push_back(random_definition(random_));
    const std::string path = std::string(kGraphs) + "/" + std::string(graph["metadata"]["name"].as_string());
    call("PATCH", path,
         fmt::format(R"({{"metadata":{{"labels":{{"model":"{}"}}}},"spec":{{"resources":{}}}}})", models_.size() - 1,
                     resources_json(models_.back())));
  }
  return "";
}

// Every instance with a definition has what it must have, and what has no instance is gone.
std::string ComposeRun::check_children() {
  std::map<std::string, std::string> expected;
  std::set<std::string> unguided;  // uids of instances whose definition is gone: they keep what they have
  std::map<std::string, Value> graphs;
  const Document all = list(kGraphs);
  for (const Value& graph : all["items"].items()) graphs[std::string(graph["metadata"]["name"].as_string())] = graph;
  for (std::size_t i = 0; i < kDefinitions; ++i) {
    const auto graph = graphs.find(graph_name(i));
    const Document instances = list(instances_path(i));
    for (const Value& instance : instances["items"].items()) {
      if (graph == graphs.end()) {
        unguided.insert(std::string(instance["metadata"]["uid"].as_string()));
        continue;
      }
      const auto model = parse_integer<std::size_t>(graph->second["metadata"]["labels"]["model"].as_string());
      expected.merge(expected_children(models_[model.value_or(0)], instance));
      if (instance["status"]["state"].as_string() != "ACTIVE")
        return "an instance does not come to rest: " + to_json(instance) + "\n" + to_json(graph->second);
    }
  }
  for (const char* plural : kChildren) {
    const Document children = list(std::string("/api/v1/") + plural + "?labelSelector=kro.run/owned");
    for (const Value& child : children["items"].items()) {
      const Value metadata = child["metadata"];
      const std::string name_space(metadata["namespace"].as_string()), name(metadata["name"].as_string());
      if (foreign_.count(collection(plural, name_space) + "/" + name) > 0) continue;
      if (unguided.count(std::string(metadata["labels"]["kro.run/instance-id"].as_string())) > 0) continue;
      const auto wanted = expected.find(std::string(plural) + "/" + name_space + "/" + name);
      if (wanted == expected.end()) return "nobody wants it any more: " + to_json(child);
      if (child["data"]["value"].as_string() != wanted->second)
        return "it should be " + quoted(wanted->second) + ": " + to_json(child);
      if (metadata["annotations"]["refers"].as_string() == "mine")
        return "what somebody wrote by hand has stayed: " + to_json(child);
      expected.erase(wanted);
    }
  }
  return expected.empty() ? "" : "missing: " + expected.begin()->first;
}

std::string ComposeRun::check_rest() {
  if (std::string wrong = check_children(); !wrong.empty()) return wrong;
  if (std::string wrong = check_foreign(); !wrong.empty()) return wrong;
  std::string what;
  if (platform_.control().controllers().planned_requests(what) != 0) return "something is still to be done: " + what;
  const store::Revision before = platform_.control().store().snapshot()->revision();
  platform_.settle(120s);
  const store::Revision after = platform_.control().store().snapshot()->revision();
  return before == after ? "" : fmt::format("something is written for ever: {} to {}", before, after);
}

void ComposeRun::remove_everything() {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < kDefinitions; ++i) {
    paths.push_back(std::string(kGraphs) + "/" + graph_name(i));
    for (std::size_t n = 0; n < kInstances; ++n) paths.push_back(instances_path(i) + "/" + instance_name(i, n));
  }
  for (std::size_t i = paths.size(); i > 1; --i) std::swap(paths[i - 1], paths[random_.below(i)]);
  for (const std::string& path : paths) {
    for (int attempt = 0; attempt < 3 && call("DELETE", path) == 0; ++attempt) {
    }
    pass(Duration(static_cast<std::int64_t>(random_.below(3) == 0 ? random_.below(2'000'000'000) : 0)));
  }
}

std::string ComposeRun::run() {
  lives_max_ = kLivesEach;
  if (!boot()) return wrong_;
  make_foreign();
  write_definition();
  plan_crash();
  for (std::size_t i = 0; i < kSteps && wrong_.empty(); ++i) step();
  platform_.world().disk().clear_faults();
  pass(120s);
  if (wrong_.empty()) wrong_ = mend_definitions();
  pass(120s);
  if (wrong_.empty()) wrong_ = check_rest();
  if (!wrong_.empty()) return wrong_;
  lives_max_ = lives_ + kLivesEach;
  plan_crash();
  remove_everything();
  platform_.world().disk().clear_faults();
  pass(120s);
  if (wrong_.empty()) wrong_ = check_rest();
  for (const char* path : {kGraphs, "/apis/internal.kro.run/v1alpha1/graphrevisions"}) {
    if (wrong_.empty() && list(path)["items"].size() > 0) wrong_ = std::string("left behind: ") + path;
  }
  for (std::size_t i = 0; i < kDefinitions; ++i) {
    if (wrong_.empty() && list(instances_path(i))["items"].size() > 0) wrong_ = "left behind: instances of " + graph_name(i);
  }
  return wrong_;
}

}  // namespace plinth::sim

// What a server-side apply of a Deployment of 3 KB costs, from parsed documents and stored managed fields to the new ones as
// text.
#include <string>

#include <benchmark/benchmark.h>

#include "api/apply.h"
#include "api/kind.h"
#include "base/json.h"

namespace {

using namespace plinth;
using namespace plinth::api;

std::string container(int i, const std::string& image) {
  std::string n = std::to_string(i);
  std::string env;
  for (int e = 0; e < 6; ++e) {
    env += std::string(e > 0 ? "," : "") + R"({"name":"VARIABLE_)" + std::to_string(e) + R"(","value":"some value of it )" +
           std::to_string(e) + "\"}";
  }
  return R"({"name":"container-)" + n + R"(","image":")" + image + R"(","args":["--port=8080","--verbose"],"env":[)" + env +
         R"(],"ports":[{"containerPort":8080,"name":"http","protocol":"TCP"},{"containerPort":9090,"name":"metrics","protocol":"TCP"}],)"
         R"("resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},)"
         R"("livenessProbe":{"httpGet":{"path":"/healthz","port":8080},"periodSeconds":10},"readinessProbe":{"httpGet":{"path":"/ready",)"
         R"("port":8080},"periodSeconds":5},"volumeMounts":[{"name":"config","mountPath":"/etc/config"},{"name":"data","mountPath":"/data"}]})";
}

std::string deployment(const std::string& image) {
  return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default","labels":)"
         R"({"app.kubernetes.io/name":"web","app.kubernetes.io/part-of":"shop","team":"a"},"annotations":{"example.com/owner":"team a"}},)"
         R"("spec":{"replicas":3,"selector":{"matchLabels":{"app.kubernetes.io/name":"web"}},"strategy":{"type":"RollingUpdate",)"
         R"("rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},"template":{"metadata":{"labels":{"app.kubernetes.io/name":"web"}},)"
         R"("spec":{"serviceAccountName":"web","terminationGracePeriodSeconds":30,"containers":[)" +
         container(0, image) + "," + container(1, "sidecar:1") +
         R"(],"volumes":[{"name":"config","configMap":{"name":"web"}},{"name":"data","emptyDir":{}}]}}}})";
}

void run(benchmark::State& state, const std::string& config_text, bool force) {
  OwnershipScope scope;
  scope.schema = builtin_type("apps.v1.Deployment");
  scope.api_version = "apps/v1";
  scope.kind = "Deployment";
  scope.now_s = 1700000000;
  ApplyInput first;
  first.scope = scope;
  first.config = *parse_json(deployment("web:1"));
  first.manager = "gitops";
  ApplyOutput created = *apply(first);
  UpdateInput status;
  status.scope = scope;
  status.live = created.object;
  status.live_managers = &created.managers;
  Draft draft(created.object);
  draft.set(draft.member(draft.root(), "status"), "replicas", Value::of(3));
  draft.set(draft.member(draft.root(), "metadata"), "uid", "u");
  status.next = std::move(draft).finish();
  status.manager = "controller";
  std::string managers = track_update(status).to_json();
  Document live = *parse_json(to_json(status.next.root()));
  Document config = *parse_json(config_text);
  for (auto _ : state) {
    ManagedFields stored = *ManagedFields::parse_json(managers);
    ApplyInput input;
    input.scope = scope;
    input.live = live;
    input.live_managers = &stored;
    input.config = config;
    input.manager = "gitops";
    input.force = force;
    Result<ApplyOutput> out = apply(input);
    std::string text = out->managers.to_json();
    benchmark::DoNotOptimize(text);
  }
  state.counters["object_bytes"] = static_cast<double>(to_json(live.root()).size());
  state.counters["managers_bytes"] = static_cast<double>(managers.size());
}

void apply_same(benchmark::State& state) { run(state, deployment("web:1"), false); }
void apply_image(benchmark::State& state) { run(state, deployment("web:2"), false); }
void apply_removal(benchmark::State& state) {
  std::string text = deployment("web:1");
  std::string dropped = R"("terminationGracePeriodSeconds":30,)";
  text.erase(text.find(dropped), dropped.size());
  run(state, text, false);
}

BENCHMARK(apply_same);
BENCHMARK(apply_image);
BENCHMARK(apply_removal);

}  // namespace

BENCHMARK_MAIN();

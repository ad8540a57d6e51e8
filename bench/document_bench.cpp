// What one write of a 3 KB Deployment costs in the document: reading, defaulting, changing, printing. docs/spikes/document.md.
#include <string>

#include <benchmark/benchmark.h>

#include "base/json.h"
#include "base/value.h"
#include "base/yaml.h"

namespace {

using plinth::Document;
using plinth::Draft;
using plinth::Value;

std::string container(const std::string& name, int port) {
  return R"({"name":")" + name + R"(","image":"registry.example.com/shop/)" + name +
         R"(:v1.14.2","imagePullPolicy":"IfNotPresent","args":["--listen=0.0.0.0","--level=info"],"ports":[{"name":"http","containerPort":)" +
         std::to_string(port) +
         R"(,"protocol":"TCP"}],"env":[{"name":"POD_NAME","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}},)"
         R"({"name":"DATABASE_URL","valueFrom":{"secretKeyRef":{"name":"shop-database","key":"url"}}},{"name":"CACHE","value":"redis:6379"}],)"
         R"("resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},)"
         R"("livenessProbe":{"httpGet":{"path":"/healthz","port":"http","scheme":"HTTP"},"initialDelaySeconds":5,"timeoutSeconds":1,)"
         R"("periodSeconds":10,"successThreshold":1,"failureThreshold":3},"volumeMounts":[{"name":"config","mountPath":"/etc/shop"}],)"
         R"("terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"})";
}

std::string deployment() {
  return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"shop","namespace":"default","uid":)"
         R"("5f4bb7a2-8d0a-4a43-9c2e-7d9a3c1d7f10","resourceVersion":"184467","generation":4,"creationTimestamp":"2026-11-22T18:00:00Z",)"
         R"("labels":{"app.kubernetes.io/name":"shop","app.kubernetes.io/part-of":"store","team":"checkout"},)"
         R"("annotations":{"deployment.kubernetes.io/revision":"4","example.com/owner":"checkout@example.com"}},"spec":{"replicas":3,)"
         R"("selector":{"matchLabels":{"app.kubernetes.io/name":"shop"}},"template":{"metadata":{"labels":{"app.kubernetes.io/name":)"
         R"("shop","team":"checkout"}},"spec":{"containers":[)" +
         container("frontend", 8080) + "," + container("sidecar", 9090) +
         R"(],"volumes":[{"name":"config","configMap":{"name":"shop-config","defaultMode":420}}],"restartPolicy":"Always",)"
         R"("terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"shop","securityContext":{},)"
         R"("schedulerName":"default-scheduler"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%",)"
         R"("maxSurge":"25%"}},"revisionHistoryLimit":10,"progressDeadlineSeconds":600},"status":{"observedGeneration":4,"replicas":3,)"
         R"("updatedReplicas":3,"readyReplicas":3,"availableReplicas":3,"conditions":[{"type":"Available","status":"True",)"
         R"("lastUpdateTime":"2026-11-22T18:00:30Z","lastTransitionTime":"2026-11-22T18:00:30Z","reason":"MinimumReplicasAvailable",)"
         R"("message":"Deployment has minimum availability."}]}})";
}

Document parsed() { return std::move(plinth::parse_json(deployment())).value(); }

// As many changes as defaulting, an image update and a status bump make together.
Document change(const Document& base) {
  Draft draft(base);
  Value& root = draft.root();
  draft.set(draft.member(root, "metadata"), "resourceVersion", "184468");
  draft.set(draft.member(root, "metadata"), "generation", Value::of(5));
  Value& spec = draft.member_path(root, {"spec", "template", "spec"});
  for (Value& container : draft.mutable_items(draft.member(spec, "containers"))) {
    draft.set(container, "image", "registry.example.com/shop/frontend:v1.14.3");
    draft.set(draft.member(container, "livenessProbe"), "failureThreshold", Value::of(5));
    draft.set(container, "stdin", Value::of(false));
  }
  draft.set(draft.member(root, "status"), "observedGeneration", Value::of(5));
  draft.set(spec, "enableServiceLinks", Value::of(true));
  return std::move(draft).finish();
}

void BM_parse(benchmark::State& state) {
  std::string text = deployment();
  for (auto _ : state) benchmark::DoNotOptimize(plinth::parse_json(text));
  state.counters["json_bytes"] = static_cast<double>(text.size());
  state.counters["document_bytes"] = static_cast<double>(parsed().arena()->bytes());
}
BENCHMARK(BM_parse);

void BM_change(benchmark::State& state) {
  Document base = parsed();
  for (auto _ : state) benchmark::DoNotOptimize(change(base));
  state.counters["draft_bytes"] = static_cast<double>(change(base).arena()->bytes());
}
BENCHMARK(BM_change);

void BM_print(benchmark::State& state) {
  Document doc = parsed();
  std::string out;
  for (auto _ : state) {
    out.clear();
    plinth::append_json(out, doc.root());
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_print);

void BM_parse_change_print(benchmark::State& state) {
  std::string text = deployment(), out;
  for (auto _ : state) {
    auto doc = plinth::parse_json(text);
    out.clear();
    plinth::append_json(out, change(*doc).root());
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_parse_change_print);

void BM_clone(benchmark::State& state) {
  Document doc = parsed();
  for (auto _ : state) {
    Draft draft;
    draft.root() = draft.clone(doc.root());
    benchmark::DoNotOptimize(std::move(draft).finish());
  }
}
BENCHMARK(BM_clone);

void BM_equal(benchmark::State& state) {
  Document a = parsed(), b = parsed();
  for (auto _ : state) benchmark::DoNotOptimize(plinth::equal(a.root(), b.root()));
}
BENCHMARK(BM_equal);

void BM_parse_yaml(benchmark::State& state) {
  std::string text = plinth::to_yaml(parsed().root());
  for (auto _ : state) benchmark::DoNotOptimize(plinth::parse_yaml(text));
}
BENCHMARK(BM_parse_yaml);

void BM_print_yaml(benchmark::State& state) {
  Document doc = parsed();
  for (auto _ : state) benchmark::DoNotOptimize(plinth::to_yaml(doc.root()));
}
BENCHMARK(BM_print_yaml);

}  // namespace

BENCHMARK_MAIN();

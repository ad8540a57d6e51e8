// Evaluations per second of each expression on one core, their geometric mean and the slowest. Each is compiled once and
// evaluated over the same documents for a fifth of a second after a warm-up; the memory is reset between evaluations, nothing
// else is kept.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/json.h"
#include "cel/lib/libraries.h"
#include "cel/program.h"
#include "cel_expressions.h"

namespace plinth::bench {
namespace {

constexpr const char* kSelf =
    R"({"name":"app-frontend","replicas":3,"minReplicas":1,"maxReplicas":10,"paused":true,"type":"ClusterIP",
  "labels":{"app":"frontend","tier":"web","team":"blue","env":"prod"},
  "ports":[{"name":"http","port":80,"protocol":"TCP"},{"name":"https","port":443,"protocol":"TCP"},{"name":"dns","port":53,"protocol":"UDP"}],
  "containers":[{"name":"main","image":"nginx:1.27"},{"name":"sidecar","image":"envoy:1.30"}]})";
constexpr const char* kSchema = R"({"metadata":{"name":"shop","namespace":"team-a","labels":{"a":"1","b":"2","c":"3"}},
  "spec":{"name":"shop","env":"prod","port":8080,"replicas":4,"ingress":{"enabled":true,"host":"shop.example.com"},
  "database":{"size":"10Gi"},"containers":[{"name":"main","image":"nginx:1.27"},{"name":"sidecar","image":"envoy:1.30"}]}})";
constexpr const char* kDeployment = R"({"spec":{"replicas":3},"status":{"availableReplicas":3,"conditions":[
  {"type":"Progressing","status":"True"},{"type":"Available","status":"True"}]}})";

struct Setup {
  cel::Environment environment;
  std::vector<Document> documents;
  cel::Memory inputs;
  std::vector<cel::Value> variables;

  void add(const char* name, cel::Type type, const cel::Value& value) {
    environment.declare(name, std::move(type));
    variables.push_back(value);
  }
  void add_document(const char* name, const char* json) {
    auto document = parse_json(json);
    if (!document.ok()) std::abort();
    documents.push_back(*document);
    add(name, cel::Type::dyn(), cel::Value::of_document(documents.back().root(), nullptr, inputs));
  }
};

void fill(Setup& setup) {
  for (cel::Library (*library)() :
       {cel::optionals_library, cel::strings_library, cel::math_library, cel::bindings_library, cel::comprehensions_library}) {
    setup.environment.add(library());
  }
  setup.add_document("self", kSelf);
  setup.add_document("oldSelf", kSelf);
  setup.add_document("schema", kSchema);
  setup.add_document("deployment", kDeployment);
  setup.add("x", cel::Type::integer(), cel::Value::of(5));
  setup.add("y", cel::Type::floating(), cel::Value::of(2.5));
  setup.add("z", cel::Type::string(), cel::Value::string("some Text here"));
  setup.add("quantityText", cel::Type::string(), cel::Value::string("256Mi"));
  setup.add("now", cel::Type::timestamp(), cel::Value::of(TimeStamp{1795341600, 0}));
}

double evaluations_per_second(const cel::Program& program, const Setup& setup) {
  using Clock = std::chrono::steady_clock;
  constexpr int kRound = 2'000;
  cel::Memory memory;
  for (int i = 0; i < kRound; ++i) {
    program.run(setup.variables, memory);
    memory.reset();
  }
  auto start = Clock::now();
  std::int64_t count = 0;
  double seconds = 0;
  while (seconds < 0.2) {
    for (int i = 0; i < kRound; ++i) {
      program.run(setup.variables, memory);
      memory.reset();
    }
    count += kRound;
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return static_cast<double>(count) / seconds;
}

int run() {
  Setup setup;
  fill(setup);
  double logarithms = 0, slowest = HUGE_VAL;
  std::size_t count = 0;
  for (const char* expression : kCelExpressions) {
    auto program = cel::compile(expression, setup.environment);
    if (!program.ok()) {
      std::fprintf(stderr, "%s\n", program.error().message().c_str());
      return 1;
    }
    cel::Memory memory;
    cel::Value value = program->run(setup.variables, memory);
    if (value.is_error()) {
      std::fprintf(stderr, "%s: %s\n", expression, std::string(value.as_error().message).c_str());
      return 1;
    }
    double rate = evaluations_per_second(*program, setup);
    logarithms += std::log(rate);
    slowest = std::min(slowest, rate);
    ++count;
    std::printf("%12.0f  %s\n", rate, expression);
  }
  std::printf("cel: %zu expressions, geometric mean %.0f/s (goal 1000000), slowest %.0f/s (goal 200000)\n", count,
              std::exp(logarithms / static_cast<double>(count)), slowest);
  return 0;
}

}  // namespace
}  // namespace plinth::bench

int main() { return plinth::bench::run(); }

// What a request costs from the parsed HTTP head to the answer's bytes, without network and disk: authentication,
// authorization, admission, the write itself and the answer, on one thread over a store in memory. `perf record` on it shows
// where the time goes.
//
//   pipeline_bench [create|get|apply|patch] [SECONDS]     one of them for a profile; all when none is named
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <time.h>

#include "base/json.h"
#include "platform/control_plane.h"
#include "server/local_responder.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_real/real_network.h"
#include "world_real/thread_pool.h"

namespace plinth {
namespace {

std::int64_t processor_ns() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

class Platform {
 public:
  Platform() : loop_(std::move(world_real::EpollLoop::create()).value()) {
    World world{&clock_, &entropy_, &disk_, &network_};
    platform::ControlPlaneOptions options;
    options.data_dir = ":memory:";
    control_ = platform::ControlPlane::open(world, options, loop_.get()).value();
    control_->set_ca("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
    bool started = false;
    control_->start(*loop_, [&](Result<void>) { started = true; });
    while (!started) loop_->poll(std::chrono::milliseconds(10));
    // Until the controllers have nothing to do; what they wrote last may still be on its way to them.
    for (int idle = 0; idle < 50; idle = control_->controllers().idle() ? idle + 1 : 0)
      loop_->poll(std::chrono::milliseconds(1));
  }
  ~Platform() {
    control_->stop_controllers();
    control_->close();
  }

  server::LocalAnswer call(std::string method, std::string target, std::string body, std::string content_type) {
    net::HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    request.headers.add("content-type", std::move(content_type));
    request.headers.add("user-agent", "bench/1");
    request.headers.add("accept", "application/json");
    request.peer.certificate.present = true;
    request.peer.certificate.common_name = "kubernetes-admin";
    request.peer.certificate.organizations = {"system:masters"};
    bool answered = false;
    server::LocalAnswer got;
    control_->api().handle(std::move(request), server::collect_answer(*loop_, [&](server::LocalAnswer answer) {
                             got = std::move(answer);
                             answered = true;
                           }));
    while (!answered) loop_->poll(Duration(0));
    return got;
  }

 private:
  world_real::RealClock clock_;
  world_real::RealEntropy entropy_;
  world_real::RealDisk disk_;
  world_real::ThreadPool pool_{1, 16};
  world_real::RealNetwork network_{pool_};
  std::unique_ptr<world_real::EpollLoop> loop_;
  std::unique_ptr<platform::ControlPlane> control_;
};

std::string config_map(const std::string& name) {
  std::string data;
  for (int i = 0; i < 8; ++i) {
    data += (i > 0 ? "," : "") + ("\"key-" + std::to_string(i) + "\":\"" + std::string(350, static_cast<char>('a' + i)) + "\"");
  }
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","labels":{"app":"bench"}},"data":{)" +
         data + "}}";
}

std::string deployment(int image) {
  std::string env;
  for (int i = 0; i < 24; ++i) {
    env += (i > 0 ? "," : "") + (R"({"name":"VARIABLE_)" + std::to_string(i) +
                                 R"(","value":"some value that takes about forty bytes )" + std::to_string(i) + "\"}");
  }
  return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{"app":"web","team":"a"}},"spec":{"replicas":3,)"
         R"("selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web",)"
         R"("image":"registry.example.com/shop/web:)" +
         std::to_string(image) + R"(","ports":[{"containerPort":8080,"name":"http"}],"env":[)" + env +
         R"(],"resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},)"
         R"("livenessProbe":{"httpGet":{"path":"/healthz","port":8080},"periodSeconds":10},"readinessProbe":{"httpGet":{"path":"/ready",)"
         R"("port":8080},"periodSeconds":5}}]}}}})";
}

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";
constexpr const char* kDeployment = "/apis/apps/v1/namespaces/default/deployments/web";

struct Call {
  std::string method, target, body, content_type;
};

Call make_call(const std::string& what, int i) {
  if (what == "create") return {"POST", kMaps, config_map("map-" + std::to_string(i)), "application/json"};
  if (what == "get") return {"GET", std::string(kMaps) + "/one", "", ""};
  if (what == "apply") {
    return {"PATCH", std::string(kDeployment) + "?fieldManager=bench&force=true", deployment(i),
            "application/apply-patch+yaml"};
  }
  return {"PATCH", std::string(kMaps) + "/one", R"({"data":{"count":")" + std::to_string(i) + "\"}}",
          "application/merge-patch+json"};
}

int measure(Platform& platform, const std::string& what, double seconds) {
  // The client's part, the text of the requests, is made apart from what is measured.
  constexpr int kBatch = 64, kWarmBatches = 3;
  const auto enough = static_cast<std::int64_t>(seconds * 1e9);
  std::int64_t spent = 0;
  int n = 0;
  for (int batch = 0; batch < kWarmBatches || spent < enough; ++batch) {
    std::vector<Call> calls;
    for (int i = 0; i < kBatch; ++i) calls.push_back(make_call(what, batch * kBatch + i));
    const std::int64_t begin = processor_ns();
    for (Call& call : calls) {
      const auto answer =
          platform.call(std::move(call.method), std::move(call.target), std::move(call.body), std::move(call.content_type));
      if (answer.status / 100 == 2) continue;
      std::fprintf(stderr, "%s: status %d: %s\n", what.c_str(), answer.status, answer.body.c_str());
      return 1;
    }
    if (batch < kWarmBatches) continue;
    spent += processor_ns() - begin;
    n += kBatch;
  }
  std::printf("%-8s %7.1f us of processor time a request (%d requests)\n", what.c_str(),
              static_cast<double>(spent) / 1000.0 / n, n);
  return 0;
}

}  // namespace
}  // namespace plinth

int main(int argc, char** argv) {
  plinth::Platform platform;
  platform.call("POST", plinth::kMaps, plinth::config_map("one"), "application/json");
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  int status = 0;
  for (const char* what : {"create", "get", "apply", "patch"}) {
    if (argc < 2 || std::strcmp(argv[1], what) == 0) status |= plinth::measure(platform, what, seconds);
  }
  return status;
}

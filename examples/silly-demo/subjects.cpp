#include "subjects.h"

#include <chrono>
#include <thread>

#include "fibonacci.h"
#include "nats.h"
#include "videos.h"

namespace silly_demo {
namespace {

constexpr auto kGreetingPeriod = std::chrono::minutes(1);
constexpr const char* kGreeting = "Silly demo is here. Is there anyone else around? Say hi on the silly-demo.hello channel.";

void greet_for_ever(NatsClient& client) {
  for (;;) {
    std::this_thread::sleep_for(kGreetingPeriod);
    client.publish("ping", kGreeting);
  }
}

}  // namespace

void start_nats() {
  const bool subscribes = environment("NATS_SUBSCRIBE") == "true";
  const bool publishes = environment("NATS_PUBLISH") == "true";
  if (!subscribes && !publishes) return;
  const auto url = environment("NATS_URL");
  auto* client = new NatsClient(url.empty() ? "127.0.0.1:4222" : url);  // lives as long as the process: its threads never end
  if (subscribes) {
    client->subscribe("silly-demo.hello",
                      [](const std::string&) { return "I'm the silliest demo you ever saw. Nice to meet you."; });
    client->subscribe("ci.silly-demo", [](const std::string&) { return "Thanks for doing the CI/CD for me."; });
    client->subscribe("fibonacci.request", [](const std::string& message) { return answer_fibonacci(message); });
  }
  std::thread([client] { client->run(); }).detach();
  if (publishes) std::thread([client] { greet_for_ever(*client); }).detach();
}

}  // namespace silly_demo

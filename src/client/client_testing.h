// For tests: objects from JSON, a transport that answers as told.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/json.h"
#include "client/object_cache.h"
#include "client/transport.h"

namespace plinth::client {

inline Resource config_maps() { return {"", "v1", "configmaps", "ConfigMap", true}; }
inline Resource pods() { return {"", "v1", "pods", "Pod", true}; }

inline Object test_object(const Resource& resource, const std::string& name_space, const std::string& name,
                          std::uint64_t revision, const std::string& uid, const std::string& more = "") {
  auto document = parse_json(R"({"metadata":{"name":")" + name + R"(","uid":")" + uid + R"(","resourceVersion":")" +
                             std::to_string(revision) + "\"" + more + "}}");
  REQUIRE(document.ok());
  return {resource, name_space, name, uid, revision, std::move(*document)};
}

// Keeps requests until answer() is called for them.
class HeldTransport final : public Transport {
 public:
  void call(Request request, UniqueFunction<void(Result<Response>)> done) override {
    requests.push_back(std::move(request));
    waiting.push_back(std::move(done));
  }
  void answer(Result<Response> response) {
    auto done = std::move(waiting.front());
    waiting.pop_front();
    done(std::move(response));
  }
  std::vector<Request> requests;
  std::deque<UniqueFunction<void(Result<Response>)>> waiting;
};

}  // namespace plinth::client

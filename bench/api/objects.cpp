#include "api/objects.h"

#include <fmt/core.h>

namespace plinth::bench {
namespace {

Request with_body(const char* method, const std::string& path, const char* type, std::string body) {
  Request request;
  request.method = method;
  request.path = path;
  request.headers = {{"accept", "application/json"}, {"content-type", type}, {"user-agent", "bench/1"}};
  request.body = std::move(body);
  return request;
}

}  // namespace

// Joined from two prepared parts: the time of the one who asks counts in a closed loop.
std::string config_map(const std::string& name, std::uint64_t version) {
  static std::uint64_t made_version = 0;
  static std::string rest;
  if (rest.empty() || made_version != version) {
    made_version = version;
    rest = R"(","labels":{"app":"bench"}},"data":{)";
    for (int i = 0; i < 8; ++i) {
      rest +=
          fmt::format(R"({}"key-{}":"{:08}{}")", i > 0 ? "," : "", i, version, std::string(342, static_cast<char>('a' + i)));
    }
    rest += "}}";
  }
  std::string out;
  out.reserve(rest.size() + 128);
  ((out += R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")") += name) += rest;
  return out;
}

std::string deployment(std::uint64_t version) {
  std::string env;
  for (int i = 0; i < 24; ++i) {
    env += fmt::format(R"({}{{"name":"VARIABLE_{}","value":"some value that takes about forty bytes {}"}})", i > 0 ? "," : "",
                       i, i);
  }
  return fmt::format(
      R"({{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web","labels":{{"app":"web","team":"a"}}}},"spec":{{"replicas":3,)"
      R"("selector":{{"matchLabels":{{"app":"web"}}}},"template":{{"metadata":{{"labels":{{"app":"web"}}}},"spec":{{"containers":[{{"name":"web",)"
      R"("image":"registry.example.com/shop/web:{}","ports":[{{"containerPort":8080,"name":"http"}}],"env":[{}],"resources":{{"limits":)"
      R"({{"cpu":"500m","memory":"256Mi"}},"requests":{{"cpu":"100m","memory":"128Mi"}}}},"livenessProbe":{{"httpGet":{{"path":"/healthz",)"
      R"("port":8080}},"periodSeconds":10}},"readinessProbe":{{"httpGet":{{"path":"/ready","port":8080}},"periodSeconds":5}}}}]}}}}}}}})",
      version, env);
}

std::string definition(int number, std::size_t bytes) {
  std::string properties;
  for (int i = 0; properties.size() < bytes; ++i) {
    properties += fmt::format(
        R"({}"field{}":{{"type":"object","description":"What field {} is for, in a sentence as long as those that generators copy from comments.",)"
        R"("properties":{{"name":{{"type":"string","maxLength":63,"pattern":"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}},"count":{{"type":"integer",)"
        R"("format":"int32","minimum":0,"default":1}},"labels":{{"type":"object","additionalProperties":{{"type":"string"}}}},"items":{{)"
        R"("type":"array","items":{{"type":"object","properties":{{"key":{{"type":"string"}},"value":{{"type":"string"}}}},"required":["key"]}}}}}}}})",
        i > 0 ? "," : "", i, i);
  }
  return fmt::format(
      R"({{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{{"name":"widgets{0}.g{0}.bench.example.com"}},)"
      R"("spec":{{"group":"g{0}.bench.example.com","scope":"Namespaced","names":{{"plural":"widgets{0}","singular":"widget{0}","kind":"Widget{0}",)"
      R"("listKind":"Widget{0}List"}},"versions":[{{"name":"v1","served":true,"storage":true,"subresources":{{"status":{{}}}},"schema":{{)"
      R"("openAPIV3Schema":{{"type":"object","properties":{{"spec":{{"type":"object","properties":{{{1}}}}},"status":{{"type":"object",)"
      R"("x-kubernetes-preserve-unknown-fields":true}}}}}}}}}}]}}}})",
      number, properties);
}

Request post(const std::string& path, std::string body) { return with_body("POST", path, "application/json", std::move(body)); }
Request put(const std::string& path, std::string body) { return with_body("PUT", path, "application/json", std::move(body)); }
Request apply_patch(const std::string& path, std::string body) {
  return with_body("PATCH", path + "?fieldManager=bench&force=true", "application/apply-patch+yaml", std::move(body));
}

Request get(const std::string& path) {
  Request request;
  request.path = path;
  request.headers = {{"accept", "application/json"}, {"user-agent", "bench/1"}};
  return request;
}

}  // namespace plinth::bench

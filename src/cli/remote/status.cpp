// status: what a cluster runs, how much there is, and what is not as it should be.
#include <algorithm>
#include <cstdio>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "cli/fail.h"
#include "cli/output.h"
#include "cli/remote/family.h"

namespace plinth::cli {
namespace {

struct Trouble {
  std::string kind, name_space, name;
  Health health;
};

struct Status {
  std::string server, version, ready, composition, ingress;
  std::size_t namespaces = 0, nodes = 0, pods = 0, definitions = 0, instances = 0, objects = 0, kinds = 0;
  std::vector<Trouble> troubles;
  std::vector<std::string> unseen;
};

// Kinds whose objects say how they are; instances of definitions are found by their label.
bool is_watched(const client::Resource& r) {
  static constexpr std::pair<std::string_view, std::string_view> kWatched[] = {{"", "nodes"},
                                                                               {"", "pods"},
                                                                               {"", "persistentvolumeclaims"},
                                                                               {"apps", "deployments"},
                                                                               {"apps", "statefulsets"},
                                                                               {"apps", "daemonsets"},
                                                                               {"batch", "jobs"},
                                                                               {"kro.run", "resourcegraphdefinitions"},
                                                                               {"kro.run", "resourcegroups"}};
  return std::any_of(std::begin(kWatched), std::end(kWatched), [&](const auto& w) { return r.is(w.first, w.second); });
}

bool is_definition(const client::Resource& r) {
  return r.is("kro.run", "resourcegraphdefinitions") || r.is("kro.run", "resourcegroups");
}

bool is_instance(const client::Resource& r, const Value& object) {
  return !is_definition(r) && r.plural != "customresourcedefinitions" && r.plural != "graphrevisions" &&
         object["metadata"]["labels"].find("kro.run/resource-graph-definition-name") != nullptr;
}

void count(const client::Resource& resource, const Value& object, Status& out) {
  ++out.objects;
  if (resource.is("", "namespaces")) ++out.namespaces;
  if (resource.is("", "nodes")) ++out.nodes;
  if (resource.is("", "pods")) ++out.pods;
  const bool instance = is_instance(resource, object);
  if (is_definition(resource)) ++out.definitions;
  if (instance) ++out.instances;
  const bool deleting = object["metadata"].find("deletionTimestamp") != nullptr;
  if (!instance && !deleting && !is_watched(resource)) return;
  Health health = health_of(resource, object);
  if (health.state != Health::State::kNotReady) return;
  const Value metadata = object["metadata"];
  out.troubles.push_back({resource.kind, std::string(metadata["namespace"].as_string()),
                          std::string(metadata["name"].as_string()), std::move(health)});
}

std::string composition_text(ApiClient& api, const ServedKinds& kinds) {
  if (!kinds.find("resourcegraphdefinitions.kro.run").ok()) return "not installed";
  const auto lease = api.get("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/plinth-compose");
  if (!lease.ok()) return "its kinds are there; nobody of Plinth runs it (plinth attach does)";
  const std::string holder((*lease)["spec"]["holderIdentity"].as_string());
  if (holder.empty()) return "stopped; plinth attach runs it";
  return holder == "plinth-up" ? "runs in the platform" : "attached (" + holder + ")";
}

// Where the router of the platform listens, as its class says.
std::string ingress_text(ApiClient& api) {
  const auto own = api.get("/apis/networking.k8s.io/v1/ingressclasses/plinth");
  if (!own.ok()) return "";
  const Value annotations = (*own)["metadata"]["annotations"];
  std::string out;
  for (const auto& [scheme, key] : {std::pair{"http://", "plinth.dev/http"}, {"https://", "plinth.dev/https"}}) {
    if (annotations[key].as_string().empty()) continue;
    out += (out.empty() ? "" : " ") + std::string(scheme) + std::string(annotations[key].as_string());
  }
  return out;
}

Result<Status> look(ApiClient& api) {
  Status out;
  out.server = api.server_url();
  const Document version = TRY(api.get("/version"));
  out.version = version["gitVersion"].as_string();
  const auto ready = api.call({"GET", "/readyz"});
  out.ready = ready.ok() ? "ready" : "not ready: " + ready.error().message();
  const ServedKinds kinds = TRY(ServedKinds::discover(api));
  out.composition = composition_text(api, kinds);
  out.ingress = ingress_text(api);
  std::vector<client::Request> requests;
  std::vector<client::Resource> resources;
  std::set<client::Resource> known;
  for (const ServedKind& kind : kinds.all()) {
    if (!kind.has("list") || !kind.has("watch") || kind.resource.group == "events.k8s.io" ||
        !known.insert(kind.resource).second)
      continue;
    requests.push_back({"GET", client::object_path(kind.resource, "", "")});
    resources.push_back(kind.resource);
  }
  out.kinds = resources.size();
  auto answers = api.call_all(requests);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto list = answers[i].ok() ? parse_json(answers[i]->body) : Result<Document>(std::move(answers[i]).error());
    if (!list.ok()) {
      out.unseen.push_back(resources[i].plural + ": " + list.error().message());
      continue;
    }
    for (const Value& item : (*list)["items"].items()) count(resources[i], item, out);
  }
  return out;
}

void print_text(const Status& s) {
  std::printf("API          %s (%s, %s)\n", s.server.c_str(), s.version.c_str(), s.ready.c_str());
  std::printf("composition  %s\n", s.composition.c_str());
  if (!s.ingress.empty()) std::printf("ingress      %s\n", s.ingress.c_str());
  std::printf("namespaces   %zu\nnodes        %zu\npods         %zu\n", s.namespaces, s.nodes, s.pods);
  std::printf("definitions  %zu\ninstances    %zu\nobjects      %zu of %zu kinds\n", s.definitions, s.instances, s.objects,
              s.kinds);
  std::printf("unhealthy    %zu\n", s.troubles.size());
  if (s.troubles.empty()) return;
  TextTable table({"NAMESPACE", "KIND", "NAME", "WHY"});
  for (const Trouble& t : s.troubles)
    table.add({t.name_space, t.kind, t.name, t.health.reason + (t.health.message.empty() ? "" : ": " + t.health.message)});
  std::printf("\n%s", table.text().c_str());
}

Value as_value(const Status& s, Draft& draft) {
  Value out = draft.object();
  draft.set(out, "server", s.server);
  draft.set(out, "version", s.version);
  draft.set(out, "ready", Value::of(s.ready == "ready"));
  draft.set(out, "composition", s.composition);
  if (!s.ingress.empty()) draft.set(out, "ingress", s.ingress);
  Value counts = draft.object();
  for (const auto& [name, number] : {std::pair{"namespaces", s.namespaces},
                                     {"nodes", s.nodes},
                                     {"pods", s.pods},
                                     {"definitions", s.definitions},
                                     {"instances", s.instances},
                                     {"objects", s.objects},
                                     {"kinds", s.kinds}})
    draft.set(counts, name, Value::of(static_cast<std::int64_t>(number)));
  draft.member(out, "counts") = counts;
  Value list = draft.array();
  for (const Trouble& t : s.troubles) {
    Value row = draft.object();
    draft.set(row, "kind", t.kind);
    if (!t.name_space.empty()) draft.set(row, "namespace", t.name_space);
    draft.set(row, "name", t.name);
    draft.set(row, "reason", t.health.reason);
    if (!t.health.message.empty()) draft.set(row, "message", t.health.message);
    draft.push(list, row);
  }
  draft.member(out, "unhealthy") = list;
  return out;
}

int run(const Arguments& arguments) {
  const auto format = data_format(arguments);
  if (!format.ok()) return fail(2, format.error().message());
  auto api = ApiClient::open(arguments);
  if (!api.ok()) return fail(1, api.error().message());
  const auto status = look(**api);
  if (!status.ok()) return fail(1, status.error().message());
  if (format->empty()) {
    print_text(*status);
  } else {
    Draft draft;
    draft.root() = as_value(*status, draft);
    std::fputs(data_text(draft.root(), *format).c_str(), stdout);
  }
  for (const std::string& kind : status->unseen) std::fprintf(stderr, "plinth: not counted: %s\n", kind.c_str());
  return 0;
}

}  // namespace

Command status_command() {
  return {"status",
          "print what a cluster runs, how much there is, and what is not as it should be",
          {kKubeconfigOption, kContextOption, kDataOutput},
          run};
}

}  // namespace plinth::cli

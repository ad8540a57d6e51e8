// render: what a definition makes of an instance, without a server.
#include <cstdio>

#include "base/json.h"
#include "base/yaml.h"
#include "cli/command.h"
#include "cli/fail.h"
#include "cli/offline/definitions.h"
#include "cli/output.h"
#include "compose/instance/explain.h"

namespace plinth::cli {
namespace {

using NodeState = compose::ExplainedNode::State;

bool is_object(const FileObject& object, std::string_view api_version, std::string_view kind, std::string_view name_space,
               std::string_view name) {
  const Value metadata = object.document["metadata"];
  return object.document["apiVersion"].as_string() == api_version && object.kind() == kind &&
         metadata["name"].as_string() == name &&
         (name_space.empty() || metadata["namespace"].as_string().empty() || metadata["namespace"].as_string() == name_space);
}

// Objects among the files stand for what a cluster has.
compose::ObservedObjects observed_in(const std::vector<FileObject>& objects, std::string name_space) {
  auto find = [&objects, name_space](const compose::Node& node, const Document& wanted) -> std::optional<Document> {
    std::string_view where = wanted["metadata"]["namespace"].as_string();
    if (where.empty() && node.kind.resource.namespaced) where = name_space;
    for (const FileObject& object : objects) {
      if (is_object(object, node.kind.resource.api_version(), node.kind.resource.kind, where,
                    wanted["metadata"]["name"].as_string()))
        return object.document;
    }
    return std::nullopt;
  };
  compose::ObservedObjects out;
  out.child = find;
  out.external = [&objects, find](const compose::Node& node, const Document& reference) {
    std::vector<Document> found;
    if (node.type == compose::NodeType::kExternal) {
      if (auto one = find(node, reference)) found.push_back(std::move(*one));
      return found;
    }
    for (const Document& object : compose::select_external(node, reference, [&] {
           std::vector<Document> all;
           for (const FileObject& o : objects) {
             if (o.document["apiVersion"].as_string() == node.kind.resource.api_version() &&
                 o.kind() == node.kind.resource.kind)
               all.push_back(o.document);
           }
           return all;
         }()))
      found.push_back(object);
    return found;
  };
  return out;
}

Document with_namespace(const Document& object, const compose::Node& node, std::string_view name_space) {
  if (!node.kind.resource.namespaced || name_space.empty() || !object["metadata"]["namespace"].as_string().empty())
    return object;
  Draft draft(object);
  draft.set(draft.member(draft.root(), "metadata"), "namespace", name_space);
  return std::move(draft).finish();
}

struct Rendering {
  std::string instance;  // "Box a"
  compose::GraphPtr graph;
  compose::Explanation explanation;
  std::string name_space;
};

std::string comment(const compose::ExplainedNode& node) {
  const char* what = node.state == NodeState::kSkipped   ? "not included"
                     : node.state == NodeState::kWaiting ? "waits"
                                                         : "failed";
  std::string out = "# " + node.id + ": " + what + ": " + node.message;
  for (std::size_t at = 0; (at = out.find('\n', at)) != std::string::npos; at += 3) out.replace(at, 1, "\n# ");
  return out + "\n";
}

std::string as_yaml(const std::vector<Rendering>& all) {
  std::string out;
  for (const Rendering& rendering : all) {
    for (const compose::ExplainedNode& node : rendering.explanation.nodes) {
      if (node.state != NodeState::kIncluded) {
        out += comment(node);
        continue;
      }
      const compose::Node& compiled = *rendering.graph->find(node.id);
      for (const Document& object : node.objects)
        out += "---\n# " + node.id + "\n" + to_yaml(with_namespace(object, compiled, rendering.name_space).root());
    }
  }
  return out;
}

std::string as_json(const std::vector<Rendering>& all) {
  Draft draft;
  draft.root() = draft.array();
  for (const Rendering& rendering : all) {
    Value row = draft.object();
    draft.set(row, "instance", rendering.instance);
    Value nodes = draft.array();
    for (const compose::ExplainedNode& node : rendering.explanation.nodes) {
      Value entry = draft.object();
      draft.set(entry, "id", node.id);
      draft.set(entry, "included", Value::of(node.state == NodeState::kIncluded));
      if (!node.message.empty()) draft.set(entry, "message", node.message);
      Value objects = draft.array();
      const compose::Node& compiled = *rendering.graph->find(node.id);
      for (const Document& object : node.objects)
        draft.push(objects, draft.clone(with_namespace(object, compiled, rendering.name_space).root()));
      draft.member(entry, "objects") = objects;
      draft.push(nodes, entry);
    }
    draft.member(row, "resources") = nodes;
    if (!rendering.explanation.status.is_null()) draft.member(row, "status") = draft.clone(rendering.explanation.status.root());
    draft.push(draft.root(), row);
  }
  return data_text(draft.root(), "json");
}

int run(const Arguments& arguments) {
  const auto format = data_format(arguments);
  if (!format.ok()) return fail(2, format.error().message());
  const auto objects = read_objects(argument(arguments, "filename"));
  if (!objects.ok()) return fail(1, objects.error().message());
  const OfflineDefinitions definitions(*objects);
  for (std::size_t i = 0; i < objects->size(); ++i) {
    const compose::BuildResult* built = definitions.result(i);
    if (built != nullptr && built->graph == nullptr)
      return fail(
          1, (*objects)[i].file + ": " + (*objects)[i].kind() + " " + (*objects)[i].name() + ": " + built->failure.message);
  }
  std::vector<Rendering> all;
  bool failed = false;
  for (const FileObject& object : *objects) {
    const compose::GraphPtr graph = definitions.graph_of(object.document);
    if (graph == nullptr) continue;
    const auto kind = definitions.find_kind(graph->api.group, graph->api.version, graph->api.kind);
    auto instance = definitions.admit(*kind, object);
    if (!instance.ok()) return fail(1, object.file + ": " + instance.error().message());
    Rendering rendering{
        object.kind() + " " + object.name(), graph, {}, std::string(object.document["metadata"]["namespace"].as_string())};
    rendering.explanation = explain_instance(*graph, *instance, observed_in(*objects, rendering.name_space), /*assume=*/true);
    for (const compose::ExplainedNode& node : rendering.explanation.nodes) failed = failed || node.state == NodeState::kFailed;
    all.push_back(std::move(rendering));
  }
  if (all.empty())
    return fail(1, "no instance is among the files; the definitions there make the kinds: " + definitions.known_kinds());
  std::fputs((*format == "json" ? as_json(all) : as_yaml(all)).c_str(), stdout);
  std::fflush(stdout);
  return failed ? fail(1, "some resources could not be made; the lines with # say why") : 0;
}

}  // namespace

Command render_command() {
  return {
      "render",
      "print what a definition makes of an instance, without a server",
      {{"-f,--filename", "FILE...",
        "definitions, instances, and what else there is (CRDs, objects that are referred to); - is standard input", "", true},
       {"-o,--output", "FORMAT", "yaml (the objects) or json (by resource)", "", false}},
      run};
}

}  // namespace plinth::cli

// explain-instance: the expressions of an instance's definition with what they give now.
#include <cstdio>

#include "base/json.h"
#include "base/text.h"
#include "cli/fail.h"
#include "cli/offline/definitions.h"
#include "cli/output.h"
#include "cli/remote/one_object.h"
#include "client/kind_forms.h"
#include "client/object_cache.h"
#include "compose/controllers/definitions.h"
#include "compose/instance/explain.h"
#include "compose/marks.h"
#include "compose/rollout/rollout.h"
#include "world_real/real_clock.h"

namespace plinth::cli {
namespace {

using State = compose::EvaluatedExpression::State;

client::Object object_of(const client::Resource& resource, const Document& document) {
  const Value metadata = document["metadata"];
  client::Object object;
  object.resource = resource;
  object.name_space = metadata["namespace"].as_string();
  object.name = metadata["name"].as_string();
  object.uid = metadata["uid"].as_string();
  object.revision = parse_integer<std::uint64_t>(metadata["resourceVersion"].as_string()).value_or(0);
  object.document = document;
  return object;
}

// What composition itself is made of, as its controllers see it.
class CompositionCache {
 public:
  static Result<std::unique_ptr<CompositionCache>> load(ApiClient& api, const ServedKinds& kinds) {
    auto out = std::make_unique<CompositionCache>(api, kinds);
    for (const char* name : {"customresourcedefinitions.apiextensions.k8s.io", "resourcegraphdefinitions.kro.run",
                             "resourcegroups.kro.run", "graphrevisions.internal.kro.run", "definitionsettings.plinth.dev"}) {
      const auto kind = kinds.find(name);
      if (!kind.ok()) continue;
      const Document list = TRY(api.get(client::object_path(kind->resource, "", "")));
      std::vector<client::Object> objects;
      for (const Value& item : list["items"].items()) objects.push_back(object_of(kind->resource, list.at(item)));
      out->cache_.add_kind(kind->resource);
      (void)out->cache_.replace(kind->resource, std::move(objects), 1);
    }
    return out;
  }

  CompositionCache(ApiClient& api, const ServedKinds& kinds)
      : api_(api),
        kinds_(kinds),
        cache_({[this](std::string_view group, std::string_view version, std::string_view kind) {
                  return find_kind(group, version, kind);
                },
                nullptr}) {}
  std::shared_ptr<const client::View> view() const { return cache_.view(); }

 private:
  std::optional<client::KindForm> find_kind(std::string_view group, std::string_view version, std::string_view kind) const {
    if (auto form = client::builtin_kind_form(group, version, kind)) return form;
    const std::string api_version = group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
    const auto served = kinds_.find(api_version, kind);
    if (!served.ok()) return std::nullopt;
    const auto now = cache_.view();
    if (const auto crds = now->find_resource("apiextensions.k8s.io", "customresourcedefinitions")) {
      if (const auto crd = now->get(*crds, "", served->resource.plural + "." + std::string(group)))
        return client::custom_kind_form(crd->document, version);
    }
    const auto document = api_.get("/openapi/v3/" + std::string(group.empty() ? "api/" : "apis/") + api_version);
    return document.ok() ? client::openapi_kind_form(*document, served->resource) : std::nullopt;
  }

  ApiClient& api_;
  const ServedKinds& kinds_;
  client::ObjectCache cache_;
};

struct Compiled {
  compose::GraphPtr graph;
  std::int64_t revision = 0;
  std::string definition;  // in words
};

// The graph that the controllers make the instance by.
Result<Compiled> compile(const client::View& view, const client::Object& instance) {
  compose::Definitions definitions(compose::definition_environment(std::make_shared<world_real::RealEntropy>()));
  definitions.load(view);
  const std::string crd = instance.resource.plural + "." + instance.resource.group;
  const auto key = definitions.owner_of_kind(crd);
  if (!key)
    return bad_request(instance.resource.kind +
                       " is not a kind that a definition makes; plinth tree shows what belongs to an object");
  const auto definition = get_definition(view, *key);
  if (!definition)
    return Error(Reason::kNotFound, key->shown() + ", which makes " + instance.resource.kind + ", does not exist any more");
  Compiled out;
  out.definition = key->shown();
  out.revision = compose::assigned_revision(instance, definitions.settings_of(*key),
                                            (*definition)["status"]["lastIssuedRevision"].as_int())
                     .revision;
  const auto revision = get_revision(view, *key, out.revision);
  if (!revision) return Error(Reason::kNotFound, out.definition + " has no revision that was accepted; its conditions say why");
  const Document spec = revision->document.get().at((*revision)["spec"]["snapshot"]["spec"]);
  const std::string hash(revision->metadata()["labels"][compose::kRevisionHashLabel].as_string());
  const compose::BuildResult& built = definitions.graph(view, owner_of(*key, *definition), spec, hash);
  if (built.graph == nullptr)
    return bad_request(out.definition + ": revision " + std::to_string(out.revision) + ": " + built.failure.message);
  out.graph = built.graph;
  return out;
}

compose::ObservedObjects observed_by(ApiClient& api, const std::string& name_space) {
  const auto where = [name_space](const compose::Node& node, const Document& object) {
    const std::string_view given = object["metadata"]["namespace"].as_string();
    return !node.kind.resource.namespaced ? std::string() : given.empty() ? name_space : std::string(given);
  };
  compose::ObservedObjects out;
  out.child = [&api, where](const compose::Node& node, const Document& rendered) -> std::optional<Document> {
    auto found =
        api.get(client::object_path(node.kind.resource, where(node, rendered), rendered["metadata"]["name"].as_string()));
    return found.ok() ? std::optional(std::move(*found)) : std::nullopt;
  };
  out.external = [&api, where, child = out.child](const compose::Node& node, const Document& reference) {
    std::vector<Document> found;
    if (node.type == compose::NodeType::kExternal) {
      if (auto one = child(node, reference)) found.push_back(std::move(*one));
      return found;
    }
    const auto list = api.get(client::object_path(node.kind.resource, reference["metadata"]["namespace"].as_string(), ""));
    if (!list.ok()) return found;
    for (const Value& item : (*list)["items"].items()) found.push_back(list->at(item));
    return select_external(node, reference, found);
  };
  return out;
}

std::string shown_value(const compose::EvaluatedExpression& row) {
  if (row.state == State::kValue) return row.text;
  if (row.state == State::kOmitted) return "(left out)";
  return (row.state == State::kWaiting ? "waits: " : "failed: ") + row.text.substr(0, row.text.find('\n'));
}

constexpr std::size_t kExpressionShown = 100;  // bytes of it

void print_text(const compose::Explanation& explanation) {
  TextTable table({"NODE", "PATH", "EXPRESSION", "VALUE"});
  for (const compose::EvaluatedExpression& row : explanation.expressions)
    table.add({row.node.empty() ? "-" : row.node, row.path, one_line(row.expression, kExpressionShown), shown_value(row)});
  std::fputs(table.text().c_str(), stdout);
  for (const compose::ExplainedNode& node : explanation.nodes) {
    if (node.state == compose::ExplainedNode::State::kIncluded) continue;
    const bool skipped = node.state == compose::ExplainedNode::State::kSkipped;
    std::printf("%s %s: %s\n", node.id.c_str(), skipped ? "is not included" : "is not there", node.message.c_str());
  }
}

Value as_value(const compose::Explanation& explanation, const Compiled& compiled, Draft& draft) {
  Value out = draft.object();
  draft.set(out, "definition", compiled.definition);
  draft.set(out, "revision", Value::of(compiled.revision));
  Value rows = draft.array();
  for (const compose::EvaluatedExpression& row : explanation.expressions) {
    Value entry = draft.object();
    if (!row.node.empty()) draft.set(entry, "node", row.node);
    draft.set(entry, "path", row.path);
    draft.set(entry, "expression", row.expression);
    draft.set(entry, "state", state_text(row.state));
    if (row.state == State::kValue) {
      if (auto value = parse_json(row.text); value.ok()) draft.member(entry, "value") = draft.clone(value->root());
    } else if (!row.text.empty()) {
      draft.set(entry, "message", row.text);
    }
    draft.push(rows, entry);
  }
  draft.member(out, "expressions") = rows;
  return out;
}

int run(const Arguments& arguments) {
  int status = 0;
  const auto what = open_object(arguments, "explain-instance", "explain", status);
  if (!what) return status;
  ApiClient& api = *what->api;
  const client::Resource& resource = what->resource;
  const auto instance = api.get(client::object_path(resource, what->name_space, what->name));
  if (!instance.ok()) return fail(1, instance.error().message());
  const auto cache = CompositionCache::load(api, what->kinds);
  if (!cache.ok()) return fail(1, cache.error().message());
  const auto compiled = compile(*(*cache)->view(), object_of(resource, *instance));
  if (!compiled.ok()) return fail(1, compiled.error().message());
  const auto explanation = explain_instance(*compiled->graph, *instance, observed_by(api, what->name_space), /*assume=*/false);
  if (what->format.empty()) {
    print_text(explanation);
  } else {
    Draft draft;
    draft.root() = as_value(explanation, *compiled, draft);
    std::fputs(data_text(draft.root(), what->format).c_str(), stdout);
  }
  return 0;
}

}  // namespace

Command explain_instance_command() {
  return {"explain-instance",
          "print the expressions of an instance's definition with what they give now: plinth explain-instance KIND NAME",
          {{"kind", "KIND", "kind of the instance, or KIND/NAME", "", true},
           {"name", "NAME", "the instance", "", false},
           kKubeconfigOption,
           kContextOption,
           kNamespaceOption,
           kDataOutput},
          run};
}

}  // namespace plinth::cli

#include "client/remote_kinds.h"

#include <algorithm>

#include "base/json.h"
#include "client/kind_forms.h"

namespace plinth::client {
namespace {

constexpr std::string_view kDefinitionsGroup = "apiextensions.k8s.io", kDefinitions = "customresourcedefinitions";

// The same objects under another name: one of them is followed.
bool is_alias(const Resource& resource) { return resource.is("events.k8s.io", "events") || resource.group == "extensions"; }

bool has_verb(const Value& resource, std::string_view verb) {
  const auto verbs = resource["verbs"].items();
  return std::any_of(verbs.begin(), verbs.end(), [&](const Value& v) { return v.as_string() == verb; });
}

std::optional<Object> definition_of(const View& view, const Resource& resource) {
  const auto definitions = view.find_resource(kDefinitionsGroup, kDefinitions);
  return definitions ? view.get(*definitions, "", resource.plural + "." + resource.group) : std::nullopt;
}

std::string document_name(const Resource& resource) {
  return (resource.group.empty() ? "api/" : "apis/") + resource.api_version();
}

bool is_true(const Value& conditions, std::string_view type) {
  for (const Value& c : conditions.items()) {
    if (c["type"].as_string() == type) return c["status"].as_string() == "True";
  }
  return false;
}

}  // namespace

std::vector<Resource> watchable(const Value& discovery) {
  std::vector<Resource> out;
  for (const Value& group : discovery["items"].items()) {
    for (const Value& version : group["versions"].items()) {
      for (const Value& r : version["resources"].items()) {
        Resource resource;
        resource.group = group["metadata"]["name"].as_string();
        resource.version = version["version"].as_string();
        resource.plural = r["resource"].as_string();
        resource.kind = r["responseKind"]["kind"].as_string();
        resource.namespaced = r["scope"].as_string() == "Namespaced";
        if (has_verb(r, "list") && has_verb(r, "watch") && !is_alias(resource)) out.push_back(std::move(resource));
      }
    }
  }
  return out;
}

std::vector<Resource> followable(const Value& discovery) {
  std::vector<Resource> out;
  std::set<Resource> seen;
  for (Resource& resource : watchable(discovery)) {
    if (seen.insert(resource).second) out.push_back(std::move(resource));
  }
  return out;
}

std::optional<Resource> resource_of_definition(const Object& crd) {
  if (crd.deleting() || !is_true(crd["status"]["conditions"], "Established")) return std::nullopt;
  const Value spec = crd["spec"];
  const Value* served = nullptr;
  for (const Value& v : spec["versions"].items()) {
    if (!v["served"].as_bool()) continue;
    if (served != nullptr) return std::nullopt;
    served = &v;
  }
  if (served == nullptr) return std::nullopt;
  return Resource{std::string(spec["group"].as_string()), std::string((*served)["name"].as_string()),
                  std::string(spec["names"]["plural"].as_string()), std::string(spec["names"]["kind"].as_string()),
                  spec["scope"].as_string() != "Cluster"};
}

bool is_aggregated(const View& view, const Resource& resource) {
  const auto services = view.find_resource("apiregistration.k8s.io", "apiservices");
  if (!services) return false;
  const auto service = view.get(*services, "", resource.version + "." + resource.group);
  return service && (*service)["spec"]["service"].is_object();
}

void RemoteKinds::set_served(const std::vector<Resource>& served) {
  served_.clear();
  for (const Resource& resource : served) add_served(resource);
}

void RemoteKinds::add_served(const Resource& resource) {
  served_.insert_or_assign(Name(resource.group, resource.version, resource.kind), resource);
}

std::optional<KindForm> RemoteKinds::find(const View& view, std::string_view group, std::string_view version,
                                          std::string_view kind) {
  const auto found = served_.find(Name(group, version, kind));
  if (found == served_.end()) return std::nullopt;
  if (auto form = builtin_kind_form(group, version, kind)) return form;
  if (auto form = find_custom(view, found->second)) return form;
  return find_published(found->second);
}

std::optional<KindForm> RemoteKinds::find_custom(const View& view, const Resource& resource) {
  const auto crd = definition_of(view, resource);
  if (!crd) return std::nullopt;
  Compiled& compiled = custom_[Name(resource.group, resource.version, resource.kind)];
  if (compiled.revision == crd->revision) return compiled.form;
  compiled.revision = crd->revision;
  auto form = custom_kind_form(crd->document, resource.version);
  // Most changes of a CRD are of its status: who holds the schema keeps it.
  if (!form || !compiled.form || compiled.form->stamp != form->stamp) compiled.form = std::move(form);
  return compiled.form;
}

std::optional<KindForm> RemoteKinds::find_published(const Resource& resource) {
  const auto document = documents_.find(document_name(resource));
  if (document == documents_.end()) return std::nullopt;
  const auto [form, added] = published_.try_emplace(Name(resource.group, resource.version, resource.kind), std::nullopt);
  if (added) form->second = openapi_kind_form(document->second.document, resource);
  return form->second;
}

std::set<std::string> RemoteKinds::undescribed(const View& view) const {
  std::set<std::string> out;
  for (const auto& [name, resource] : served_) {
    if (builtin_kind_form(resource.group, resource.version, resource.kind)) continue;
    if (!definition_of(view, resource)) out.insert(document_name(resource));
  }
  return out;
}

void RemoteKinds::refresh(const View& view, UniqueFunction<void(Result<void>)> done) {
  std::set<std::string> wanted = undescribed(view);
  if (wanted.empty()) {
    documents_.clear();
    published_.clear();
    return done({});
  }
  server_->get("/openapi/v3", "application/json",
               [this, alive = alive_, wanted = std::move(wanted), done = std::move(done)](Result<Response> response) mutable {
                 if (!*alive) return;
                 if (!response.ok()) return done(std::move(response).error());
                 if (auto checked = check_response(*response); !checked.ok()) return done(std::move(checked));
                 auto index = parse_json(response->body);
                 if (!index.ok()) return done(std::move(index).error());
                 take_index(*index, wanted, std::move(done));
               });
}

void RemoteKinds::take_index(const Document& index, const std::set<std::string>& wanted,
                             UniqueFunction<void(Result<void>)> done) {
  auto left = std::make_shared<std::vector<std::pair<std::string, std::string>>>();
  for (const std::string& name : wanted) {
    const std::string url(index["paths"][name]["serverRelativeURL"].as_string());
    const auto known = documents_.find(name);
    if (!url.empty() && (known == documents_.end() || known->second.url != url)) left->emplace_back(name, url);
  }
  fetch_next(left, std::make_shared<UniqueFunction<void(Result<void>)>>(std::move(done)), std::make_shared<Result<void>>());
}

void RemoteKinds::fetch_next(std::shared_ptr<std::vector<std::pair<std::string, std::string>>> left,
                             std::shared_ptr<UniqueFunction<void(Result<void>)>> done, std::shared_ptr<Result<void>> outcome) {
  if (left->empty()) return (*done)(std::move(*outcome));
  const auto [name, url] = left->back();
  left->pop_back();
  server_->get(url, "application/json",
               [this, alive = alive_, left, done, outcome, name = name, url = url](Result<Response> response) {
                 if (!*alive) return;
                 auto checked = response.ok() ? check_response(*response) : Result<void>(std::move(response).error());
                 if (checked.ok()) {
                   auto document = parse_json(response->body);
                   if (document.ok()) {
                     documents_[name] = {url, std::move(*document)};
                     published_.clear();
                   } else {
                     checked = std::move(document).error();
                   }
                 }
                 if (!checked.ok()) *outcome = std::move(checked);
                 fetch_next(left, done, outcome);
               });
}

}  // namespace plinth::client

#include "sim/workload.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/json.h"
#include "base/text.h"

namespace plinth::sim {
namespace {

constexpr std::string_view kHold = "example.com/hold";
constexpr const char* kDefinitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
constexpr const char* kDefinition =
    R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},)"
    R"("spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","singular":"widget","kind":"Widget",)"
    R"("listKind":"WidgetList"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":)"
    R"({"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}})";

std::string config_maps(const std::string& name_space) { return "/api/v1/namespaces/" + name_space + "/configmaps"; }
std::string config_map_key(const std::string& name_space, const std::string& name) {
  return "/core/configmaps/" + name_space + "/" + name;
}

}  // namespace

std::string Workload::some_namespace() {
  constexpr const char* kNames[] = {"default", "default", "n0", "n1"};
  return kNames[random_.below(4)];
}

std::string Workload::some_metadata() {
  std::string out;
  if (random_.below(2) == 0) out += R"(,"labels":{"app":")" + std::string(random_.coin() ? "x" : "y") + "\"}";
  if (random_.below(6) == 0) out += R"(,"finalizers":[")" + std::string(kHold) + "\"]";
  if (random_.below(3) == 0) {
    // Of something that there is, or was.
    const auto& all = history_.state();
    std::vector<std::pair<std::string, std::string>> owners;
    for (auto at = all.lower_bound("/core/configmaps/default/"); at != all.end() && at->first < "/core/configmaps/default0";
         ++at) {
      owners.emplace_back(at->first.substr(at->first.rfind('/') + 1), at->second.uid);
    }
    if (!owners.empty()) {
      const auto& [name, uid] = owners[random_.below(owners.size())];
      out += R"(,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":")" + name + R"(","uid":")" + uid + "\"" +
             (random_.coin() ? R"(,"blockOwnerDeletion":true)" : "") + "}]";
    }
  }
  return out;
}

void Workload::step() {
  const std::uint64_t choice = random_.below(100);
  if (choice < 50)
    write_config_map();
  else if (choice < 66)
    remove_something();
  else if (choice < 73)
    change_namespace();
  else if (choice < 78)
    change_definition();
  else if (choice < 88)
    write_other();
  else
    read();
}

void Workload::write_config_map() {
  const std::string in = some_namespace(), name = some_name(), value = new_value();
  Operation operation;
  operation.value = value;
  operation.key = config_map_key(in, name);
  operation.dry_run = random_.below(20) == 0;
  const std::string dry = operation.dry_run ? "?dryRun=All" : "";
  const auto known = history_.state().find(operation.key);
  const std::uint64_t how = known == history_.state().end() ? random_.below(4) : random_.below(10);
  const std::string head = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + "\"";
  operation.target = config_maps(in) + "/" + name + dry;
  if (how < 2) {
    operation.method = "POST";
    operation.target = config_maps(in) + dry;
    send(std::move(operation), head + some_metadata() + "}," + data(value) + "}");
  } else if (how == 2) {
    operation.method = "POST";
    operation.key.clear();
    operation.target = config_maps(in) + dry;
    send(std::move(operation), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"g-")" + some_metadata() +
                                   "}," + data(value) + "}");
  } else if (how == 3) {
    operation.method = "PATCH";
    operation.target = config_maps(in) + "/" + name + "?fieldManager=m" + std::to_string(random_.below(2)) +
                       (random_.coin() ? "&force=true" : "");
    operation.dry_run = false;
    send(std::move(operation), head + "}," + data(value) + "}", "application/apply-patch+yaml");
  } else if (how < 7) {
    operation.method = "PUT";
    const std::string condition =
        random_.coin() ? R"(,"resourceVersion":")" + std::to_string(known->second.revision) + "\"" : "";
    send(std::move(operation), head + condition + some_metadata() + "}," + data(value) + "}");
  } else if (how < 9) {
    operation.method = "PATCH";
    const std::string labels =
        random_.coin() ? R"("metadata":{"labels":{"app":")" + std::string(random_.coin() ? "x" : "y") + "\"}}," : "";
    send(std::move(operation), "{" + labels + data(value) + "}", "application/merge-patch+json");
  } else {
    operation.method = "PATCH";
    send(std::move(operation), R"([{"op":"replace","path":"/data/v","value":")" + value + "\"}]",
         "application/json-patch+json");
  }
}

void Workload::remove_something() {
  const std::string in = some_namespace(), name = some_name();
  constexpr const char* kPolicies[] = {"Background", "Background", "Foreground", "Orphan"};
  const std::string options =
      R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":")" + std::string(kPolicies[random_.below(4)]) + "\"}";
  const std::uint64_t what = random_.below(10);
  Operation operation;
  operation.method = "DELETE";
  if (what == 0) {
    operation.target = config_maps(in) + (random_.coin() ? "?labelSelector=app%3Dx" : "");
    return send(std::move(operation), options);
  }
  operation.key = config_map_key(in, name);
  operation.target = config_maps(in) + "/" + name;
  if (what < 7) return send(std::move(operation), options);
  operation.method = "PATCH";
  send(std::move(operation), R"({"metadata":{"finalizers":null}})", "application/merge-patch+json");
}

void Workload::change_namespace() {
  const std::string name = random_.coin() ? "n0" : "n1";
  Operation operation;
  operation.key = "/core/namespaces//" + name;
  if (random_.below(3) != 0) {
    operation.method = "POST";
    operation.target = "/api/v1/namespaces";
    return send(std::move(operation), R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + name + "\"}}");
  }
  operation.method = "DELETE";
  operation.target = "/api/v1/namespaces/" + name;
  send(std::move(operation), "");
}

void Workload::change_definition() {
  Operation operation;
  operation.key = "/apiextensions.k8s.io/customresourcedefinitions//widgets.example.com";
  if (random_.below(3) != 0) {
    operation.method = "POST";
    operation.target = kDefinitions;
    return send(std::move(operation), kDefinition);
  }
  operation.method = "DELETE";
  operation.target = std::string(kDefinitions) + "/widgets.example.com";
  send(std::move(operation), "");
}

void Workload::write_other() {
  const std::string in = some_namespace(), name = some_name();
  Operation operation;
  operation.method = "POST";
  const std::uint64_t kind = random_.below(4);
  if (kind == 0) {
    operation.value = new_value();
    operation.key = "/core/secrets/" + in + "/" + name;
    operation.target = "/api/v1/namespaces/" + in + "/secrets";
    // The value is sealed on disk and base64 on the wire: it is not looked for.
    operation.value.clear();
    return send(std::move(operation),
                R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":")" + name + R"("},"data":{"s":"c2VjcmV0"}})");
  }
  if (kind == 1) {
    operation.key = "/core/pods/" + in + "/" + name;
    operation.target = "/api/v1/namespaces/" + in + "/pods";
    if (random_.coin()) {
      return send(std::move(operation), R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name +
                                            R"("},"spec":{"containers":[{"name":"c","image":"i"}]}})");
    }
    operation.method = "DELETE";
    operation.target += "/" + name;
    return send(std::move(operation), "");
  }
  operation.key = "/example.com/widgets/" + in + "/" + name;
  operation.target = "/apis/example.com/v1/namespaces/" + in + "/widgets";
  if (kind == 2) {
    return send(std::move(operation), R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":")" + name + "\"" +
                                          some_metadata() + R"(},"spec":{"size":)" + std::to_string(random_.below(100)) + "}}");
  }
  operation.method = random_.coin() ? "DELETE" : "PATCH";
  operation.target += "/" + name;
  send(std::move(operation), operation.method == "PATCH" ? R"({"metadata":{"finalizers":null}})" : "");
}

void Workload::read() {
  const std::string in = some_namespace(), name = some_name();
  Operation operation;
  operation.method = "GET";
  if (random_.coin()) {
    operation.key = config_map_key(in, name);
    operation.target = config_maps(in) + "/" + name;
  } else {
    operation.target = random_.coin() ? config_maps(in) : "/api/v1/configmaps";
  }
  send(std::move(operation), "");
}

void Workload::send(Operation operation, const std::string& body, const std::string& content_type) {
  const std::uint64_t id = ++operations_;
  if (!operation.value.empty()) values_written_[operation.value] = operation.key;
  if (operation.dry_run) refused_.insert(operation.value);
  const std::string method = operation.method, target = operation.target;
  under_way_.emplace(id, std::move(operation));
  platform_.send(method, target, body, content_type, [this, id, life = life_](server::LocalAnswer answer) {
    if (life == life_) take_answer(id, answer);
  });
}

void Workload::take_answer(std::uint64_t id, const server::LocalAnswer& answer) {
  const auto found = under_way_.find(id);
  if (found == under_way_.end()) return;
  const Operation operation = std::move(found->second);
  under_way_.erase(found);
  for (char c : answer.body) transcript_ = (transcript_ ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  transcript_ += static_cast<std::uint64_t>(answer.status);
  if (answer.status >= 300) {
    // Refused, or the disk is full: nothing of it happened. Anything else leaves it open.
    const bool refused = (answer.status >= 400 && answer.status < 500) || answer.status == 507;
    if (refused && !operation.value.empty()) refused_.insert(operation.value);
    if (!refused) uncertain_.push_back(operation);
    return;
  }
  auto document = parse_json(answer.body);
  if (!document.ok()) {
    told_.push_back({"an answer that is not JSON", operation.key, 1, 0});
    return;
  }
  if (operation.dry_run) return;
  ++acknowledged_;
  const Value metadata = (*document)["metadata"];
  if (document->root().find("items") != nullptr) return take_list(operation, document->root());
  std::string key = operation.key;
  if (key.empty())
    key = config_map_key(std::string(metadata["namespace"].as_string()), std::string(metadata["name"].as_string()));
  if (operation.method == "DELETE") {
    const bool status = (*document)["kind"].as_string() == "Status";
    const std::string uid(status ? (*document)["details"]["uid"].as_string() : metadata["uid"].as_string());
    if (!operation.key.empty()) gone_.push_back({key, uid});
    return;
  }
  const auto revision = parse_integer<store::Revision>(metadata["resourceVersion"].as_string()).value_or(0);
  history_.told(revision);
  told_.push_back({operation.method + " " + operation.target, key, revision, digest_of(document->root())});
}

void Workload::take_list(const Operation& operation, const Value& list) {
  if (operation.method != "GET") return;
  ToldList told;
  const auto path = cut(operation.target, "/namespaces/").second;
  told.prefix = "/core/configmaps/";
  if (path) told.prefix += std::string(path->substr(0, path->find('/'))) + "/";
  told.revision = parse_integer<store::Revision>(list["metadata"]["resourceVersion"].as_string()).value_or(0);
  history_.told(told.revision);
  for (const Value& item : list["items"].items()) {
    const Value metadata = item["metadata"];
    told.items[config_map_key(std::string(metadata["namespace"].as_string()), std::string(metadata["name"].as_string()))] =
        parse_integer<store::Revision>(metadata["resourceVersion"].as_string()).value_or(0);
  }
  lists_.push_back(std::move(told));
}

void Workload::lost_connection() {
  ++life_;
  for (auto& [id, operation] : under_way_) uncertain_.push_back(std::move(operation));
  under_way_.clear();
}

std::string Workload::check() {
  for (const Told& told : told_) {
    if (told.revision <= history_.base()) {
      const auto now = history_.state().find(told.key);
      if (now != history_.state().end() && now->second.revision < told.revision) {
        return fmt::format("{} was answered with revision {}, but {} is at {}", told.what, told.revision, told.key,
                           now->second.revision);
      }
      continue;
    }
    const auto event = history_.events().find(told.revision);
    if (event == history_.events().end())
      return fmt::format("{} was answered with revision {}, which never was", told.what, told.revision);
    if (event->second.key != told.key)
      return fmt::format("{} was answered with revision {}, which is of {}", told.what, told.revision, event->second.key);
    if (event->second.state.digest != 0 && event->second.state.digest != told.digest) {
      return fmt::format("{} was answered with another content than {} has at {}", told.what, told.key, told.revision);
    }
  }
  told_.clear();
  for (const ToldGone& gone : gone_) {
    const auto now = history_.state().find(gone.key);
    if (now != history_.state().end() && now->second.uid == gone.uid && !gone.uid.empty() && !now->second.deleting) {
      return fmt::format("the deletion of {} was answered, but it is there", gone.key);
    }
  }
  gone_.clear();
  for (const ToldList& list : lists_) {
    if (list.revision < history_.base()) continue;
    std::map<std::string, store::Revision> expected;
    for (const auto& [key, state] : history_.state_at(list.revision)) {
      if (key.compare(0, list.prefix.size(), list.prefix) == 0) expected[key] = state.revision;
    }
    if (expected != list.items)
      return fmt::format("a list of {} at {} shows another state than that", list.prefix, list.revision);
  }
  lists_.clear();
  // Only what was asked for is there, and nothing that was refused.
  for (auto at = history_.events().upper_bound(checked_); at != history_.events().end(); ++at) {
    const HistoryEvent& event = at->second;
    if (event.deleted || event.key.compare(0, 17, "/core/configmaps/") != 0 || event.state.value.empty()) continue;
    const auto written = values_written_.find(event.state.value);
    if (written == values_written_.end()) return fmt::format("{} at {} has a content that nobody wrote", event.key, at->first);
    if (!written->second.empty() && written->second != event.key)
      return fmt::format("{} at {} has the content of {}", event.key, at->first, written->second);
    if (refused_.count(event.state.value) > 0)
      return fmt::format("{} at {} has a content that was refused", event.key, at->first);
  }
  checked_ = history_.last();
  return "";
}

// Only the very last group can have become durable without being seen, so what changed unseen is of what was under way.
std::string Workload::check_gap(const History& history) {
  if (!history.gap()) {
    uncertain_.clear();
    return "";
  }
  auto may_have_changed = [&](const std::string& key, const State& state) {
    if (state.deleting || state.owned) return true;  // controllers act on these
    for (const Operation& operation : uncertain_) {
      if (operation.key == key || operation.key.empty()) return true;
    }
    // What controllers keep up, and what goes with a namespace or a definition.
    return key.compare(0, 17, "/core/configmaps/") != 0 || key.find("/kube-root-ca.crt") != std::string::npos;
  };
  for (const auto& [key, before] : history.state_before_gap()) {
    const auto now = history.state().find(key);
    const bool same = now != history.state().end() && now->second.revision == before.revision;
    if (same && now->second.digest != before.digest)
      return fmt::format("{} at {} has another content after a restart", key, before.revision);
    if (now != history.state().end() && now->second.revision < before.revision) {
      return fmt::format("{} went back from {} to {}", key, before.revision, now->second.revision);
    }
    if (same || may_have_changed(key, before)) continue;
    const std::string in = "/core/namespaces//" + key.substr(17, key.find('/', 17) - 17);
    const auto name_space = history.state_before_gap().find(in);
    if (name_space == history.state_before_gap().end() || name_space->second.deleting) continue;
    return fmt::format("{} at {} {} over a restart", key, before.revision,
                       now == history.state().end() ? "is lost" : "changed");
  }
  uncertain_.clear();
  return "";
}

void Workload::release_finalizers() {
  for (const char* kind : {"/api/v1/configmaps", "/apis/example.com/v1/widgets"}) {
    const auto answer = platform_.call("GET", kind);
    auto list = parse_json(answer.body);
    if (answer.status != 200 || !list.ok()) continue;
    const std::string plural = std::string(kind).substr(std::string(kind).rfind('/'));
    for (const Value& item : (*list)["items"].items()) {
      const Value metadata = item["metadata"];
      bool held = false;
      for (const Value& f : metadata["finalizers"].items()) held = held || f.as_string() == kHold;
      if (!held) continue;
      const std::string base = std::string(kind).substr(0, std::string(kind).rfind('/'));
      platform_.call("PATCH",
                     base + "/namespaces/" + std::string(metadata["namespace"].as_string()) + plural + "/" +
                         std::string(metadata["name"].as_string()),
                     R"({"metadata":{"finalizers":null}})", "application/merge-patch+json");
    }
  }
}

}  // namespace plinth::sim

// Apply and update histories, compared step by step with upstream's field manager.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "api/apply.h"
#include "api/decode.h"
#include "api/go_dump.h"
#include "api/kind.h"
#include "api/testing/generator.h"
#include "api/testing/oracle.h"
#include "base/json.h"

using namespace plinth;
using namespace plinth::api;
using namespace plinth::api::testing;

namespace {

struct Kind {
  std::string_view api_version, kind, type;
};
constexpr Kind kKinds[] = {
    {"apps/v1", "Deployment", "apps.v1.Deployment"},
    {"v1", "Pod", "core.v1.Pod"},
    {"v1", "Service", "core.v1.Service"},
    {"v1", "ConfigMap", "core.v1.ConfigMap"},
    {"apps/v1", "StatefulSet", "apps.v1.StatefulSet"},
    {"networking.k8s.io/v1", "Ingress", "networking.v1.Ingress"},
    {"v1", "Node", "core.v1.Node"},
    {"batch/v1", "CronJob", "batch.v1.CronJob"},
    {"autoscaling/v2", "HorizontalPodAutoscaler", "autoscaling.v2.HorizontalPodAutoscaler"},
    {"v1", "PersistentVolume", "core.v1.PersistentVolume"},
    {"rbac.authorization.k8s.io/v1", "ClusterRole", "rbac.v1.ClusterRole"},
};
constexpr std::string_view kManagers[] = {"alice", "bob", "kubectl", "<carol>"};

Document canonical(const Value& object, const Kind& kind) {
  Draft draft;
  draft.root() = draft.clone(object);
  const Schema* schema = builtin_type(kind.type);
  auto warnings = decode(draft, {schema, kind.kind, kind.api_version}, FieldValidation::kIgnore);
  if (!warnings.ok()) MESSAGE(warnings.error().message());
  REQUIRE(warnings.ok());
  return std::move(draft).finish();
}

// Without what is empty: Go prints empty structs and zeros that nobody set.
Value dense(const Value& v, Draft& draft) {
  if (v.is_array()) {
    Value out = draft.array(v.size());
    for (const Value& item : v.items()) draft.push(out, dense(item, draft));
    return out.size() > 0 ? out : Value();
  }
  bool zero = (v.is_string() && (v.as_string().empty() || v.as_string() == "0")) || (v.is_int() && v.as_int() == 0) ||
              (v.is_bool() && !v.as_bool());
  if (!v.is_object()) return zero ? Value() : v;
  Value out = draft.object(v.size());
  for (const Member& m : v.members()) {
    if (Value kept = dense(m.value, draft); !kept.is_null()) draft.set(out, m.key(), kept);
  }
  return out.size() > 0 ? out : Value();
}

std::string dense_text(const Document& object) {
  Draft draft(object);
  return go_plain(dense(object.root(), draft));
}

// The managers as the oracle prints them.
std::string managers_text(const ManagedFields& managers) {
  std::string out;
  for (const ManagedEntry& e : managers.entries()) {
    out += fmt::format("{} {} {} [{}] timed={} {}\n", e.operation == ManagedOperation::kApply ? "Apply" : "Update", e.manager,
                       e.api_version, e.subresource, e.time_s.has_value(), e.fields.to_json());
  }
  return out;
}

std::string managers_text(const Value& managers) {
  std::string out;
  for (const Value& e : managers.items()) {
    out +=
        fmt::format("{} {} {} [{}] timed={} {}\n", e["operation"].as_string(), e["manager"].as_string(),
                    e["apiVersion"].as_string(), e["subresource"].as_string(), e["timed"].as_bool(), e["fields"].as_string());
  }
  return out;
}

// Entries of equal time sort by name in both; the oracle's clock moves within a run and ours does not, so lines are compared as
// sets.
std::string sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, "\n"));
}

class History {
 public:
  History(Oracle& oracle, const Kind& kind, std::uint64_t seed)
      : oracle_(oracle), kind_(kind), random_(seed), schema_(*builtin_type(kind.type)) {}

  void step() {
    bool applies = random_.chance(60);
    Draft request;
    GeneratorOptions options;
    options.nulls = applies && random_.chance(30);
    options.field_percent = 15 + static_cast<unsigned>(random_.below(30));
    Generator generator(random_, request, options);
    Value object = make_object(generator, request, applies);
    std::string_view subresource = random_.chance(15) ? "status" : "";
    bool force = random_.chance(40);
    std::string_view manager = random_.pick(std::span<const std::string_view>(kManagers));
    Value& root = request.root();
    request.set(root, "op", applies ? "apply" : "update");
    request.set(root, "apiVersion", kind_.api_version);
    request.set(root, "kind", kind_.kind);
    if (!live_.is_null()) request.set(root, "live", live_with_managers(request));
    request.set(root, "object", object);
    request.set(root, "manager", manager);
    request.set(root, "subresource", subresource);
    request.set(root, "force", Value::of(force));
    Value& reset = request.member(root, "reset");
    request.push(request.push(reset), request.text(subresource.empty() ? "status" : "spec"));
    Document asked = std::move(request).finish();
    CAPTURE(to_json(asked.root()));
    Document answer = oracle_.ask(asked.root());
    FieldFilter filter = FieldFilter::without({{subresource.empty() ? "status" : "spec"}});
    OwnershipScope scope{&schema_, kind_.api_version, kind_.kind, subresource, &filter, nullptr, 1700000000};
    if (applies)
      check_apply(scope, asked, answer);
    else
      check_update(scope, asked, answer);
  }

 private:
  Value make_object(Generator& generator, Draft& draft, bool applies) {
    TypeRef type = object_type(schema_);
    Value fresh = generator.object(type, kind_.api_version, kind_.kind);
    if (live_.is_null() || random_.chance(30)) {
      draft.member_path(fresh, {"metadata", "uid"});
      draft.remove(fresh["metadata"].is_object() ? draft.member(fresh, "metadata") : fresh, "uid");
      return fresh;
    }
    if (applies && !last_config_.is_null() && random_.chance(60)) return generator.variant(type, draft.adopt(last_config_));
    return generator.variant(type, draft.adopt(live_));
  }

  Value live_with_managers(Draft& draft) {
    Value live = draft.adopt(live_);
    Value managers = draft.adopt(live_entries_);
    draft.member_path(live, {"metadata", "managedFields"}) = managers;
    return live;
  }

  void check_apply(const OwnershipScope& scope, const Document& asked, const Document& answer) {
    ApplyInput input;
    input.scope = scope;
    input.live = live_;
    input.live_managers = &managers_;
    input.config = asked.at(asked["object"]);
    input.manager = asked["manager"].as_string();
    input.force = asked["force"].as_bool();
    Result<ApplyOutput> out = apply(input);
    if (const Value* error = answer->find("error")) {
      CAPTURE(to_json(*error));
      REQUIRE_FALSE(out.ok());
      if ((*error)["code"].as_int() == 409)
        check_conflict(out.error(), *error);
      else
        CHECK(out.error().message() == (*error)["message"].as_string());
      return;
    }
    if (!out.ok()) MESSAGE(out.error().message());
    REQUIRE(out.ok());
    check_result(out->object, out->managers, answer["result"]);
    last_config_ = input.config;
  }

  // Upstream lists managers in no order.
  void check_conflict(const Error& ours, const Value& theirs) {
    std::vector<std::string> left, right;
    for (const Cause& cause : ours.details().causes) left.push_back(cause.message + " " + cause.field);
    for (const Value& cause : theirs["causes"].items()) {
      right.push_back(std::string(cause["message"].as_string()) + " " + std::string(cause["field"].as_string()));
    }
    std::sort(left.begin(), left.end());
    std::sort(right.begin(), right.end());
    CHECK(fmt::format("{}", fmt::join(left, "\n")) == fmt::format("{}", fmt::join(right, "\n")));
    CHECK(ours.message().size() == theirs["message"].as_string().size());
  }

  void check_update(const OwnershipScope& scope, const Document& asked, const Document& answer) {
    REQUIRE(answer->find("error") == nullptr);
    UpdateInput input;
    input.scope = scope;
    input.live = live_;
    input.live_managers = &managers_;
    input.next = canonical(asked["object"], kind_);
    input.manager = asked["manager"].as_string();
    ManagedFields out = track_update(input);
    check_result(input.next, out, answer["result"]);
  }

  void check_result(const Document& object, const ManagedFields& managers, const Value& result) {
    Document ours = canonical(object.root(), kind_), theirs = canonical(result["object"], kind_);
    CHECK(dense_text(ours) == dense_text(theirs));
    CHECK(sorted_lines(managers_text(managers)) == sorted_lines(managers_text(result["managers"])));
    adopt(theirs, result);
  }

  // Both sides go on from upstream's result.
  void adopt(const Document& object, const Value& result) {
    Draft draft(object);
    draft.member_path(draft.root(), {"metadata", "uid"}) = draft.text("u");
    live_ = std::move(draft).finish();
    Draft entries;
    entries.root() = entries.clone(result["managedFields"]);
    live_entries_ = std::move(entries).finish();
    Result<ManagedFields> parsed = ManagedFields::parse(live_entries_);
    REQUIRE(parsed.ok());
    managers_ = std::move(*parsed);
  }

  Oracle& oracle_;
  const Kind& kind_;
  Random random_;
  const Schema& schema_;
  Document live_, live_entries_, last_config_;
  ManagedFields managers_;
};

}  // namespace

TEST_CASE("apply: histories of writes own what upstream says they own") {
  Oracle* oracle = Oracle::get("apply histories");
  if (oracle == nullptr) return;
  const char* rounds = std::getenv("PLINTH_ORACLE_ROUNDS");
  std::uint64_t count = rounds != nullptr ? std::strtoull(rounds, nullptr, 10) : 6;
  for (const Kind& kind : kKinds) {
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
      CAPTURE(kind.kind);
      CAPTURE(seed);
      History history(*oracle, kind, seed);
      for (int i = 0; i < 8; ++i) history.step();
    }
  }
}

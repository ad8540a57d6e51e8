// The writes that kinds/testdata records from kube-apiserver: each is refused with the same errors or stored as the same
// object.
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "api/decode.h"
#include "api/default.h"
#include "api/strategies/object_rules.h"
#include "api/strategies/strategy.h"
#include "base/json.h"

namespace plinth::api {
namespace {

constexpr std::string_view kGroups[] = {"apps",      "autoscaling", "batch",      "coordination", "core",
                                        "discovery", "events",      "networking", "node",         "policy",
                                        "rbac",      "scheduling",  "storage"};
constexpr std::string_view kUid = "11111111-2222-3333-4444-555555555555";
constexpr std::string_view kNow = "2024-05-01T10:00:00Z";

struct Target {
  const KindRow* row;
  const KindVersion* version;
};

Target target_of(const Value& object) {
  const std::string_view api_version = object["apiVersion"].as_string();
  const std::size_t slash = api_version.find('/');
  const std::string_view group = slash == std::string_view::npos ? "" : api_version.substr(0, slash);
  const std::string_view name = api_version.substr(slash == std::string_view::npos ? 0 : slash + 1);
  for (const KindRow& row : builtin_kinds()) {
    if (row.group != group || row.kind != object["kind"].as_string()) continue;
    for (const KindVersion& version : row.versions) {
      if (version.name == name) return {&row, &version};
    }
  }
  return {nullptr, nullptr};
}

Document prepared(const Document& body, const Target& target, const Document* old, bool by_strategy) {
  auto decoded = decode(body, {target.version->schema, target.row->kind, target.version->name}, FieldValidation::kIgnore);
  REQUIRE(decoded.ok());
  Draft draft = std::move(decoded->draft);
  default_object(draft, *target.row, *target.version);
  Value& metadata = draft.member(draft.root(), "metadata");
  if (!metadata.is_object()) metadata = draft.object();
  const Strategy* strategy = find_strategy(target.row->group, target.row->kind);
  if (old == nullptr) {
    draft.set(metadata, "uid", kUid);
    draft.set(metadata, "creationTimestamp", kNow);
    if (target.version->has_status && (strategy == nullptr || !strategy->keeps_status)) draft.remove(draft.root(), "status");
    if (strategy != nullptr && strategy->prepare_for_create != nullptr) strategy->prepare_for_create(draft);
  } else {
    for (const char* member : {"uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
      const Value before = (*old)["metadata"][member];
      if (metadata[member].is_null() && !before.is_null()) draft.set(metadata, member, draft.clone(before));
    }
    if (target.version->has_status) {
      const Value before = (*old)["status"];
      if (before.is_null())
        draft.remove(draft.root(), "status");
      else
        draft.set(draft.root(), "status", draft.clone(before));
    }
    if (by_strategy && strategy != nullptr && strategy->prepare_for_update != nullptr)
      strategy->prepare_for_update(draft, old->root());
  }
  apply_defaults(draft, draft.root(), *target.version->schema);
  return std::move(draft).finish();
}

// The stored object as a read gives it.
Document as_read(const Document& stored, const Target& target) {
  auto decoded = decode(stored, {target.version->schema, target.row->kind, target.version->name}, FieldValidation::kIgnore);
  REQUIRE(decoded.ok());
  default_object(decoded->draft, *target.row, *target.version);
  return std::move(decoded->draft).finish();
}

// Without empty objects, and without what the server itself sets.
std::string comparable(const Value& value, std::string_view path = "") {
  if (value.is_object()) {
    std::vector<std::string> parts;
    for (const Member& m : value.members()) {
      const std::string at = std::string(path) + "." + std::string(m.key());
      if (at == ".spec.ipFamilies" || at == ".spec.ipFamilyPolicy" || m.key() == "lastTransitionTime" ||
          at == ".status.phase" || m.key() == "lastProbeTime" || at == ".status.lastPhaseTransitionTime" ||
          at == ".metadata.uid" || at == ".metadata.creationTimestamp" || at == ".metadata.generation" ||
          at == ".metadata.resourceVersion") {
        continue;
      }
      const std::string text = comparable(m.value, at);
      if (!text.empty() && text != "null") parts.push_back("\"" + std::string(m.key()) + "\":" + text);
    }
    std::sort(parts.begin(), parts.end());
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "{" : ",") + part;
    return out.empty() ? "" : out + "}";
  }
  if (!value.is_array()) return to_json(value);
  std::string out = "[";
  for (const Value& item : value.items()) out += comparable(item, std::string(path) + "[]") + ",";
  return out + "]";
}

using Lines = std::set<std::string>;

Lines lines_of(const FieldErrors& errors) {
  Lines lines;
  for (const FieldError& e : errors) {
    lines.insert(std::string(field_error_reason(e.type)) + " " + e.field + ": " + e.detail.substr(0, e.detail.find('\n')));
  }
  return lines;
}

Lines lines_of(const Value& recorded) {
  Lines lines;
  for (const Value& e : recorded.items()) {
    const std::string detail(e["detail"].as_string());
    lines.insert(std::string(e["type"].as_string()) + " " + std::string(e["field"].as_string()) + ": " +
                 detail.substr(0, detail.find('\n')));
  }
  return lines;
}

std::string joined(const Lines& lines) {
  std::string out;
  for (const std::string& line : lines) out += "\n    " + line;
  return out;
}

// The record is of the validation alone; before it, the whole server takes from the stored object what a write leaves out.
constexpr std::string_view kNotPrepared = "Service: drop cluster IP (update)";

// What differs from the record; empty when nothing does.
std::string difference(const Document& record) {
  const Document body = record.at(record["new"]);
  const Target target = target_of(body.root());
  if (target.row == nullptr) return "no such kind";
  const bool is_update = !record["old"].is_null();
  const Document stored = is_update ? as_read(record.at(record["old"]), target) : Document();
  const Document object = prepared(body, target, is_update ? &stored : nullptr, record["name"].as_string() != kNotPrepared);
  const Value* old = is_update ? &stored.root() : nullptr;
  const FieldErrors errors = validate_object(object.root(), old, *target.row, *target.version);
  const Lines got = lines_of(errors), want = lines_of(record["errors"]);
  if (got != want) return "errors" + joined(got) + "\n  instead of" + joined(want);
  if (!want.empty()) return "";
  const std::string now = comparable(object.root()), then = comparable(record["stored"]);
  return now == then ? "" : "stored\n    " + now + "\n  instead of\n    " + then;
}

}  // namespace

TEST_CASE("writes are answered as upstream answers them") {
  std::size_t count = 0;
  for (const std::string_view group : kGroups) {
    std::ifstream file(std::string(PLINTH_SOURCE_DIR "/kinds/testdata/") + std::string(group) + ".jsonl");
    std::string line;
    while (std::getline(file, line)) {
      auto record = parse_json(line);
      REQUIRE(record.ok());
      const std::string problem = difference(*record);
      CHECK_MESSAGE(problem.empty(), (*record)["name"].as_string(), " [", group, "]: ", problem);
      ++count;
    }
  }
  CHECK(count >= 500);
}

}  // namespace plinth::api

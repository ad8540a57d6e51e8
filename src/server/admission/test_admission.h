// For tests: one plugin over one object given as JSON.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/kind.h"
#include "base/json.h"
#include "server/admission/admission.h"
#include "server/auth/test_snapshot.h"

namespace plinth::server {

inline ResolvedKind builtin_kind(std::string_view group, std::string_view plural) {
  ResolvedKind kind;
  for (const api::KindRow& row : api::builtin_kinds()) {
    if (row.group == group && row.plural == plural) {
      kind.row = &row;
      kind.version = &row.versions.front();
    }
  }
  return kind;
}

struct AdmissionBench {
  std::shared_ptr<auth::TestSnapshot> snapshot = std::make_shared<auth::TestSnapshot>();
  auth::TestEntropy entropy;
  AdmissionRequest request;

  // `old` "" makes it a creation. Mutation and validation as the pipeline does them; the outcome is "" or the refusal.
  std::string run(const AdmissionPlugin& plugin, std::string_view group, std::string_view plural, const std::string& object,
                  const std::string& old = "", const std::string& subresource = "") {
    draft = Draft(std::move(parse_json(object)).value());
    request = AdmissionRequest();
    request.operation = old.empty() ? Operation::kCreate : Operation::kUpdate;
    request.kind = builtin_kind(group, plural);
    request.name_space = "ns";
    request.name = draft.root()["metadata"]["name"].as_string();
    request.subresource = subresource;
    if (!old.empty()) request.old_object = std::move(parse_json(old)).value();
    request.object = &draft;
    request.snapshot = snapshot;
    request.user = user;
    context.entropy = &entropy;
    auto outcome = plugin.mutate(context, request);
    if (outcome.ok()) outcome = plugin.prepare(context, request);
    if (outcome.ok()) outcome = plugin.validate(context, request);
    return outcome.ok() ? "" : std::to_string(outcome.error().code()) + " " + outcome.error().message();
  }
  // The object as the plugin left it: a member of its root.
  std::string left(std::string_view member) const { return to_json(draft.root()[member]); }

  Draft draft;
  auth::UserPtr user;
  ServerContext context;
};

}  // namespace plinth::server

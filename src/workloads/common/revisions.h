// ControllerRevisions: the templates that a StatefulSet or DaemonSet had, kept as patches that bring them back.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

inline constexpr std::string_view kRevisionHash = "controller-revision-hash";

client::Resource controller_revisions_resource();

// One of them, there already or made by the plan.
struct TemplateRevision {
  std::string name, hash;
  std::int64_t number = 0;
  Document pod_template;  // that it brings back
};

struct RevisionsOptions {
  std::string_view manager;
  // The label of a revision that holds its hash.
  std::string_view hash_label;
};

// Those of `owner`, the oldest first. Orphans that match its selector are adopted.
std::vector<client::Object> read_revisions(const client::View& view, const client::Object& owner,
                                           const RevisionsOptions& options, client::Plan& plan);
// The template that a revision holds; null when it holds none.
Document template_of(const client::Object& revision);
TemplateRevision read_revision(const client::Object& revision, const RevisionsOptions& options);

// The revision of the owner's present template: found, moved to the end of the history when it is an older one, or made (a
// request of the plan). `collisions` goes up for each name that another template has taken.
TemplateRevision sync_revision(const client::View& view, const client::Object& owner,
                               const std::vector<client::Object>& history, const RevisionsOptions& options,
                               std::int64_t& collisions, client::Plan& plan);
// Requests that delete the oldest ones that are not `live` (names), but for `limit` of them.
void truncate_history(const std::vector<client::Object>& history, const std::set<std::string>& live, std::int64_t limit,
                      client::Plan& plan);

}  // namespace plinth::workloads

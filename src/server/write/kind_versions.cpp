#include "server/write/kind_versions.h"

#include "api/strategies/object_rules.h"
#include "api/strategies/strategy.h"
#include "server/object_codec.h"
#include "server/read/schema_upgrade.h"

namespace plinth::server {
namespace {

struct EndpointFilters {
  api::FieldFilter nothing;
  api::FieldFilter status = api::FieldFilter::without({{"status"}});
  api::FieldFilter status_and_spec = api::FieldFilter::without({{"status"}, {"spec"}});  // where the spec never changes
  // Writes of status, by api::StatusResets.
  api::FieldFilter all_but_status[5] = {
      api::FieldFilter::without({{"spec"}}),
      api::FieldFilter::without({{"spec"}, {"metadata", "labels"}}),
      api::FieldFilter::without({{"spec"}, {"metadata", "deletionTimestamp"}, {"metadata", "ownerReferences"}}),
      api::FieldFilter::only({{"status"}}),
      api::FieldFilter::without({{"spec"}, {"status", "conditions"}}),
  };
  // Endpoints of one part of the object.
  std::pair<std::string_view, api::FieldFilter> parts[4] = {
      {"finalize", api::FieldFilter::only({{"spec", "finalizers"}})},
      {"approval", api::FieldFilter::without({{"spec"}, {"status", "certificate"}})},
      {"ephemeralcontainers", api::FieldFilter::only({{"spec", "ephemeralContainers"}})},
      {"resize", api::FieldFilter::only({{"spec", "containers"}})},
  };
};

}  // namespace

const api::FieldFilter* endpoint_filter(const ResolvedKind& kind, std::string_view subresource) {
  static const EndpointFilters filters;
  for (const auto& [name, filter] : filters.parts) {
    if (subresource == name) return &filter;
  }
  if (!kind.version->has_status) return &filters.nothing;
  const api::StatusResets resets = api::status_resets(*kind.row);
  if (subresource == "status") return &filters.all_but_status[static_cast<std::size_t>(resets)];
  if (!subresource.empty()) return &filters.nothing;
  return resets == api::StatusResets::kConditions ? &filters.status_and_spec : &filters.status;
}

template <typename F>
bool KindVersions::each_form(const F& visit) const {
  for (const api::KindVersion& version : kind_.row->versions) {
    if (visit(Form{kind_.row, &version})) return true;
  }
  if (!kind_.row->builtin) return false;
  const std::string place = kind_prefix(*kind_.row);
  for (const api::KindRow& row : api::builtin_kinds()) {
    if (&row == kind_.row || row.kind != kind_.row->kind || kind_prefix(row) != place) continue;
    for (const api::KindVersion& version : row.versions) {
      if (visit(Form{&row, &version})) return true;
    }
  }
  return false;
}

bool KindVersions::has_others() const {
  return each_form([&](const Form& form) { return form.version != kind_.version; });
}

KindVersions::Form KindVersions::find(std::string_view api_version) const {
  Form found;
  each_form([&](const Form& form) {
    if (group_version(form.row->group, form.version->name) != api_version) return false;
    found = form;
    return true;
  });
  return found;
}

const api::Schema* KindVersions::schema(std::string_view api_version) const {
  const Form form = find(api_version);
  if (form.version == nullptr) return nullptr;
  if (kind_.custom) kind_.custom->ensure_schema(*form.version);
  return form.version->schema;
}

Result<Document> KindVersions::convert(const Document& object, std::string_view api_version) const {
  const Form to = find(api_version);
  if (to.version == nullptr) return bad_request("there is no version " + std::string(api_version));
  const std::string_view own = object["apiVersion"].as_string();
  const Form from = own.empty() ? Form{kind_.row, kind_.version} : find(own);
  Draft draft(object);
  if (from.version != nullptr && from.version->conversion != to.version->conversion) {
    if (const api::Conversion* conversion = conversion_of(*from.version)) conversion->to_storage(draft);
    if (const api::Conversion* conversion = conversion_of(*to.version)) conversion->from_storage(draft);
  }
  draft.set(draft.root(), "apiVersion", api_version);
  return std::move(draft).finish();
}

}  // namespace plinth::server

#include "server/read/filter.h"

#include "server/object_codec.h"

namespace plinth::server {
namespace {

bool labels_match(const api::LabelSelector& selector, const store::Record& record) {
  if (selector.matches_nothing()) return false;
  for (const api::LabelRequirement& requirement : selector.requirements()) {
    std::optional<std::string_view> value = record.labels().find(requirement.key);
    if (!requirement.matches(value ? &*value : nullptr)) return false;
  }
  return true;
}

std::string_view field_of(const store::Record& record, std::span<const api::FieldSource> renamed, std::string_view field) {
  for (const api::FieldSource& source : renamed) {
    if (source.field == field) field = source.from;
  }
  if (field == "metadata.name") return key_name(record.key());
  if (field == "metadata.namespace") return key_namespace(record.key());
  return record.fields().find(field).value_or(std::string_view());
}

}  // namespace

Result<Filter> Filter::make(const ResolvedKind& kind, const RequestInfo& info, const ListOptions& options) {
  Filter filter;
  filter.labels_ = TRY(api::LabelSelector::parse(options.label_selector));
  filter.fields_ = TRY(api::FieldSelector::parse(options.field_selector));
  const bool namespaced = kind.row->scope == api::Scope::kNamespaced;
  TRY(filter.fields_.check({kind.version->selectable_fields, namespaced, !kind.row->builtin}));
  // Records are indexed under the names of the stored version.
  if (!kind.version->conversion.empty()) filter.renamed_ = kind.version->field_sources;
  filter.all_ = filter.labels_.matches_everything() && filter.fields_.matches_everything();

  std::string name_space = namespaced ? info.name_space : "";
  if (namespaced && name_space.empty()) name_space = filter.fields_.exact("metadata.namespace").value_or("");
  std::string name = info.name.empty() ? std::string(filter.fields_.exact("metadata.name").value_or("")) : info.name;
  if (!info.name.empty()) filter.all_ = false;
  filter.prefix_ = namespaced && name_space.empty() ? kind_prefix(*kind.row) : namespace_prefix(*kind.row, name_space);
  if (!name.empty() && (!namespaced || !name_space.empty())) filter.only_key_ = object_key(*kind.row, name_space, name);
  return filter;
}

bool Filter::matches(const store::Record& record) const {
  if (!only_key_.empty() && record.key() != only_key_) return false;
  if (all_) return true;
  return labels_match(labels_, record) &&
         fields_.matches_with([&](std::string_view field) { return field_of(record, renamed_, field); });
}

}  // namespace plinth::server

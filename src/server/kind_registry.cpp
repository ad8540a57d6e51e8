#include "server/kind_registry.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "server/custom_kind.h"
#include "server/object_codec.h"
#include "server/resources/resource_metrics.h"

namespace plinth::server {
namespace {

constexpr std::string_view kCrdPrefix = "/apiextensions.k8s.io/customresourcedefinitions/";

struct ParsedVersion {
  int stage = 0;  // 2 GA, 1 beta, 0 alpha; -1 other
  int major = 0, minor = 0;
};

bool read_number(std::string_view& text, int& out) {
  if (text.empty() || !std::isdigit(static_cast<unsigned char>(text[0]))) return false;
  out = 0;
  while (!text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) && out < 100'000'000) {
    out = out * 10 + (text[0] - '0');
    text.remove_prefix(1);
  }
  return true;
}

ParsedVersion parse_version(std::string_view text) {
  ParsedVersion v;
  v.stage = -1;
  if (text.empty() || text[0] != 'v') return v;
  text.remove_prefix(1);
  if (!read_number(text, v.major)) return v;
  if (text.empty()) {
    v.stage = 2;
    return v;
  }
  int stage = text.substr(0, 4) == "beta" ? 1 : text.substr(0, 5) == "alpha" ? 0 : -1;
  if (stage < 0) return v;
  text.remove_prefix(stage == 1 ? 4 : 5);
  if (read_number(text, v.minor) && text.empty()) v.stage = stage;
  return v;
}

std::string index_key(std::string_view group, std::string_view version, std::string_view last) {
  std::string key(group);
  key += '/';
  key += version;
  key += '/';
  key += last;
  return key;
}

}  // namespace

bool version_precedes(std::string_view a, std::string_view b) {
  ParsedVersion x = parse_version(a), y = parse_version(b);
  if (x.stage != y.stage) return x.stage > y.stage;
  if (x.stage < 0) return a < b;
  if (x.major != y.major) return x.major > y.major;
  return x.minor > y.minor;
}

ResolvedKind KindTable::find(std::string_view group, std::string_view version, std::string_view plural) const {
  auto it = by_resource_.find(index_key(group, version, plural));
  return it == by_resource_.end() ? ResolvedKind() : it->second;
}

const ResolvedKind* KindTable::find_stored(std::string_view group, std::string_view plural) const {
  auto it = stored_.find({group, plural});
  return it == stored_.end() ? nullptr : &rows_[it->second];
}

ResolvedKind KindTable::find_kind(std::string_view group, std::string_view version, std::string_view kind) const {
  auto it = by_kind_.find(index_key(group, version, kind));
  return it == by_kind_.end() ? ResolvedKind() : it->second;
}

ResolvedKind KindTable::storage_of(const api::KindRow& row) const {
  for (const ResolvedKind& entry : rows_) {
    if (entry.row != &row) continue;
    ResolvedKind resolved = entry;
    for (const api::KindVersion& v : row.versions) {
      if (v.storage) resolved.version = &v;
    }
    return resolved;
  }
  return {};
}

std::vector<std::string_view> KindTable::groups() const {
  std::vector<std::string_view> out;
  for (const ResolvedKind& entry : rows_) {
    if (std::find(out.begin(), out.end(), entry.row->group) == out.end()) out.push_back(entry.row->group);
  }
  return out;
}

std::vector<std::string_view> KindTable::versions(std::string_view group) const {
  std::vector<std::string_view> out;
  for (const ResolvedKind& entry : rows_) {
    if (entry.row->group != group) continue;
    for (const api::KindVersion& v : entry.row->versions) {
      if (v.served && std::find(out.begin(), out.end(), v.name) == out.end()) out.push_back(v.name);
    }
  }
  std::stable_sort(out.begin(), out.end(), version_precedes);
  return out;
}

KindRegistry::KindRegistry() : table_(build({})) {}

KindTablePtr KindRegistry::table() const {
  std::lock_guard lock(mutex_);
  return table_;
}

void KindRegistry::on_change(std::function<void(const std::vector<std::string>&)> changed) { changed_ = std::move(changed); }

bool KindRegistry::sync(const store::Snapshot& snapshot) {
  std::vector<std::string> changed_kinds;
  {
    std::lock_guard lock(mutex_);
    if (snapshot.revision() < synced_) return false;
    std::map<std::string, std::shared_ptr<const CustomKind>, std::less<>> next;
    bool changed = false;
    snapshot.scan(kCrdPrefix, "", [&](const store::RecordPtr& record) {
      std::string name(key_name(record->key()));
      auto old = custom_.find(name);
      if (old != custom_.end() && old->second->revision() == record->revision()) {
        next.emplace(name, old->second);
        return true;
      }
      auto kind = CustomKind::make(record);
      const bool same_shape = kind && old != custom_.end() && serves_same(*old->second, *kind);
      if (kind) {
        if (old != custom_.end() && !same_shape)
          changed_kinds.push_back(std::string(kind->row().group) + "/" + std::string(kind->row().plural));
        next.emplace(name, std::move(kind));
      }
      changed = true;
      return true;
    });
    for (const auto& [name, kind] : custom_) {
      if (next.count(name) > 0) continue;
      changed = true;
      changed_kinds.push_back(std::string(kind->row().group) + "/" + std::string(kind->row().plural));
    }
    synced_ = snapshot.revision();
    if (!changed) return false;
    custom_ = {next.begin(), next.end()};
    publish();
  }
  if (changed_ && !changed_kinds.empty()) changed_(changed_kinds);
  return true;
}

void KindRegistry::serve_measured(bool measured) {
  std::lock_guard lock(mutex_);
  if (measured_ == measured) return;
  measured_ = measured;
  publish();
}

void KindRegistry::publish() {
  std::vector<std::shared_ptr<const CustomKind>> kinds;
  for (const auto& [name, kind] : custom_) kinds.push_back(kind);
  ++generation_;
  table_ = build(kinds);
}

KindTablePtr KindRegistry::build(const std::vector<std::shared_ptr<const CustomKind>>& custom) const {
  auto table = std::make_shared<KindTable>();
  table->generation_ = generation_;
  auto add = [&](const api::KindRow& row, std::shared_ptr<const CustomKind> keep) {
    ResolvedKind entry{&row, nullptr, std::move(keep)};
    for (const api::KindVersion& version : row.versions) {
      if (!version.served) continue;
      ResolvedKind resolved{&row, &version, entry.custom};
      if (entry.version == nullptr) entry.version = &version;
      table->by_resource_.emplace(index_key(row.group, version.name, row.plural), resolved);
      table->by_kind_.emplace(index_key(row.group, version.name, row.kind), resolved);
    }
    if (entry.version == nullptr) return;
    if (row.stored && row.storage_plural.empty()) table->stored_.emplace(std::pair(row.group, row.plural), table->rows_.size());
    table->rows_.push_back(std::move(entry));
  };
  for (const api::KindRow& row : api::builtin_kinds()) {
    if (measured_ || row.group != kMetricsGroup) add(row, nullptr);
  }
  std::vector<std::shared_ptr<const CustomKind>> sorted = custom;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a->row().group < b->row().group; });
  for (const auto& kind : sorted) {
    if (kind->established()) add(kind->row(), kind);
  }
  return table;
}

}  // namespace plinth::server

#include "server/custom_kind.h"

#include <mutex>

#include "api/cel/schema_rules.h"
#include "api/crd_schema.h"
#include "base/json.h"
#include "base/text.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

bool condition_is_true(const Value& crd, std::string_view type) {
  for (const Value& c : crd["status"]["conditions"].items()) {
    if (c["type"].as_string() == type) return c["status"].as_string() == "True";
  }
  return false;
}

std::vector<std::string_view> texts(const Value& list) {
  std::vector<std::string_view> out;
  for (const Value& v : list.items()) out.push_back(v.as_string());
  return out;
}

std::string_view without_dot(std::string_view path) { return !path.empty() && path.front() == '.' ? path.substr(1) : path; }

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 1469598103934665603ull;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

// Everything that one version's row points to.
struct VersionParts {
  std::vector<api::Subresource> subresources;
  std::vector<api::Column> columns;
  std::vector<std::string_view> selectable_fields;
  std::string deprecation_warning;
};

Value schema_in(const Document& crd, std::string_view version) {
  for (const Value& v : crd["spec"]["versions"].items()) {
    if (v["name"].as_string() == version) return v["schema"]["openAPIV3Schema"];
  }
  return Value();
}

// A document of its own, so that nothing of the whole one stays in memory.
Document without_schemas(const Document& crd) {
  Draft draft(crd);
  draft.remove(draft.member(draft.root(), "metadata"), "annotations");  // a whole definition again, where kubectl applied it
  Value& spec = draft.member(draft.root(), "spec");
  if (Value* versions = draft.mutable_find(spec, "versions")) {
    for (Value& version : draft.mutable_items(*versions)) draft.remove(version, "schema");
  }
  auto own = parse_json(to_json(draft.root()));
  return own.ok() ? std::move(*own) : crd;
}

class CrdKind final : public CustomKind {
 public:
  CrdKind(const Document& whole, store::RecordPtr record) : record_(std::move(record)), crd_(without_schemas(whole)) {
    const Value spec = crd_["spec"];
    shape_ = hash_text(to_json(whole["spec"])) ^ hash_text(to_json(whole["status"]["acceptedNames"])) * 31;
    // Names that were accepted count; those of the spec may be refused.
    const Value names = crd_["status"]["acceptedNames"].is_object() ? crd_["status"]["acceptedNames"] : spec["names"];
    name_ = crd_["metadata"]["name"].as_string();
    short_names_ = texts(names["shortNames"]);
    categories_ = texts(names["categories"]);
    row_.group = spec["group"].as_string();
    row_.kind = names["kind"].as_string();
    row_.list_kind = names["listKind"].as_string();
    row_.plural = names["plural"].as_string();
    row_.singular = names["singular"].as_string();
    row_.short_names = short_names_;
    row_.categories = categories_;
    row_.scope = spec["scope"].as_string() == "Cluster" ? api::Scope::kCluster : api::Scope::kNamespaced;
    row_.builtin = false;
    row_.keeps_generation = true;
    row_.unconditional_update = false;
    established_ = condition_is_true(crd_.root(), "Established");
    terminating_ = crd_["metadata"].find("deletionTimestamp") != nullptr;
    build_versions(spec);
    for (api::KindVersion& version : versions_)
      version.stamp = make_stamp(version.name, hash_text(to_json(schema_in(whole, version.name))));
    for (const api::KindVersion& v : versions_) {
      if (v.storage) row_.stamp = v.stamp;
    }
  }

  const api::KindRow& row() const override { return row_; }
  std::uint64_t shape() const override { return shape_; }
  store::Revision revision() const override { return record_->revision(); }
  const std::string& crd_name() const override { return name_; }
  bool established() const override { return established_; }
  bool terminating() const override { return terminating_; }

  void ensure_schema(const api::KindVersion& version) const override {
    const std::size_t i = static_cast<std::size_t>(&version - versions_.data());
    std::lock_guard lock(mutex_);
    if (versions_[i].schema != nullptr) return;
    const auto decoded = decode_record(*record_, "", false);  // it could be read when the kind was made
    const Document whole = decoded.ok() ? *decoded : Document();
    compiled_[i] = api::compile_schema(whole.at(schema_in(whole, version.name)));
    versions_[i].schema = &compiled_[i]->root();
  }

  api::PatternCache* patterns(const api::KindVersion& version) const override {
    std::lock_guard lock(mutex_);
    const auto& compiled = compiled_[static_cast<std::size_t>(&version - versions_.data())];
    return compiled ? &compiled->patterns() : nullptr;
  }

  const api::SchemaRules* rules(const api::KindVersion& version) const override {
    std::lock_guard lock(mutex_);
    const std::size_t i = static_cast<std::size_t>(&version - versions_.data());
    if (compiled_[i] == nullptr || !compiled_[i]->has_rules()) return nullptr;
    if (rules_[i] == nullptr) rules_[i] = api::SchemaRules::compile(compiled_[i]);
    return rules_[i].get();
  }

 private:
  void build_versions(const Value& spec) {
    std::vector<Value> sorted(spec["versions"].items().begin(), spec["versions"].items().end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const Value& a, const Value& b) {
      return version_precedes(a["name"].as_string(), b["name"].as_string());
    });
    parts_.resize(sorted.size());
    versions_.resize(sorted.size());
    compiled_.resize(sorted.size());
    rules_.resize(sorted.size());
    for (std::size_t i = 0; i < sorted.size(); ++i) build_version(sorted[i], versions_[i], parts_[i]);
    row_.versions = versions_;
  }

  void build_version(const Value& in, api::KindVersion& version, VersionParts& parts) {
    version.name = in["name"].as_string();
    version.served = in["served"].as_bool();
    version.storage = in["storage"].as_bool();
    version.deprecated = in["deprecated"].as_bool();
    const std::string own_version = group_version(row_.group, version.name);
    parts.deprecation_warning = in["deprecationWarning"].as_string();
    if (parts.deprecation_warning.empty())
      parts.deprecation_warning = own_version + " " + std::string(row_.kind) + " is deprecated";
    version.deprecation_warning = parts.deprecation_warning;
    build_subresources(in["subresources"], version, parts);
    for (const Value& c : in["additionalPrinterColumns"].items()) {
      parts.columns.push_back({c["name"].as_string(), c["type"].as_string(), c["format"].as_string(),
                               c["description"].as_string(), static_cast<std::int32_t>(c["priority"].as_int()),
                               c["jsonPath"].as_string()});
    }
    version.columns = parts.columns;
    for (const Value& f : in["selectableFields"].items())
      parts.selectable_fields.push_back(without_dot(f["jsonPath"].as_string()));
    version.selectable_fields = parts.selectable_fields;
  }

  void build_subresources(const Value& in, api::KindVersion& version, VersionParts& parts) {
    constexpr std::uint16_t kView = api::kVerbGet | api::kVerbPatch | api::kVerbUpdate;
    if (in.find("status") != nullptr) {
      version.has_status = true;
      parts.subresources.push_back({"status", {}, kView});
    }
    const Value scale = in["scale"];
    if (scale.is_object()) {
      version.scale.present = true;
      version.scale.spec_replicas = scale["specReplicasPath"].as_string();
      version.scale.status_replicas = scale["statusReplicasPath"].as_string();
      version.scale.label_selector = scale["labelSelectorPath"].as_string();
      parts.subresources.push_back({"scale", {"autoscaling", "v1", "Scale"}, kView});
    }
    version.subresources = parts.subresources;
  }

  const store::RecordPtr record_;
  const Document crd_;  // without the schemas
  std::uint64_t shape_ = 0;
  std::string name_;
  std::vector<std::string_view> short_names_, categories_;
  api::KindRow row_;
  bool established_ = false, terminating_ = false;
  mutable std::vector<api::KindVersion> versions_;  // `schema` is set once, under the lock, before any use of it
  std::vector<VersionParts> parts_;
  mutable std::vector<api::CompiledSchemaPtr> compiled_;
  mutable std::vector<std::shared_ptr<const api::SchemaRules>> rules_;
  mutable std::mutex mutex_;
};

}  // namespace

std::shared_ptr<CustomKind> CustomKind::make(store::RecordPtr record) {
  auto whole = decode_record(*record, "", false);
  if (!whole.ok()) return nullptr;
  return std::make_shared<CrdKind>(*whole, std::move(record));
}

std::uint64_t make_stamp(std::string_view version, std::uint64_t shape) { return hash_text(version) << 48 | shape >> 16; }

const api::KindVersion& version_of_stamp(const api::KindRow& row, std::uint64_t stamp) {
  const api::KindVersion* storage = &row.versions.front();
  for (const api::KindVersion& version : row.versions) {
    if ((version.stamp ^ stamp) >> 48 == 0) return version;
    if (version.storage) storage = &version;
  }
  return *storage;
}

bool serves_same(const CustomKind& a, const CustomKind& b) {
  return a.shape() == b.shape() && a.established() == b.established();
}

}  // namespace plinth::server

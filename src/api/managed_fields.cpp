#include "api/managed_fields.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/go_text.h"
#include "api/time_error.h"
#include "base/json.h"
#include "base/time_text.h"

namespace plinth::api {
namespace {

constexpr std::string_view kAncientManager = "ancient-changes";
constexpr std::int64_t kGoZeroTime = -62135596800;  // 0001-01-01T00:00:00Z stands for no time

std::string_view operation_text(ManagedOperation operation) {
  return operation == ManagedOperation::kApply ? "Apply" : "Update";
}

void append_field(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  if (out.back() != '{') out += ',';
  ((out += '"') += name) += "\":";
  append_json_string(out, text);
}

void append_entry(std::string& out, const ManagedEntry& entry) {
  out += '{';
  append_field(out, "manager", entry.manager);
  append_field(out, "operation", operation_text(entry.operation));
  append_field(out, "apiVersion", entry.api_version);
  if (entry.time_s) append_field(out, "time", format_rfc3339(TimeStamp{*entry.time_s, 0}));
  append_field(out, "fieldsType", "FieldsV1");
  out += ",\"fieldsV1\":";
  entry.fields.append_json(out);
  append_field(out, "subresource", entry.subresource);
  out += '}';
}

Result<ManagedEntry> parse_entry(const Value& v, std::size_t at, Arena& arena) {
  ManagedEntry entry;
  std::string_view operation = v["operation"].as_string(), type = v["fieldsType"].as_string();
  if (operation != "Apply" && operation != "Update") return bad_request("operation must be `Apply` or `Update`");
  entry.operation = operation == "Apply" ? ManagedOperation::kApply : ManagedOperation::kUpdate;
  entry.manager = v["manager"].as_string();
  entry.api_version = v["apiVersion"].as_string();
  entry.subresource = v["subresource"].as_string();
  if (entry.api_version.empty()) return bad_request("apiVersion must not be empty");
  if (type.empty()) return bad_request(fmt::format("missing fieldsType in managed fields entry {}", at));
  if (type != "FieldsV1") return bad_request(fmt::format("invalid fieldsType \"{}\" in managed fields entry {}", type, at));
  if (std::string_view time = v["time"].as_string(); !time.empty()) {
    std::optional<TimeStamp> parsed = parse_rfc3339(time);
    if (!parsed) return bad_request(time_error(time));
    if (parsed->seconds != kGoZeroTime) entry.time_s = parsed->seconds;
  }
  entry.fields = TRY(FieldSet::parse(v["fieldsV1"], arena));
  return entry;
}

bool stored_before(const ManagedEntry& a, const ManagedEntry& b) {
  if (a.operation != b.operation) return a.operation < b.operation;
  std::int64_t left = a.time_s.value_or(0), right = b.time_s.value_or(0);
  if (left != right) return left < right;
  if (a.manager != b.manager) return a.manager < b.manager;
  if (a.api_version != b.api_version) return a.api_version < b.api_version;
  return a.subresource < b.subresource;
}

}  // namespace

bool ManagedEntry::same_identity(const ManagedEntry& other) const {
  return manager == other.manager && operation == other.operation && subresource == other.subresource &&
         (operation == ManagedOperation::kApply || api_version == other.api_version);
}

std::string ManagedEntry::identity() const {
  std::string out = "{";
  append_field(out, "manager", manager);
  append_field(out, "operation", operation_text(operation));
  if (operation == ManagedOperation::kUpdate) append_field(out, "apiVersion", api_version);
  append_field(out, "subresource", subresource);
  return out + "}";
}

std::string ManagedEntry::text() const {
  std::string out = go_quoted(manager);
  if (!subresource.empty()) out += " with subresource " + go_quoted(subresource);
  if (operation == ManagedOperation::kUpdate) (out += " using ") += api_version;
  return out;
}

ManagedFields::ManagedFields() : arena_(std::make_shared<Arena>()) {}

Result<ManagedFields> ManagedFields::parse(const Document& entries) {
  ManagedFields out;
  out.retain(entries);
  if (!entries.root().is_array() && !entries.root().is_null()) return bad_request("managedFields must be a list");
  std::size_t at = 0;
  for (const Value& v : entries.root().items()) {
    ManagedEntry entry = TRY(parse_entry(v, at++, out.arena()));
    // Of two entries of one manager the later one counts.
    if (ManagedEntry* same = out.find(entry))
      *same = std::move(entry);
    else
      out.entries_.push_back(std::move(entry));
  }
  return out;
}

Result<ManagedFields> ManagedFields::parse_json(std::string_view text) {
  if (text.empty()) return ManagedFields();
  return parse(TRY(plinth::parse_json(text)));
}

ManagedFields ManagedFields::derive() const {
  ManagedFields out;
  out.retain(*this);
  out.entries_ = entries_;
  out.adapted_to_ = adapted_to_;
  return out;
}

bool ManagedFields::is_reset(const Value& entries) {
  if (!entries.is_array() || entries.size() > 1) return false;
  return entries.size() == 0 || (entries.items()[0].is_object() && entries.items()[0].size() == 0);
}

ManagedEntry* ManagedFields::find(const ManagedEntry& identity) {
  for (ManagedEntry& entry : entries_) {
    if (entry.same_identity(identity)) return &entry;
  }
  return nullptr;
}

void ManagedFields::erase_empty() {
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(), [](const ManagedEntry& e) { return e.fields.empty(); }),
                 entries_.end());
}

void ManagedFields::sort() {
  if (!std::is_sorted(entries_.begin(), entries_.end(), stored_before)) {
    std::stable_sort(entries_.begin(), entries_.end(), stored_before);
  }
}

void ManagedFields::limit_updaters() {
  auto is_updater = [](const ManagedEntry& e) { return e.operation == ManagedOperation::kUpdate; };
  auto updaters = static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), is_updater));
  if (updaters <= kUpdateManagersMax) return;
  // Oldest first; what is merged away is emptied here and erased at the end.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (is_updater(entries_[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    std::int64_t left = entries_[a].time_s.value_or(0), right = entries_[b].time_s.value_or(0);
    return left != right ? left < right : entries_[a].identity() < entries_[b].identity();
  });
  std::vector<std::pair<std::string_view, std::size_t>> buckets;  // the entry that collects each apiVersion
  for (std::size_t i : order) {
    if (updaters <= kUpdateManagersMax) break;
    ManagedEntry& entry = entries_[i];
    auto bucket = std::find_if(buckets.begin(), buckets.end(), [&](const auto& b) { return b.first == entry.api_version; });
    if (bucket == buckets.end()) {
      buckets.emplace_back(entry.api_version, i);
      continue;
    }
    ManagedEntry name;
    name.manager = kAncientManager;
    name.api_version = entry.api_version;
    ManagedEntry* ancient = find(name);
    if (ancient == nullptr) {
      // The oldest of the version becomes the bucket.
      ancient = &entries_[bucket->second];
      ancient->manager = kAncientManager;
      ancient->subresource = {};
    }
    if (ancient == &entry) continue;
    ancient->fields = ancient->fields.unite(entry.fields);
    ancient->time_s = entry.time_s;  // the more recent one
    entry.fields = {};
    entry.manager = {};
    --updaters;
  }
  erase_empty();
}

bool ManagedFields::same_but_times(const ManagedFields& other) const {
  if (entries_.size() != other.entries_.size()) return false;
  // A time moves an entry within the order, so the other's is looked for.
  return std::all_of(entries_.begin(), entries_.end(), [&](const ManagedEntry& entry) {
    return std::any_of(other.entries_.begin(), other.entries_.end(), [&](const ManagedEntry& e) {
      return entry.same_identity(e) && entry.api_version == e.api_version && entry.fields == e.fields;
    });
  });
}

bool ManagedFields::same_as(const ManagedFields& other) const {
  return std::equal(entries_.begin(), entries_.end(), other.entries_.begin(), other.entries_.end(),
                    [](const ManagedEntry& a, const ManagedEntry& b) {
                      return a.same_identity(b) && a.api_version == b.api_version && a.time_s == b.time_s &&
                             a.fields == b.fields;
                    });
}

ManagedFields ManagedFields::compact() const {
  ManagedFields out;
  Arena& arena = out.arena();
  for (const ManagedEntry& entry : entries_) {
    ManagedEntry& copy = out.entries_.emplace_back(entry);
    copy.manager = arena.copy(entry.manager);
    copy.api_version = arena.copy(entry.api_version);
    copy.subresource = arena.copy(entry.subresource);
    copy.fields = entry.fields.copy_to(arena);
  }
  out.adapted_to_ = adapted_to_;
  return out;
}

std::size_t ManagedFields::bytes() const {
  std::size_t bytes = arena_->bytes();
  for (const ManagedEntry& entry : entries_) bytes += sizeof entry + entry.fields.nodes().size_bytes();
  return bytes;
}

void ManagedFields::append_json(std::string& out) const {
  out += '[';
  for (const ManagedEntry& entry : entries_) {
    if (out.back() != '[') out += ',';
    append_entry(out, entry);
  }
  out += ']';
}

std::string ManagedFields::to_json() const {
  std::string out;
  append_json(out);
  return out;
}

}  // namespace plinth::api

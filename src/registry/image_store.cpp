#include "registry/image_store.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/json.h"
#include "oci/digest.h"
#include "oci/reference.h"

namespace plinth::registry {
namespace {

constexpr std::string_view kOwnHost = "localhost/";
constexpr std::string_view kDigestPrefix = "sha256:";

std::string entry_name(std::string_view repository, std::string_view reference) {
  return fmt::format("{}{}{}", whole_repository(repository), oci::is_digest(reference) ? "@" : ":", reference);
}

// What an entry says after the repository's name: ":TAG" or "@DIGEST"; empty for other repositories.
std::string_view suffix_of(const oci::LayoutEntry& entry, std::string_view repository) {
  const std::string_view name = entry.name;
  if (!name.starts_with(repository) || name.size() == repository.size()) return "";
  const std::string_view rest = name.substr(repository.size());
  return rest.front() == '@' || (rest.front() == ':' && rest.find('/') == std::string_view::npos) ? rest : "";
}

Error not_found(std::string message) { return Error(Reason::kNotFound, std::move(message)); }
Error malformed(std::string_view what) { return bad_request(fmt::format("the manifest is malformed: {}", what)); }

std::string media_type_of(const Value& root, std::string_view told) {
  if (!told.empty()) return std::string(told.substr(0, told.find(';')));
  const std::string_view own = root["mediaType"].as_string();
  if (!own.empty()) return std::string(own);
  return root["manifests"].is_array() ? "application/vnd.oci.image.index.v1+json"
                                      : "application/vnd.oci.image.manifest.v1+json";
}

// Digests of what a manifest is made of.
Result<std::vector<std::string>> content_of(const Value& root) {
  std::vector<std::string> out;
  const auto add = [&](const Value& descriptor, std::string_view path) -> Result<void> {
    const std::string_view digest = descriptor["digest"].as_string();
    if (!oci::is_digest(digest)) return malformed(fmt::format("{}.digest: \"{}\" is no sha256 digest", path, digest));
    // Content that is kept elsewhere (foreign layers) is not asked for here.
    if (!descriptor["urls"].is_array()) out.emplace_back(digest);
    return {};
  };
  if (root["config"].is_object()) TRY(add(root["config"], "config"));
  for (const std::string_view field : {"layers", "blobs", "manifests"}) {
    if (!root[field].is_array()) continue;
    std::size_t at = 0;
    for (const Value& descriptor : root[field].items()) TRY(add(descriptor, fmt::format("{}[{}]", field, at++)));
  }
  return out;
}

Result<Document> parse_manifest(std::string_view content) {
  auto parsed = parse_json(content);
  if (!parsed.ok()) return malformed(parsed.error().message());
  if (!parsed->root().is_object()) return malformed("it is no object");
  if (parsed->root()["schemaVersion"].as_int() != 2) return malformed("schemaVersion is not 2");
  return std::move(*parsed);
}

void append_descriptor(std::string& out, const oci::LayoutEntry& entry, const Value& root, std::string_view artifact_type) {
  out += fmt::format("{}{{\"mediaType\":", out.ends_with('[') ? "" : ",");
  append_json_string(out, entry.media_type);
  out += fmt::format(",\"digest\":\"{}\",\"size\":{},\"artifactType\":", entry.digest, entry.size);
  append_json_string(out, artifact_type);
  if (root["annotations"].is_object()) out += ",\"annotations\":" + to_json(root["annotations"]);
  out += '}';
}

}  // namespace

std::string whole_repository(std::string_view repository) {
  const std::string_view first = repository.substr(0, repository.find('/'));
  const bool host = first.size() < repository.size() && (first.find('.') != std::string_view::npos || first == "localhost");
  return host ? std::string(repository) : std::string(kOwnHost) + std::string(repository);
}

Result<void> ImageStore::open() {
  TRY(disk_.make_directories(folder_ + "/blobs/sha256"));
  TRY(disk_.make_directories(folder_ + "/uploads"));
  for (const std::string& name : TRY(disk_.list(folder_ + "/uploads"))) TRY(disk_.remove(folder_ + "/uploads/" + name));
  return {};
}

Result<std::vector<oci::LayoutEntry>> ImageStore::read_index() {
  auto text = read_file(disk_, folder_ + "/index.json", oci::kIndexBytesMax);
  if (!text.ok() && text.error().reason() == Reason::kNotFound) return std::vector<oci::LayoutEntry>();
  if (!text.ok()) return std::move(text).error();
  return oci::parse_index(*text);
}

Result<void> ImageStore::write_index(const std::vector<oci::LayoutEntry>& entries) {
  const std::string text = oci::print_index(entries);
  if (text.size() > oci::kIndexBytesMax) {
    return Error(Reason::kInsufficientStorage,
                 fmt::format("the registry's index would get {} bytes, the limit is {}: delete some tags", text.size(),
                             oci::kIndexBytesMax));
  }
  TRY(write_file_atomically(disk_, folder_ + "/oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
  return write_file_atomically(disk_, folder_ + "/index.json", text);
}

Result<StoredManifest> ImageStore::put_manifest(std::string_view repository, std::string_view reference, std::string media_type,
                                                const std::string& content) {
  const Document document = TRY(parse_manifest(content));
  const Value root = document.root();
  StoredManifest out{oci::sha256_digest(content), std::string(root["subject"]["digest"].as_string()), false};
  if (oci::is_digest(reference) && reference != out.digest) {
    return bad_request(fmt::format("the content's digest is {}, not {}", out.digest, reference));
  }
  if (root["subject"].is_object() && !oci::is_digest(out.subject)) return malformed("subject.digest is no sha256 digest");
  oci::LayoutEntry entry{entry_name(repository, reference), media_type_of(root, media_type), out.digest, content.size()};
  if (auto name = oci::parse_reference(entry.name); !name.ok()) return std::move(name).error();
  const auto lock = TRY(disk_.lock(oci::lock_path(folder_)));
  for (const std::string& digest : TRY(content_of(root))) {
    if (!TRY(blob_size(digest))) return not_found(fmt::format("the manifest names {}, which was not pushed", digest));
  }
  touch(out.digest);
  TRY(write_file_atomically(disk_, oci::blob_path(folder_, out.digest), content));
  std::vector<oci::LayoutEntry> entries = TRY(read_index());
  const auto same =
      std::find_if(entries.begin(), entries.end(), [&](const oci::LayoutEntry& one) { return one.name == entry.name; });
  out.changed = same == entries.end() || same->digest != entry.digest || same->media_type != entry.media_type;
  if (!out.changed) return out;
  if (same == entries.end())
    entries.push_back(std::move(entry));
  else
    *same = std::move(entry);
  TRY(write_index(entries));
  return out;
}

Result<bool> ImageStore::remove_manifest(std::string_view repository, std::string_view reference) {
  const auto lock = TRY(disk_.lock(oci::lock_path(folder_)));
  std::vector<oci::LayoutEntry> entries = TRY(read_index());
  const std::string whole = whole_repository(repository), name = entry_name(repository, reference);
  const bool by_digest = oci::is_digest(reference);
  const std::size_t removed = std::erase_if(entries, [&](const oci::LayoutEntry& entry) {
    return by_digest ? entry.digest == reference && !suffix_of(entry, whole).empty() : entry.name == name;
  });
  if (removed == 0) return false;
  TRY(write_index(entries));
  if (!by_digest || TRY(reachable(entries)).contains(std::string(reference))) return true;
  TRY(disk_.remove(oci::blob_path(folder_, reference)));
  return true;
}

Result<std::vector<std::string>> ImageStore::tags(std::string_view repository) {
  const std::string whole = whole_repository(repository);
  std::vector<std::string> out;
  bool known = false;
  for (const oci::LayoutEntry& entry : TRY(read_index())) {
    const std::string_view suffix = suffix_of(entry, whole);
    known = known || !suffix.empty();
    if (suffix.starts_with(':')) out.emplace_back(suffix.substr(1));
  }
  if (!known) return not_found(fmt::format("there is no repository {}", repository));
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::vector<std::string>> ImageStore::repositories() {
  std::set<std::string> out;
  for (const oci::LayoutEntry& entry : TRY(read_index())) {
    const auto name = oci::parse_reference(entry.name);
    if (!name.ok()) continue;
    const std::string whole = name->host + "/" + name->repository;
    out.insert(whole.starts_with(kOwnHost) ? whole.substr(kOwnHost.size()) : whole);
  }
  return std::vector<std::string>(out.begin(), out.end());
}

Result<std::string> ImageStore::referrers(std::string_view repository, std::string_view digest,
                                          std::string_view artifact_type) {
  const std::string whole = whole_repository(repository);
  std::string out = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)";
  std::set<std::string> told;
  for (const oci::LayoutEntry& entry : TRY(read_index())) {
    if (suffix_of(entry, whole).empty() || told.contains(entry.digest)) continue;
    const auto content = read_file(disk_, oci::blob_path(folder_, entry.digest), kManifestBytesMax);
    if (!content.ok()) continue;
    const auto document = parse_json(*content);
    if (!document.ok() || document->root()["subject"]["digest"].as_string() != digest) continue;
    const Value root = document->root();
    std::string_view type = root["artifactType"].as_string();
    if (type.empty()) type = root["config"]["mediaType"].as_string();
    if (!artifact_type.empty() && type != artifact_type) continue;
    told.insert(entry.digest);
    append_descriptor(out, entry, root, type);
  }
  return out + "]}";
}

Result<std::optional<std::uint64_t>> ImageStore::blob_size(std::string_view digest) {
  touch(digest);
  auto file = disk_.open(oci::blob_path(folder_, digest), OpenMode::kRead);
  if (!file.ok() && file.error().reason() == Reason::kNotFound) return std::optional<std::uint64_t>();
  if (!file.ok()) return std::move(file).error();
  return std::optional<std::uint64_t>(TRY((*file)->size()));
}

Result<void> ImageStore::adopt_blob(const std::string& path, std::string_view digest) {
  touch(digest);
  TRY(disk_.rename(path, oci::blob_path(folder_, digest)));
  return disk_.sync_directory(folder_ + "/blobs/sha256");
}

void ImageStore::touch(std::string_view digest) {
  const std::lock_guard guard(mutex_);
  const auto found = unnamed_since_ns_.find(digest.substr(kDigestPrefix.size()));
  if (found != unnamed_since_ns_.end()) found->second = clock_.monotonic_ns();
}

// The entries' manifests and all that they are made of. A manifest that cannot be read keeps nothing else alive.
Result<std::set<std::string>> ImageStore::reachable(const std::vector<oci::LayoutEntry>& entries) {
  std::set<std::string> out;
  std::vector<std::string> open;
  for (const oci::LayoutEntry& entry : entries) open.push_back(entry.digest);
  while (!open.empty()) {
    const std::string digest = std::move(open.back());
    open.pop_back();
    if (!oci::is_digest(digest) || !out.insert(digest).second) continue;  // what was imported may say anything
    const auto content = read_file(disk_, oci::blob_path(folder_, digest), kManifestBytesMax);
    if (!content.ok() && content.error().reason() != Reason::kNotFound)
      return Error(content.error().reason(), content.error().message());
    const auto document = content.ok() ? parse_json(*content) : Result<Document>(not_found(digest));
    if (!document.ok()) continue;
    const Value root = document->root();
    for (const Value& child : root["manifests"].items()) open.emplace_back(child["digest"].as_string());
    out.emplace(root["config"]["digest"].as_string());
    for (const std::string_view field : {"layers", "blobs"}) {
      for (const Value& blob : root[field].items()) out.emplace(blob["digest"].as_string());
    }
  }
  return out;
}

Result<std::size_t> ImageStore::sweep() {
  const auto lock = TRY(disk_.lock(oci::lock_path(folder_)));
  const std::set<std::string> named = TRY(reachable(TRY(read_index())));
  const std::int64_t now = clock_.monotonic_ns();
  const std::string blobs = folder_ + "/blobs/sha256";
  std::vector<std::string> gone;
  {
    std::map<std::string, std::int64_t, std::less<>> unnamed;
    const std::vector<std::string> files = TRY(disk_.list(blobs));
    const std::lock_guard guard(mutex_);
    for (const std::string& name : files) {
      if (named.contains(std::string(kDigestPrefix) + name)) continue;
      const auto before = unnamed_since_ns_.find(name);
      const std::int64_t since = before == unnamed_since_ns_.end() ? now : before->second;
      if (now - since >= kGrace.count())
        gone.push_back(name);
      else
        unnamed.emplace(name, since);
    }
    unnamed_since_ns_ = std::move(unnamed);
  }
  for (const std::string& name : gone) TRY(disk_.remove(blobs + "/" + name));
  return gone.size();
}

}  // namespace plinth::registry

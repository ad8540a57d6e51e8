#include "oci/layout.h"

#include <fmt/core.h>

#include "base/json.h"
#include "oci/digest.h"
#include "oci/reference.h"

namespace plinth::oci {
namespace {

constexpr std::size_t kManifestBytesMax = 4 * 1024 * 1024;  // as registries
constexpr std::string_view kNameAnnotation = "io.containerd.image.name";
constexpr std::string_view kRefAnnotation = "org.opencontainers.image.ref.name";

std::string entry_name(const Value& annotations) {
  for (const std::string_view key : {kNameAnnotation, kRefAnnotation}) {
    const std::string_view text = annotations[key].as_string();
    if (text.find('/') == std::string_view::npos && key == kRefAnnotation) continue;  // a tag alone
    if (auto parsed = parse_reference(text); parsed.ok()) return parsed->text();
  }
  return "";
}

// The manifest of a digest: a blob that says that it is one.
Result<std::optional<Manifest>> read_manifest(Disk& disk, const std::string& folder, const std::string& digest,
                                              std::string media_type) {
  auto content = read_file(disk, blob_path(folder, digest), kManifestBytesMax);
  if (!content.ok()) {
    const Reason reason = content.error().reason();
    if (reason == Reason::kNotFound || reason == Reason::kBadRequest) return std::optional<Manifest>();
    return std::move(content).error();
  }
  if (media_type.empty()) {
    const auto parsed = parse_json(*content);
    if (!parsed.ok() || parsed->root()["schemaVersion"].as_int() != 2) return std::optional<Manifest>();
    media_type = parsed->root()["mediaType"].as_string();
    if (media_type.empty()) {
      media_type = parsed->root()["manifests"].is_array() ? "application/vnd.oci.image.index.v1+json"
                                                          : "application/vnd.oci.image.manifest.v1+json";
    }
  }
  return std::optional<Manifest>(Manifest{std::move(media_type), digest, SharedBytes(std::move(*content))});
}

Result<std::optional<Manifest>> find_manifest(Disk& disk, const std::string& folder, const ManifestQuery& query) {
  if (is_digest(query.reference)) return read_manifest(disk, folder, query.reference, "");
  auto text = read_file(disk, folder + "/index.json", kIndexBytesMax);
  if (!text.ok() && text.error().reason() == Reason::kNotFound) return std::optional<Manifest>();
  if (!text.ok()) return std::move(text).error();
  const std::string name = fmt::format("{}/{}:{}", query.host, query.repository, query.reference);
  for (const LayoutEntry& entry : TRY(parse_index(*text))) {
    if (entry.name == name) return read_manifest(disk, folder, entry.digest, entry.media_type);
  }
  return std::optional<Manifest>();
}

// Runs `work` on the pool and `done` with what it gives on the loop.
template <typename T>
void run_on(Pool& pool, Loop& loop, UniqueFunction<Result<T>()> work, UniqueFunction<void(Result<T>)> done) {
  auto finish = std::make_shared<UniqueFunction<void(Result<T>)>>(std::move(done));
  auto started = pool.run([&loop, work = std::move(work), finish] {
    auto result = std::make_shared<Result<T>>(work());
    loop.post([finish, result] { (*finish)(std::move(*result)); });
  });
  if (!started.ok()) (*finish)(std::move(started).error());
}

class FileBlob final : public Blob {
 public:
  FileBlob(std::shared_ptr<File> file, std::uint64_t size, Pool& pool, Loop& loop)
      : file_(std::move(file)), size_(size), pool_(pool), loop_(loop) {}
  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::size_t bytes, UniqueFunction<void(Result<SharedBytes>)> done) override {
    run_on<SharedBytes>(
        pool_, loop_,
        [file = file_, offset, bytes]() -> Result<SharedBytes> {
          std::string piece(bytes, '\0');
          const std::size_t n = TRY(file->read_at(offset, piece));
          if (n != bytes) return internal_error("a blob is shorter than it was");
          return SharedBytes(std::move(piece));
        },
        std::move(done));
  }

 private:
  std::shared_ptr<File> file_;
  std::uint64_t size_;
  Pool& pool_;
  Loop& loop_;
};

}  // namespace

Result<std::vector<LayoutEntry>> parse_index(std::string_view text) {
  const auto parsed = TRY(parse_json(text));
  const Value list = parsed.root()["manifests"];
  if (!list.is_array()) return bad_request("index.json: manifests is not a list");
  std::vector<LayoutEntry> out;
  for (const Value& entry : list.items()) {
    LayoutEntry one{entry_name(entry["annotations"]), std::string(entry["mediaType"].as_string()),
                    std::string(entry["digest"].as_string()),
                    static_cast<std::uint64_t>(std::max<std::int64_t>(entry["size"].as_int(), 0))};
    if (!is_digest(one.digest))
      return bad_request(fmt::format("index.json: manifests[{}].digest: \"{}\" is no sha256 digest", out.size(), one.digest));
    out.push_back(std::move(one));
  }
  return out;
}

std::string print_index(const std::vector<LayoutEntry>& entries) {
  std::string out = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)";
  for (const LayoutEntry& entry : entries) {
    if (&entry != entries.data()) out += ',';
    out += "{\"mediaType\":";
    append_json_string(out, entry.media_type);
    out += fmt::format(R"(,"digest":"{}","size":{})", entry.digest, entry.size);
    if (!entry.name.empty()) {
      out += fmt::format(R"(,"annotations":{{"{}":)", kNameAnnotation);
      append_json_string(out, entry.name);
      out += '}';
    }
    out += '}';
  }
  return out + "]}\n";
}

std::string lock_path(const std::string& folder) { return folder + "/LOCK"; }

std::string blob_path(const std::string& folder, std::string_view digest) {
  constexpr std::size_t kPrefix = 7;  // "sha256:"
  return fmt::format("{}/blobs/sha256/{}", folder, digest.substr(kPrefix));
}

void LayoutImages::manifest(ManifestQuery query, ManifestDone done) {
  run_on<std::optional<Manifest>>(
      pool_, loop_, [this, query = std::move(query)] { return find_manifest(disk_, folder_, query); }, std::move(done));
}

void LayoutImages::blob(std::string digest, BlobDone done) {
  if (!is_digest(digest)) return done(std::unique_ptr<Blob>());
  run_on<std::unique_ptr<Blob>>(
      pool_, loop_,
      [this, digest = std::move(digest)]() -> Result<std::unique_ptr<Blob>> {
        auto file = disk_.open(blob_path(folder_, digest), OpenMode::kRead);
        if (!file.ok() && file.error().reason() == Reason::kNotFound) return std::unique_ptr<Blob>();
        if (!file.ok()) return std::move(file).error();
        const std::uint64_t size = TRY((*file)->size());
        return std::unique_ptr<Blob>(std::make_unique<FileBlob>(std::shared_ptr<File>(std::move(*file)), size, pool_, loop_));
      },
      std::move(done));
}

}  // namespace plinth::oci

#include "oci/import.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

#include <fmt/core.h>
#include <openssl/evp.h>

#include "base/hex.h"
#include "base/json.h"
#include "oci/digest.h"
#include "oci/image.h"
#include "oci/layout.h"
#include "oci/reference.h"

namespace plinth::oci {
namespace {

constexpr std::size_t kBlock = 512, kPieceBytes = 1024 * 1024;
constexpr std::string_view kBlobs = "blobs/sha256/";
constexpr std::uint64_t kEntriesMax = 100'000;

struct TarEntry {
  std::string name;
  std::uint64_t offset = 0, size = 0;  // of the content
  std::string link;                    // of a symbolic link: where it points to
};

Error wrong(std::string_view what) { return bad_request(fmt::format("the archive is no tar of images: {}", what)); }

// Octal digits, or a big-endian number where the first bit is set (GNU, for what is larger).
std::optional<std::uint64_t> read_number(std::string_view field) {
  std::uint64_t value = 0;
  if ((static_cast<unsigned char>(field[0]) & 0x80) != 0) {
    for (std::size_t i = field.size() - 8; i < field.size(); ++i) value = value << 8 | static_cast<unsigned char>(field[i]);
    return value;
  }
  const std::size_t first = field.find_first_not_of(' ');
  if (first == std::string_view::npos) return std::nullopt;
  const auto [end, error] = std::from_chars(field.data() + first, field.data() + field.size(), value, 8);
  if (error != std::errc() && *(field.data() + first) != '\0') return std::nullopt;
  return value;
}

bool checksum_holds(std::string_view header) {
  constexpr std::size_t kAt = 148, kSize = 8;
  unsigned sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i)
    sum += i >= kAt && i < kAt + kSize ? ' ' : static_cast<unsigned char>(header[i]);
  return read_number(header.substr(kAt, kSize)) == sum;
}

// The plain files and links of a tar; names of a layout are short, so that long-name extensions are of no interest.
Result<std::vector<TarEntry>> list_files(File& file) {
  std::vector<TarEntry> out;
  const std::uint64_t end = TRY(file.size());
  std::uint64_t at = 0;
  for (std::uint64_t entries = 0; at + kBlock <= end; ++entries) {
    if (entries > kEntriesMax) return wrong("it has too many entries");
    std::string header(kBlock, '\0');
    TRY(file.read_at(at, header));
    if (header.find_first_not_of('\0') == std::string::npos) break;
    if (header.starts_with("\x1F\x8B")) return wrong("it is compressed (gunzip it first)");
    if (!checksum_holds(header)) return wrong(fmt::format("byte {} is not the head of an entry", at));
    const auto size = read_number(std::string_view(header).substr(124, 12));
    if (!size || *size > end - at - kBlock) return wrong(fmt::format("the entry at byte {} is longer than the archive", at));
    std::string name = header.substr(0, std::min<std::size_t>(header.find('\0'), 100));
    if (name.starts_with("./")) name.erase(0, 2);
    const char type = header[156];
    if (type == '0' || type == '\0') out.push_back({std::move(name), at + kBlock, *size, ""});
    if (type == '2') {
      const std::string target = header.substr(157, 100);
      out.push_back({std::move(name), 0, 0, target.substr(0, target.find('\0'))});
    }
    at += kBlock + (*size + kBlock - 1) / kBlock * kBlock;
  }
  return out;
}

// "a/layer.tar" whose link says "../b/layer.tar": "b/layer.tar".
std::string link_target(const TarEntry& entry) {
  std::string folder = entry.name.substr(0, entry.name.rfind('/') == std::string::npos ? 0 : entry.name.rfind('/'));
  std::string_view rest = entry.link;
  while (rest.starts_with("../")) {
    rest.remove_prefix(3);
    folder.resize(folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/'));
  }
  return folder.empty() ? std::string(rest) : folder + "/" + std::string(rest);
}

struct HashFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class Import {
 public:
  Import(Disk& disk, File& archive, std::string folder) : disk_(disk), archive_(archive), folder_(std::move(folder)) {}

  Result<Imported> run(const std::string& name) {
    for (TarEntry& entry : TRY(list_files(archive_))) files_.emplace(entry.name, entry);
    TRY(disk_.make_directories(folder_ + "/blobs/sha256"));
    std::vector<LayoutEntry> entries;
    if (!files_.contains("index.json") && files_.contains("manifest.json")) {
      entries = TRY(docker_images(!name.empty()));
      TRY(give_names(entries, name));
    } else {
      entries = TRY(parse_index(TRY(read_entry("index.json"))));
      TRY(give_names(entries, name));
      for (const auto& [path, entry] : files_) {
        if (path.starts_with(kBlobs)) TRY(copy_blob(entry));
      }
    }
    TRY(disk_.sync_directory(folder_ + "/blobs/sha256"));
    for (const LayoutEntry& entry : entries) {
      if (!disk_.open(blob_path(folder_, entry.digest), OpenMode::kRead).ok())
        return wrong("the manifest " + entry.digest + " is missing");
    }
    TRY(merge_index(std::move(entries)));
    return std::move(done_);
  }

 private:
  Result<std::string> read_entry(const std::string& name) {
    const auto found = files_.find(name);
    if (found == files_.end()) return wrong(name + " is missing");
    if (found->second.size > kIndexBytesMax) return wrong(name + " is too long");
    std::string content(found->second.size, '\0');
    TRY(archive_.read_at(found->second.offset, content));
    return content;
  }

  // The images of an archive as `docker save` made it before 2024 and skopeo makes docker-archive: manifest.json names a config
  // and layers, by path. One entry for each name; without names one for each image.
  Result<std::vector<LayoutEntry>> docker_images(bool renamed) {
    const auto parsed = TRY(parse_json(TRY(read_entry("manifest.json"))));
    if (!parsed.root().is_array()) return wrong("manifest.json is not a list");
    std::vector<LayoutEntry> out;
    for (const Value& image : parsed.root().items()) {
      const std::string manifest = TRY(docker_manifest(image));
      LayoutEntry entry{"", std::string(kManifestType), sha256_digest(manifest), manifest.size()};
      TRY(write_file_atomically(disk_, blob_path(folder_, entry.digest), manifest));
      if (renamed || image["RepoTags"].items().empty()) out.push_back(entry);
      if (renamed) continue;
      for (const Value& tag : image["RepoTags"].items()) {
        entry.name = TRY(parse_reference(tag.as_string())).text();
        out.push_back(entry);
      }
    }
    if (out.empty()) return wrong("manifest.json names no image");
    return out;
  }

  Result<std::string> docker_manifest(const Value& image) {
    const std::string config = TRY(read_entry(std::string(image["Config"].as_string())));
    const std::string config_digest = sha256_digest(config);
    TRY(write_file_atomically(disk_, blob_path(folder_, config_digest), config));
    std::string layers;
    for (const Value& layer : image["Layers"].items()) {
      const TarEntry* entry = TRY(find_file(std::string(layer.as_string())));
      std::string magic(2, '\0');
      const bool gzip = entry->size > 2 && TRY(archive_.read_at(entry->offset, magic)) == 2 && magic == "\x1F\x8B";
      layers += fmt::format(R"({}{{"mediaType":"{}{}","digest":"{}","size":{}}})", layers.empty() ? "" : ",", kLayerType,
                            gzip ? "+gzip" : "", TRY(store_layer(*entry)), entry->size);
    }
    return fmt::format(
        R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","digest":"{}","size":{}}},"layers":[{}]}})",
        kManifestType, kConfigType, config_digest, config.size(), layers);
  }

  // Through one link: a layer that several images share is in the archive once.
  Result<const TarEntry*> find_file(const std::string& name) {
    auto found = files_.find(name);
    if (found != files_.end() && !found->second.link.empty()) found = files_.find(link_target(found->second));
    if (found == files_.end() || !found->second.link.empty()) return wrong(name + " is missing");
    return &found->second;
  }

  Result<std::string> store_layer(const TarEntry& entry) {
    const std::string temporary = folder_ + "/blobs/sha256/layer.tmp";
    auto out = TRY(disk_.open(temporary, OpenMode::kCreate));
    TRY(out->truncate(0));
    std::string digest = TRY(copy(entry, *out));
    TRY(out->sync());
    ++done_.blobs;
    done_.bytes += entry.size;
    TRY(disk_.rename(temporary, blob_path(folder_, digest)));
    return digest;
  }

  Result<void> give_names(std::vector<LayoutEntry>& entries, const std::string& name) {
    if (!name.empty()) {
      if (entries.size() != 1) return wrong(fmt::format("it holds {} images, and one name is given", entries.size()));
      entries[0].name = TRY(parse_reference(name)).text();
    }
    for (const LayoutEntry& entry : entries) {
      if (entry.name.empty())
        return bad_request(fmt::format("image {} has no name in the archive: give it one with --name", entry.digest));
      done_.names.push_back(entry.name);
    }
    return {};
  }

  Result<void> copy_blob(const TarEntry& entry) {
    const std::string digest = "sha256:" + entry.name.substr(kBlobs.size());
    if (!is_digest(digest)) return wrong(fmt::format("{} is no name of a blob", entry.name));
    const std::string path = blob_path(folder_, digest);
    if (auto there = disk_.open(path, OpenMode::kRead); there.ok() && TRY((*there)->size()) == entry.size) return {};
    const std::string temporary = path + ".tmp";
    {
      auto out = TRY(disk_.open(temporary, OpenMode::kCreate));
      TRY(out->truncate(0));
      const std::string found = TRY(copy(entry, *out));
      if (found != digest) {
        (void)disk_.remove(temporary);
        return wrong(fmt::format("the content of {} has another digest: {}", entry.name, found));
      }
      TRY(out->sync());
    }
    ++done_.blobs;
    done_.bytes += entry.size;
    return disk_.rename(temporary, path);
  }

  // The digest of what was copied.
  Result<std::string> copy(const TarEntry& entry, File& out) {
    const std::unique_ptr<EVP_MD_CTX, HashFree> hash(EVP_MD_CTX_new());
    if (!hash || EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) != 1) return internal_error("SHA-256 is not to be had");
    std::string piece;
    for (std::uint64_t at = 0; at < entry.size; at += piece.size()) {
      piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(entry.size - at, kPieceBytes)));
      if (TRY(archive_.read_at(entry.offset + at, piece)) != piece.size()) return wrong("it ends too early");
      EVP_DigestUpdate(hash.get(), piece.data(), piece.size());
      TRY(out.write_at(at, piece));
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(hash.get(), digest, &size);
    return "sha256:" + hex_encode({reinterpret_cast<const char*>(digest), size});
  }

  Result<void> merge_index(std::vector<LayoutEntry> added) {
    auto before = read_file(disk_, folder_ + "/index.json", kIndexBytesMax);
    if (!before.ok() && before.error().reason() != Reason::kNotFound) return std::move(before).error();
    if (before.ok()) {
      for (LayoutEntry& entry : TRY(parse_index(*before))) {
        const bool replaced =
            std::any_of(added.begin(), added.end(), [&](const LayoutEntry& one) { return one.name == entry.name; });
        if (!replaced) added.push_back(std::move(entry));
      }
    }
    TRY(write_file_atomically(disk_, folder_ + "/oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
    return write_file_atomically(disk_, folder_ + "/index.json", print_index(added));
  }

  Disk& disk_;
  File& archive_;
  std::string folder_;
  std::map<std::string, TarEntry> files_;
  Imported done_;
};

}  // namespace

Result<Imported> import_archive(Disk& disk, const std::string& archive, const std::string& folder, const std::string& name) {
  const auto file = TRY(disk.open(archive, OpenMode::kRead));
  return Import(disk, *file, folder).run(name);
}

}  // namespace plinth::oci

#include "oci/import.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

#include "base/hex.h"
#include "oci/digest.h"
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
};

Error wrong(std::string_view what) { return bad_request(fmt::format("the archive is no tar of an OCI image layout: {}", what)); }

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
  for (std::size_t i = 0; i < header.size(); ++i) sum += i >= kAt && i < kAt + kSize ? ' ' : static_cast<unsigned char>(header[i]);
  return read_number(header.substr(kAt, kSize)) == sum;
}

// The plain files of a tar; names of a layout are short, so that long-name extensions are of no interest.
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
    if (type == '0' || type == '\0') out.push_back({std::move(name), at + kBlock, *size});
    at += kBlock + (*size + kBlock - 1) / kBlock * kBlock;
  }
  return out;
}

struct HashFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class Import {
 public:
  Import(Disk& disk, File& archive, std::string folder) : disk_(disk), archive_(archive), folder_(std::move(folder)) {}

  Result<Imported> run(const std::string& name) {
    for (TarEntry& entry : TRY(list_files(archive_))) files_.emplace(entry.name, entry);
    std::vector<LayoutEntry> entries = TRY(parse_index(TRY(read_entry("index.json"))));
    TRY(give_names(entries, name));
    TRY(disk_.make_directories(folder_ + "/blobs/sha256"));
    for (const auto& [path, entry] : files_) {
      if (path.starts_with(kBlobs)) TRY(copy_blob(entry));
    }
    TRY(disk_.sync_directory(folder_ + "/blobs/sha256"));
    for (const LayoutEntry& entry : entries) {
      if (!disk_.open(blob_path(folder_, entry.digest), OpenMode::kRead).ok()) return wrong("the manifest " + entry.digest + " is missing");
    }
    TRY(merge_index(std::move(entries)));
    return std::move(done_);
  }

 private:
  Result<std::string> read_entry(const std::string& name) {
    const auto found = files_.find(name);
    if (found == files_.end()) return wrong(fmt::format("{} is missing (an archive of an old `docker save` can be turned into one with skopeo)", name));
    if (found->second.size > kIndexBytesMax) return wrong(name + " is too long");
    std::string content(found->second.size, '\0');
    TRY(archive_.read_at(found->second.offset, content));
    return content;
  }

  Result<void> give_names(std::vector<LayoutEntry>& entries, const std::string& name) {
    if (!name.empty()) {
      if (entries.size() != 1) return wrong(fmt::format("it holds {} images, and one name is given", entries.size()));
      entries[0].name = TRY(parse_reference(name)).text();
    }
    for (const LayoutEntry& entry : entries) {
      if (entry.name.empty()) return bad_request(fmt::format("image {} has no name in the archive: give it one with --name", entry.digest));
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
        const bool replaced = std::any_of(added.begin(), added.end(), [&](const LayoutEntry& one) { return one.name == entry.name; });
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

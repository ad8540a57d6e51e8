#include "oci/tar_writer.h"

#include <array>
#include <cstring>

#include <fmt/core.h>

namespace plinth::oci {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameMax = 100;

// Offsets of POSIX.1-1988 ustar.
struct Field {
  std::size_t offset, size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kTime{136, 12}, kChecksum{148, 8},
    kType{156, 1}, kLink{157, 100}, kMagic{257, 8}, kOwner{265, 32}, kGroup{297, 32};

using Header = std::array<char, kBlock>;

void put(Header& header, Field field, std::string_view text) {
  std::memcpy(header.data() + field.offset, text.data(), text.size());
}
void put_octal(Header& header, Field field, std::uint64_t number) {
  put(header, field, fmt::format("{:0{}o}", number, field.size - 1));
}

void put_checksum(Header& header) {
  std::memset(header.data() + kChecksum.offset, ' ', kChecksum.size);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, kChecksum, fmt::format("{:06o}", sum));
  header[kChecksum.offset + 6] = '\0';
}

}  // namespace

Result<void> TarWriter::add_header(std::string_view path, char type, std::uint32_t mode, std::size_t size,
                                   std::string_view link) {
  if (path.empty() || path.size() > kNameMax || link.size() > kNameMax) {
    return bad_request(fmt::format("archive entry \"{}\": a path has 1 to {} bytes here", path, kNameMax));
  }
  Header header{};
  put(header, kName, path);
  put_octal(header, kMode, mode);
  put_octal(header, kUid, 0);
  put_octal(header, kGid, 0);
  put_octal(header, kSize, size);
  put_octal(header, kTime, 0);
  put(header, kType, std::string_view(&type, 1));
  put(header, kLink, link);
  put(header, kMagic, std::string_view("ustar\00000", 8));
  put(header, kOwner, "root");
  put(header, kGroup, "root");
  put_checksum(header);
  out_.append(header.data(), header.size());
  return {};
}

Result<void> TarWriter::add_directory(std::string_view path, std::uint32_t mode) {
  return add_header(std::string(path) + (path.ends_with('/') ? "" : "/"), '5', mode, 0, "");
}

Result<void> TarWriter::add_file(std::string_view path, std::uint32_t mode, std::string_view content) {
  TRY(add_header(path, '0', mode, content.size(), ""));
  out_ += content;
  out_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
  return {};
}

Result<void> TarWriter::add_link(std::string_view path, std::string_view target) {
  return add_header(path, '2', 0777, 0, target);
}

std::string TarWriter::finish() {
  out_.append(2 * kBlock, '\0');
  return std::exchange(out_, {});
}

}  // namespace plinth::oci

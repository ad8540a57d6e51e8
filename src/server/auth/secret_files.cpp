#include "server/auth/secret_files.h"

#include <algorithm>
#include <array>

#include "base/directories.h"
#include "server/auth/base64url.h"

namespace plinth::server::auth {
namespace {

constexpr std::uint64_t kSecretBytesMax = 1 << 20;
constexpr std::size_t kTokenBytes = 32;

}  // namespace

Result<std::optional<std::string>> DiskSecretFiles::read(std::string_view name) {
  auto content = read_file(disk_, directory_ + "/" + std::string(name), kSecretBytesMax);
  if (content.ok()) return std::optional<std::string>(std::move(content).value());
  if (content.error().reason() == Reason::kNotFound) return std::optional<std::string>();
  return std::move(content).error();
}

Result<void> DiskSecretFiles::write(std::string_view name, std::string_view content) {
  if (auto made = make_durable_directories(disk_, directory_, 0700); !made.ok()) return made;
  return write_file_atomically(disk_, directory_ + "/" + std::string(name), content, 0600);
}

Result<std::optional<std::string>> MemorySecretFiles::read(std::string_view name) {
  std::lock_guard lock(mutex_);
  const auto found = contents_.find(name);
  return found == contents_.end() ? std::optional<std::string>() : std::optional<std::string>(found->second);
}

Result<void> MemorySecretFiles::write(std::string_view name, std::string_view content) {
  std::lock_guard lock(mutex_);
  contents_.insert_or_assign(std::string(name), std::string(content));
  return {};
}

Result<std::string> load_or_make_token(SecretFiles& files, std::string_view name, Entropy& entropy) {
  std::optional<std::string> kept = TRY(files.read(name));
  if (kept) {
    while (!kept->empty() && (kept->back() == '\n' || kept->back() == '\r' || kept->back() == ' ')) kept->pop_back();
    if (kept->empty()) return internal_error("the file " + std::string(name) + " is empty: delete it to have a new one made");
    return std::move(*kept);
  }
  std::array<unsigned char, kTokenBytes> bytes{};
  entropy.fill(bytes);
  std::string token = base64url_encode(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  if (auto written = files.write(name, token + "\n"); !written.ok()) return std::move(written).error();
  return token;
}

}  // namespace plinth::server::auth

#include "base/world.h"

#include <fmt/core.h>

namespace plinth {

Result<std::unique_ptr<Listener>> Network::listen_shared(std::span<Loop* const> loops, const std::string& address,
                                                         std::shared_ptr<TlsServerContext> tls, AcceptHandler accept) {
  return listen(*loops.front(), address, std::move(tls), std::move(accept));
}

Result<std::string> read_file(Disk& disk, const std::string& path, std::uint64_t bytes_max) {
  auto file = TRY(disk.open(path, OpenMode::kRead));
  const std::uint64_t size = TRY(file->size());
  if (size > bytes_max) {
    return bad_request(fmt::format("{} has {} bytes, more than the {} that are read", path, size, bytes_max));
  }
  std::string content(size, '\0');
  content.resize(TRY(file->read_at(0, content)));
  return content;
}

Result<void> write_file_atomically(Disk& disk, const std::string& path, std::string_view data, int permissions) {
  const std::string temporary = path + ".tmp";
  {
    auto file = TRY(disk.open(temporary, OpenMode::kCreate, permissions));
    TRY(file->truncate(0));
    TRY(file->write_at(0, data));
    TRY(file->sync());
  }
  TRY(disk.rename(temporary, path));
  const std::size_t slash = path.rfind('/');
  return disk.sync_directory(slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash));
}

}  // namespace plinth

// A File over a descriptor.
#pragma once

#include <atomic>
#include <string>

#include "base/world.h"
#include "world_real/unique_fd.h"

namespace plinth::world_real {

class RealFile final : public File {
 public:
  RealFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override;
  Result<void> write_at(std::uint64_t offset, std::string_view data) override;
  Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override;
  Result<void> sync() override;
  Result<void> truncate(std::uint64_t size) override;
  Result<std::uint64_t> size() override;

 private:
  Result<void> check_usable() const;

  UniqueFd fd_;
  std::string path_;
  // After a failed fdatasync the kernel may have dropped the dirty pages and report success the next time; so nothing
  // is written to this file any more.
  std::atomic<bool> sync_failed_{false};
};

}  // namespace plinth::world_real

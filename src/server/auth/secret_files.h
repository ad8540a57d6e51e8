// Secrets that the server makes at its first start and needs again at every later one.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/world.h"

namespace plinth::server::auth {

// Named small secrets. Thread-safe as far as one name is written by one thread at a time.
class SecretFiles {
 public:
  virtual ~SecretFiles() = default;
  // Nothing when it was never written.
  virtual Result<std::optional<std::string>> read(std::string_view name) = 0;
  virtual Result<void> write(std::string_view name, std::string_view content) = 0;
};

// Files of mode 0600 in a directory of mode 0700.
class DiskSecretFiles final : public SecretFiles {
 public:
  DiskSecretFiles(Disk& disk, std::string directory) : disk_(disk), directory_(std::move(directory)) {}
  Result<std::optional<std::string>> read(std::string_view name) override;
  Result<void> write(std::string_view name, std::string_view content) override;

 private:
  Disk& disk_;
  std::string directory_;
};

// For `--data-dir :memory:`.
class MemorySecretFiles final : public SecretFiles {
 public:
  Result<std::optional<std::string>> read(std::string_view name) override;
  Result<void> write(std::string_view name, std::string_view content) override;

 private:
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> contents_;
};

// A random text of 256 bits, made and kept under `name` at the first call: the token of the administrator.
Result<std::string> load_or_make_token(SecretFiles& files, std::string_view name, Entropy& entropy);

}  // namespace plinth::server::auth

// Encryption at rest with keys from a file beside the data: AES-256-GCM, random nonces.
//
// It protects what leaves the machine without that file (a disk image of log/ and snapshots/, a saved snapshot, a backup of the
// objects). It does not protect against someone who can read the whole data directory or the process's memory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/world.h"
#include "store/store.h"

namespace plinth::store {

inline constexpr std::string_view kKeyFileName = "secrets.keys";  // in the data directory

struct KeyFileOptions {
  // With 96 random bits a nonce repeats within this many uses of a key with a probability below 2^-41.
  std::uint64_t uses_max = 1ull << 28;
  // Uses that are entered in the file ahead, so that a crash never loses count.
  std::uint64_t uses_step = 1ull << 16;
};

// Thread-safe. The newest key seals, every key in the file opens.
class KeyFileSealer final : public Sealer {
 public:
  // Makes the file (mode 0600) with one key when it is absent.
  static Result<std::unique_ptr<KeyFileSealer>> open(Disk& disk, Entropy& entropy, std::string path,
                                                     KeyFileOptions options = {});
  ~KeyFileSealer() override;

  Result<std::string> seal(std::string_view plain, std::string_view associated) override;
  Result<std::string> open(std::string_view sealed, std::string_view associated) override;
  Result<void> rotate() override;
  Result<void> forget_old() override;
  std::size_t key_count() const;

 private:
  struct Key {
    std::uint64_t id = 0;
    std::string bytes;
    std::uint64_t uses = 0;      // so far in this process, and all that the file says
    std::uint64_t reserved = 0;  // as entered in the file
  };
  KeyFileSealer(Disk& disk, Entropy& entropy, std::string path, KeyFileOptions options);
  Result<void> parse(const std::string& text);
  Result<void> save();
  Result<void> count_use();
  void add_key();

  Disk& disk_;
  Entropy& entropy_;
  const std::string path_;
  const KeyFileOptions options_;
  mutable std::mutex mutex_;  // guards the keys
  std::map<std::uint64_t, Key> keys_;
  std::uint64_t current_ = 0;
};

}  // namespace plinth::store

// Where an evaluation keeps what it makes: a bump allocator that is reset between evaluations, so that most of them allocate
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace plinth::cel {

// Single-threaded. What it hands out lives until reset() or its end; destructors are never run.
class Memory {
 public:
  // Bytes that one evaluation may use; functions that build large results ask fits() first.
  static constexpr std::size_t kBytesMax = std::size_t{256} << 20;

  // Blocks double from the first one on, up to a megabyte.
  Memory() : Memory(kBlockBytes) {}
  explicit Memory(std::size_t first_block_bytes) : next_block_bytes_(first_block_bytes) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // Aligned to 8.
  void* allocate(std::size_t bytes) {
    bytes = (bytes + 7) & ~std::size_t{7};
    if (static_cast<std::size_t>(end_ - cursor_) < bytes) return grow(bytes);
    char* at = cursor_;
    cursor_ += bytes;
    return at;
  }
  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 8);
    return new (allocate(sizeof(T))) T{std::forward<Args>(args)...};
  }
  char* text(std::size_t bytes) { return static_cast<char*>(allocate(bytes)); }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = this->text(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

  // Whether `bytes` more are within kBytesMax.
  bool fits(std::size_t bytes) const { return bytes <= kBytesMax && used_ + bytes <= kBytesMax; }
  // Forgets everything handed out; keeps the first block for the next evaluation.
  void reset();

 private:
  static constexpr std::size_t kBlockBytes = std::size_t{16} << 10;
  static constexpr std::size_t kBlockBytesMax = std::size_t{1} << 20;
  void* grow(std::size_t bytes);

  char* cursor_ = nullptr;
  char* end_ = nullptr;
  std::size_t used_ = 0;  // bytes in blocks
  std::size_t next_block_bytes_;
  std::vector<std::pair<std::unique_ptr<char[]>, std::size_t>> blocks_;
};

}  // namespace plinth::cel

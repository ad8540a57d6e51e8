#include <algorithm>
#include <cstdlib>
#include <new>

#include "base/value.h"

namespace plinth {
namespace {

constexpr std::size_t kBlockBytesMin = 1024;
constexpr std::size_t kBlockBytesMax = 64 * 1024;  // where doubling stops
constexpr std::size_t kAlignment = 8;

}  // namespace

struct Arena::Block {
  Block* next;
  std::size_t bytes;
};

Arena::Arena(std::size_t first_block_bytes, std::size_t next_block_bytes) : next_block_bytes_(next_block_bytes) {
  if (first_block_bytes > 0) add_block(first_block_bytes);
}

Arena::~Arena() {
  for (Block* block = head_; block != nullptr;) {
    Block* next = block->next;
    std::free(block);
    block = next;
  }
}

void Arena::add_block(std::size_t bytes) {
  void* memory = std::malloc(sizeof(Block) + bytes);
  if (memory == nullptr) throw std::bad_alloc();
  head_ = new (memory) Block{head_, bytes};
  cursor_ = static_cast<char*>(memory) + sizeof(Block);
  end_ = cursor_ + bytes;
  bytes_ += sizeof(Block) + bytes;
}

char* Arena::grow(std::size_t bytes) {
  std::size_t wanted = head_ == nullptr ? kBlockBytesMin : std::min(head_->bytes * 2, kBlockBytesMax);
  if (next_block_bytes_ > 0) wanted = next_block_bytes_;
  add_block(std::max(wanted, (bytes + kAlignment - 1) & ~(kAlignment - 1)));
  return cursor_;
}

void* Arena::allocate(std::size_t bytes) {
  auto address = reinterpret_cast<std::uintptr_t>(cursor_);
  std::size_t padding = (kAlignment - address % kAlignment) % kAlignment;
  char* start = cursor_;
  if (bytes + padding > static_cast<std::size_t>(end_ - cursor_))
    start = grow(bytes);
  else
    start += padding;
  cursor_ = start + bytes;
  return start;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return "";
  if (text.size() > static_cast<std::size_t>(end_ - cursor_)) grow(text.size());
  char* start = cursor_;
  std::memcpy(start, text.data(), text.size());
  cursor_ += text.size();
  return {start, text.size()};
}

void Arena::retain(std::shared_ptr<const Arena> other) {
  if (other == nullptr || other.get() == this) return;
  if (std::find(retained_.begin(), retained_.end(), other) != retained_.end()) return;
  depth_ = std::max(depth_, other->depth_ + 1);
  retained_.push_back(std::move(other));
}

}  // namespace plinth

#include "cel/memory.h"

#include <algorithm>

namespace plinth::cel {

void* Memory::grow(std::size_t bytes) {
  std::size_t size = std::max(bytes, next_block_bytes_);
  next_block_bytes_ = std::min(next_block_bytes_ * 2, kBlockBytesMax);
  blocks_.emplace_back(std::make_unique_for_overwrite<char[]>(size), size);
  used_ += size;
  cursor_ = blocks_.back().first.get();
  end_ = cursor_ + size;
  char* at = cursor_;
  cursor_ += bytes;
  return at;
}

void Memory::reset() {
  if (blocks_.empty()) return;
  if (blocks_.size() > 1) blocks_.resize(1);
  used_ = blocks_.front().second;
  cursor_ = blocks_.front().first.get();
  end_ = cursor_ + used_;
}

}  // namespace plinth::cel

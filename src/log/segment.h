// One file of a log. Immutable but for the bytes that the writer adds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/world.h"

namespace plinth::log {

class Segment {
 public:
  Segment(std::uint64_t number, std::uint64_t id, std::uint64_t capacity, std::unique_ptr<File> file)
      : number_(number), id_(id), capacity_(capacity), file_(std::move(file)) {}
  std::uint64_t number() const { return number_; }
  std::uint64_t id() const { return id_; }
  std::uint64_t capacity() const { return capacity_; }
  File& file() const { return *file_; }

 private:
  const std::uint64_t number_;
  const std::uint64_t id_;
  const std::uint64_t capacity_;  // bytes of the file when it was made
  const std::unique_ptr<File> file_;
};

}  // namespace plinth::log

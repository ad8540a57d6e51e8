// Immutable bytes shared between threads: a view plus what keeps it alive.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plinth {

class SharedBytes {
 public:
  SharedBytes() = default;
  // Takes the string over; one allocation for the control block.
  explicit SharedBytes(std::string text) {
    auto owned = std::make_shared<const std::string>(std::move(text));
    view_ = *owned;
    owner_ = std::move(owned);
  }
  // `view` must stay valid as long as `owner` lives.
  SharedBytes(std::shared_ptr<const void> owner, std::string_view view) : owner_(std::move(owner)), view_(view) {}
  // For bytes of static storage duration.
  static SharedBytes literal(std::string_view text) { return SharedBytes(nullptr, text); }

  std::string_view view() const { return view_; }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  SharedBytes slice(std::size_t offset, std::size_t length) const { return SharedBytes(owner_, view_.substr(offset, length)); }
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

// Bytes to be sent one after the other; the unit of gather writes.
using ByteChain = std::vector<SharedBytes>;

std::size_t total_size(const ByteChain& chain);
std::string flatten(const ByteChain& chain);

}  // namespace plinth

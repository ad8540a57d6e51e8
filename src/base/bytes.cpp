#include "base/bytes.h"

namespace plinth {

std::size_t total_size(const ByteChain& chain) {
  std::size_t n = 0;
  for (const SharedBytes& part : chain) n += part.size();
  return n;
}

std::string flatten(const ByteChain& chain) {
  std::string out;
  out.reserve(total_size(chain));
  for (const SharedBytes& part : chain) out += part.view();
  return out;
}

}  // namespace plinth

// Identifiers made from entropy that is handed in.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plinth {

class Entropy;

// A version 4 UUID in the usual text form.
std::string new_uuid(Entropy& entropy);
// `length` characters of Kubernetes' name alphabet (no vowels, no look-alikes): what generateName appends five of.
std::string random_suffix(Entropy& entropy, std::size_t length = 5);
// Text whose bytes are mapped onto the same alphabet, as pod-template-hash does with a number's digits.
std::string safe_encode(std::string_view text);

}  // namespace plinth

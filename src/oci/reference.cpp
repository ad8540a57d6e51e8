#include "oci/reference.h"

#include <fmt/core.h>

#include "oci/digest.h"

namespace plinth::oci {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::size_t kNameMax = 255, kTagMax = 128;

bool is_host(std::string_view first) {
  return first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
         first.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos;
}

// Lower-case words, joined by ".", "_", "__" or dashes; slashes between them.
bool is_repository(std::string_view text) {
  while (true) {
    const std::string_view part = text.substr(0, text.find('/'));
    if (part.empty() || part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") != std::string_view::npos)
      return false;
    if (kLower.find(part.front()) == std::string_view::npos || kLower.find(part.back()) == std::string_view::npos) return false;
    if (part.find("..") != std::string_view::npos || part.find("___") != std::string_view::npos) return false;
    if (part.size() == text.size()) return true;
    text.remove_prefix(part.size() + 1);
  }
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > kTagMax || text.front() == '.' || text.front() == '-') return false;
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == std::string_view::npos;
}

}  // namespace

std::string Reference::text() const {
  std::string out = host + "/" + repository;
  if (!tag.empty()) out += ":" + tag;
  if (!digest.empty()) out += "@" + digest;
  return out;
}

Result<Reference> parse_reference(std::string_view name) {
  const auto wrong = [name](std::string_view what) { return bad_request(fmt::format("image name \"{}\": {}", name, what)); };
  Reference out;
  std::string_view rest = name;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    out.digest = rest.substr(at + 1);
    if (!is_digest(out.digest)) return wrong("the digest is not sha256: and 64 hexadecimal digits");
    rest = rest.substr(0, at);
  }
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && is_host(rest.substr(0, slash))) {
    out.host = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
  }
  if (out.host == "index.docker.io" || out.host.empty()) out.host = "docker.io";
  if (const std::size_t colon = rest.rfind(':');
      colon != std::string_view::npos && rest.find('/', colon) == std::string_view::npos) {
    out.tag = rest.substr(colon + 1);
    if (!is_tag(out.tag)) return wrong("the tag has 1 to 128 letters, digits, \".\", \"_\" and \"-\"");
    rest = rest.substr(0, colon);
  }
  if (rest.size() > kNameMax || !is_repository(rest)) return wrong("the repository is made of lower-case words");
  out.repository =
      out.host == "docker.io" && rest.find('/') == std::string_view::npos ? "library/" + std::string(rest) : std::string(rest);
  if (out.tag.empty() && out.digest.empty()) out.tag = "latest";
  return out;
}

}  // namespace plinth::oci

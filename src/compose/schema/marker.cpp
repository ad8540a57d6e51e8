#include "compose/schema/marker.h"

#include <algorithm>
#include <optional>

#include "base/quoted.h"
#include "base/text.h"

namespace plinth::compose {
namespace {

struct KeyName {
  std::string_view name;
  MarkerKind kind;
};

constexpr KeyName kKeys[] = {
    {"required", MarkerKind::kRequired},
    {"default", MarkerKind::kDefault},
    {"description", MarkerKind::kDescription},
    {"minimum", MarkerKind::kMinimum},
    {"maximum", MarkerKind::kMaximum},
    {"validation", MarkerKind::kValidation},
    {"enum", MarkerKind::kEnum},
    {"immutable", MarkerKind::kImmutable},
    {"pattern", MarkerKind::kPattern},
    {"uniqueItems", MarkerKind::kUniqueItems},
    {"minLength", MarkerKind::kMinLength},
    {"maxLength", MarkerKind::kMaxLength},
    {"minItems", MarkerKind::kMinItems},
    {"maxItems", MarkerKind::kMaxItems},
    {"listType", MarkerKind::kListType},
    {"listMapKey", MarkerKind::kListMapKey},
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }

// `\"` and `\\` lose their backslash; before anything else it stays.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      if (text[i] != '\\') out += text[i];
      continue;
    }
    const char next = text[++i];
    if (next != '"' && next != '\\') out += '\\';
    out += next;
  }
  return out;
}

std::string marker_value(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return unescape(text.substr(1, text.size() - 2));
  return std::string(trim(text));
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Result<std::vector<Marker>> scan() {
    for (char c : text_) TRY(take(c));
    // Said before the missing value: the quote is why the rest was swallowed.
    if (quoted_) return bad_request("unclosed quote");
    if (depth_ > 0) return bad_request("unclosed bracket/brace");
    if (!kind_) return bad_request("marker key '" + buffer_ + "' without a value");
    end_marker();
    return std::move(markers_);
  }

 private:
  Result<void> take(char c) {
    const bool escaped = escaped_;
    escaped_ = quoted_ && c == '\\' && !escaped;
    const bool outside = !quoted_ && depth_ == 0;
    if (c == '=' && !kind_ && outside) return end_key();
    if (is_blank(c) && outside) {
      if (kind_) end_marker();
      return {};
    }
    if (c == '"' && !escaped)
      quoted_ = !quoted_;
    else if (!quoted_ && (c == '{' || c == '['))
      ++depth_;
    else if (!quoted_ && (c == '}' || c == ']') && --depth_ < 0)
      return bad_request("unmatched closing bracket/brace");
    buffer_ += c;
    return {};
  }

  Result<void> end_key() {
    const std::string key(trim(buffer_));
    if (key.empty()) return bad_request("empty marker key");
    const auto* found = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const KeyName& k) { return k.name == key; });
    if (found == std::end(kKeys)) return bad_request("invalid marker key " + quoted(key) + ": unknown marker: " + key);
    kind_ = found->kind;
    buffer_.clear();
    return {};
  }

  void end_marker() {
    markers_.push_back({*kind_, marker_value(buffer_)});
    kind_.reset();
    buffer_.clear();
  }

  std::string_view text_;
  std::vector<Marker> markers_;
  std::optional<MarkerKind> kind_;  // of the marker whose value is read
  std::string buffer_;
  bool quoted_ = false, escaped_ = false;
  int depth_ = 0;
};

}  // namespace

Result<std::vector<Marker>> parse_markers(std::string_view text) { return Scanner(text).scan(); }

}  // namespace plinth::compose

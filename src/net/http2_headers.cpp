#include "net/http2_headers.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace plinth::net {
namespace {

constexpr char kIndexed = '\x80';               // RFC 7541 section 6.1
constexpr std::size_t kStatusIndex = 8;         // of its static table, as the ones below
constexpr std::size_t kNamePrefixMax = 15;      // literal without indexing: section 6.2.2
constexpr std::size_t kLengthPrefixMax = 127;   // strings: section 5.2

constexpr struct {
  std::string_view name;
  std::uint8_t index;
} kStaticNames[] = {{"allow", 22},       {"cache-control", 24},    {"content-encoding", 26}, {"content-length", 28},
                    {"content-type", 31}, {"date", 33},            {"etag", 34},             {"last-modified", 44},
                    {"location", 46},    {"retry-after", 53},      {"vary", 59},             {"www-authenticate", 61}};

constexpr struct {
  int status;
  std::uint8_t index;
} kStaticStatuses[] = {{200, 8}, {204, 9}, {206, 10}, {304, 11}, {400, 12}, {404, 13}, {500, 14}};

std::size_t static_index(std::string_view name) {
  for (const auto& row : kStaticNames) {
    if (row.name == name) return row.index;
  }
  return 0;
}

// An integer with a prefix; RFC 7541 section 5.1. The prefix's other bits are 0.
void append_integer(std::string& out, std::size_t value, std::size_t prefix_max) {
  if (value < prefix_max) {
    out += static_cast<char>(value);
    return;
  }
  out += static_cast<char>(prefix_max);
  for (value -= prefix_max; value >= 128; value /= 128) out += static_cast<char>(value % 128 + 128);
  out += static_cast<char>(value);
}

void append_text(std::string& out, std::string_view text) {
  append_integer(out, text.size(), kLengthPrefixMax);
  out += text;
}

// Headers that speak of the connection have no place in HTTP/2: RFC 9113 section 8.2.2.
bool is_connection_specific(std::string_view name) {
  return name == "connection" || name == "transfer-encoding" || name == "keep-alive" || name == "upgrade" || name == "proxy-connection";
}

const std::uint8_t* octets(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

void append_cleaned(std::string& block, std::string_view name, std::string_view value) {
  constexpr std::string_view kEndings("\r\n\0", 3);
  if (value.find_first_of(kEndings) == std::string_view::npos) return header_block::append(block, name, value);
  std::string cleaned(value);
  std::replace_if(
      cleaned.begin(), cleaned.end(), [&](char c) { return kEndings.find(c) != std::string_view::npos; }, ' ');
  header_block::append(block, name, cleaned);
}

enum Seen : std::uint8_t { kMethod = 1, kScheme = 2, kPath = 4, kAuthority = 8, kHost = 16 };

}  // namespace

HeaderDecoder::HeaderDecoder() {
  nghttp2_hd_inflater* made = nullptr;
  if (nghttp2_hd_inflate_new(&made) == 0) inflater_.reset(made);
}

void HeaderDecoder::Delete::operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }

bool HeaderDecoder::decode(std::string_view block, const std::function<void(std::string_view, std::string_view)>& field) {
  if (!inflater_) return false;
  while (true) {
    nghttp2_nv nv{};
    int flags = 0;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater_.get(), &nv, &flags, octets(block), block.size(), 1);
    if (used < 0) return false;
    block.remove_prefix(static_cast<std::size_t>(used));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      field({reinterpret_cast<const char*>(nv.name), nv.namelen}, {reinterpret_cast<const char*>(nv.value), nv.valuelen});
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(inflater_.get());
      return true;
    }
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && block.empty()) return false;
  }
}

namespace header_block {

void append_no_table(std::string& block) { block += '\x20'; }

void append(std::string& block, std::string_view name, std::string_view value) {
  const std::size_t index = static_index(name);
  append_integer(block, index, kNamePrefixMax);
  if (index == 0) append_text(block, name);
  append_text(block, value);
}

void append_status(std::string& block, int status) {
  for (const auto& row : kStaticStatuses) {
    if (row.status != status) continue;
    block += static_cast<char>(kIndexed | static_cast<char>(row.index));
    return;
  }
  const fmt::format_int text(status);
  append_integer(block, kStatusIndex, kNamePrefixMax);
  append_text(block, {text.data(), text.size()});
}

void append_answer(std::string& block, const HttpResponse& response, std::string_view date) {
  append_status(block, response.status);
  bool dated = false;
  for (const auto& [name, value] : response.headers.entries()) {
    if (is_connection_specific(name)) continue;
    dated = dated || name == "date";
    append_cleaned(block, name, value);
  }
  if (!dated) append(block, "date", date);
}

void append_trailers(std::string& block, const Headers& trailers) {
  for (const auto& [name, value] : trailers.entries()) append_cleaned(block, name, value);
}

}  // namespace header_block

bool RequestFields::take(std::string_view name, std::string_view value) {
  if (name.starts_with(':')) return !regular_ && take_pseudo(name, value);
  regular_ = true;
  if (nghttp2_check_header_name(octets(name), name.size()) == 0 || nghttp2_check_header_value(octets(value), value.size()) == 0) return false;
  if (is_connection_specific(name)) return false;
  if (name == "te") return value == "trailers";
  if (name == "host") seen_ |= kHost;
  if (name != "content-length") return true;
  if (content_length_ >= 0) return false;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), content_length_);
  return error == std::errc() && end == value.data() + value.size() && content_length_ >= 0;
}

bool RequestFields::take_pseudo(std::string_view name, std::string_view value) {
  std::uint8_t bit = 0;
  bool valid = false;
  if (name == ":method") {
    bit = kMethod;
    valid = nghttp2_check_method(octets(value), value.size()) != 0;
    connect_ = value == "CONNECT";
  } else if (name == ":scheme") {
    bit = kScheme;
    valid = value == "http" || value == "https";
  } else if (name == ":path") {
    bit = kPath;
    valid = !value.empty() && nghttp2_check_path(octets(value), value.size()) != 0;
  } else if (name == ":authority") {
    bit = kAuthority;
    valid = nghttp2_check_authority(octets(value), value.size()) != 0;
  }
  const bool again = (seen_ & bit) != 0;
  seen_ |= bit;
  return valid && !again;
}

bool RequestFields::complete() const {
  if (connect_) return (seen_ & (kMethod | kScheme | kPath | kAuthority)) == (kMethod | kAuthority);
  return (seen_ & (kMethod | kScheme | kPath)) == (kMethod | kScheme | kPath) && (seen_ & (kAuthority | kHost)) != 0;
}

bool is_trailer(std::string_view name, std::string_view value) {
  return !name.starts_with(':') && nghttp2_check_header_name(octets(name), name.size()) != 0 &&
         nghttp2_check_header_value(octets(value), value.size()) != 0 && !is_connection_specific(name);
}

}  // namespace plinth::net

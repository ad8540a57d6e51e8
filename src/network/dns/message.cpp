#include "network/dns/message.h"

#include <algorithm>

#include <arpa/inet.h>

#include "base/text.h"

namespace plinth::network::dns {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kNameBytesMax = 255, kLabelBytesMax = 63;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kResponse = 0x8000, kAuthoritative = 0x0400, kTruncated = 0x0200, kRecursionDesired = 0x0100,
                        kRecursionAvailable = 0x0080;

std::uint16_t read16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[at]) << 8) | static_cast<unsigned char>(bytes[at + 1]));
}
void append16(std::string& out, std::uint32_t value) {
  out += static_cast<char>((value >> 8) & 0xff);
  out += static_cast<char>(value & 0xff);
}
void append32(std::string& out, std::uint32_t value) {
  append16(out, value >> 16);
  append16(out, value & 0xffff);
}

// The question's name: queries do not compress it. False when it is none; `at` moves behind it.
bool read_name(std::string_view bytes, std::size_t& at, std::string& name) {
  const std::size_t begin = at;
  while (at < bytes.size()) {
    const auto size = static_cast<unsigned char>(bytes[at]);
    if (size == 0) {
      ++at;
      return at - begin <= kNameBytesMax;
    }
    if (size > kLabelBytesMax || at + 1 + size > bytes.size()) return false;
    if (!name.empty()) name += '.';
    name += bytes.substr(at + 1, size);
    at += 1u + size;
  }
  return false;
}

// What an OPT record among the additional ones says. Records before it are skipped; anything odd means that there is none.
void read_edns(std::string_view bytes, std::size_t at, Question& out) {
  constexpr std::size_t kFixedBytes = 10;
  const int records = read16(bytes, 6) + read16(bytes, 8) + read16(bytes, 10);
  for (int i = 0; i < records; ++i) {
    std::string name;
    if (!read_name(bytes, at, name) || at + kFixedBytes > bytes.size()) return;
    if (read16(bytes, at) == static_cast<std::uint16_t>(Type::kOpt) && name.empty()) {
      out.edns = true;
      out.udp_bytes = std::clamp<std::size_t>(read16(bytes, at + 2), kUdpBytesDefault, kUdpBytesMax);
      return;
    }
    at += kFixedBytes + read16(bytes, at + 8);
  }
}

// A name that may end in a pointer to an earlier one; as read_name() else.
bool read_shortened_name(std::string_view bytes, std::size_t& at, std::string& name) {
  constexpr int kPointersMax = 32;
  std::size_t end = 0;  // behind the first pointer
  std::size_t place = at;
  for (int pointers = 0; place < bytes.size();) {
    const auto size = static_cast<unsigned char>(bytes[place]);
    if (size == 0) {
      at = end != 0 ? end : place + 1;
      return true;
    }
    if (size >= 0xc0) {
      if (place + 2 > bytes.size() || ++pointers > kPointersMax) return false;
      if (end == 0) end = place + 2;
      place = read16(bytes, place) & 0x3fffu;
      continue;
    }
    if (size > kLabelBytesMax || place + 1 + size > bytes.size() || name.size() + 1 + size > kNameBytesMax) return false;
    if (!name.empty()) name += '.';
    name += bytes.substr(place + 1, size);
    place += 1u + size;
  }
  return false;
}

// One record of an answer; false when it is cut off. Without data where it cannot stand for itself.
bool read_record(std::string_view bytes, std::size_t& at, Record& out) {
  constexpr std::size_t kFixedBytes = 10;
  std::string name;
  if (!read_shortened_name(bytes, at, name) || at + kFixedBytes > bytes.size()) return false;
  out.name = to_lower(name);
  out.type = static_cast<Type>(read16(bytes, at));
  out.ttl = (std::uint32_t{read16(bytes, at + 4)} << 16) | read16(bytes, at + 6);
  const std::size_t size = read16(bytes, at + 8);
  at += kFixedBytes;
  if (at + size > bytes.size()) return false;
  std::size_t inside = at;
  std::string target;
  switch (out.type) {
    case Type::kA:
    case Type::kAaaa:
    case Type::kTxt:
    case Type::kSrv:
      out.data = bytes.substr(at, size);
      break;
    case Type::kCname:
    case Type::kNs:
    case Type::kPtr:
      if (!read_shortened_name(bytes, inside, target)) return false;
      out.data = name_data(to_lower(target));
      break;
    default:
      break;
  }
  at += size;
  return true;
}

std::string header(std::uint16_t id, std::uint16_t flags, std::size_t questions, std::size_t answers, std::size_t authority,
                   std::size_t additional) {
  std::string out;
  append16(out, id);
  for (std::size_t value : {std::size_t(flags), questions, answers, authority, additional})
    append16(out, static_cast<std::uint32_t>(value));
  return out;
}

std::string record_bytes(const Record& record, const Question& question) {
  constexpr std::uint32_t kPointerToQuestion = 0xc000 | kHeaderBytes;
  std::string out;
  if (record.name == question.name)
    append16(out, kPointerToQuestion);
  else
    out += name_data(record.name);
  append16(out, static_cast<std::uint16_t>(record.type));
  append16(out, kClassIn);
  append32(out, record.ttl);
  append16(out, static_cast<std::uint32_t>(record.data.size()));
  return out + record.data;
}

}  // namespace

std::optional<Question> read_question(std::string_view bytes, Code& wrong) {
  wrong = Code::kNoError;
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  const std::uint16_t flags = read16(bytes, 2);
  if ((flags & kResponse) != 0) return std::nullopt;
  if ((flags & 0x7800) != 0) {  // not QUERY
    wrong = Code::kNotImplemented;
    return std::nullopt;
  }
  Question out;
  out.id = read16(bytes, 0);
  out.recursion_desired = (flags & kRecursionDesired) != 0;
  std::size_t at = kHeaderBytes;
  wrong = Code::kFormatError;
  if (read16(bytes, 4) != 1 || !read_name(bytes, at, out.name) || at + 4 > bytes.size()) return std::nullopt;
  out.as_sent = bytes.substr(kHeaderBytes, at - kHeaderBytes);
  out.name = to_lower(out.name);
  out.type = read16(bytes, at);
  if (read16(bytes, at + 2) != kClassIn) {
    wrong = Code::kNotImplemented;
    return std::nullopt;
  }
  wrong = Code::kNoError;
  read_edns(bytes, at + 4, out);
  return out;
}

std::string write_answer(const Question& question, const Answer& answer, std::size_t bytes_max) {
  constexpr std::size_t kOptBytes = 11;
  std::string body = question.as_sent;
  append16(body, question.type);
  append16(body, kClassIn);
  const std::size_t room = bytes_max - kHeaderBytes - (question.edns ? kOptBytes : 0);
  std::size_t counts[2] = {0, 0};
  bool cut = false;
  for (const auto& [list, count] : {std::pair{&answer.answers, &counts[0]}, {&answer.authority, &counts[1]}}) {
    for (const Record& record : *list) {
      const std::string bytes = record_bytes(record, question);
      cut = cut || body.size() + bytes.size() > room;
      if (cut) break;
      body += bytes;
      ++*count;
    }
  }
  if (question.edns) {
    body += '\0';
    append16(body, static_cast<std::uint16_t>(Type::kOpt));
    append16(body, static_cast<std::uint32_t>(kUdpBytesMax));
    append32(body, 0);
    append16(body, 0);
  }
  std::uint16_t flags = kResponse | kRecursionAvailable | static_cast<std::uint16_t>(answer.code);
  if (answer.authoritative) flags |= kAuthoritative;
  if (question.recursion_desired) flags |= kRecursionDesired;
  if (cut) flags |= kTruncated;
  return header(question.id, flags, 1, counts[0], counts[1], question.edns ? 1 : 0) + body;
}

std::string write_error(std::string_view query, Code code) {
  const auto flags = static_cast<std::uint16_t>(kResponse | (read16(query, 2) & (0x7800 | kRecursionDesired)) |
                                                static_cast<std::uint16_t>(code));
  return header(read16(query, 0), flags, 0, 0, 0, 0);
}

std::string write_query(std::string_view name, std::uint16_t type) {
  std::string out = header(0, kRecursionDesired, 1, 0, 0, 0) + name_data(name);
  append16(out, type);
  append16(out, kClassIn);
  return out;
}

bool is_cut_short(std::string_view answer) { return answer.size() >= kHeaderBytes && (read16(answer, 2) & kTruncated) != 0; }

std::optional<Answer> read_answer(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || (read16(bytes, 2) & kResponse) == 0) return std::nullopt;
  Answer out;
  out.authoritative = false;
  out.code = static_cast<Code>(read16(bytes, 2) & 15);
  std::size_t at = kHeaderBytes;
  for (int i = read16(bytes, 4); i > 0; --i) {
    std::string name;
    if (!read_shortened_name(bytes, at, name) || at + 4 > bytes.size()) return std::nullopt;
    at += 4;
  }
  for (int i = read16(bytes, 6); i > 0; --i) {
    Record record;
    if (!read_record(bytes, at, record)) return std::nullopt;
    if (!record.data.empty()) out.answers.push_back(std::move(record));
  }
  return out;
}

std::string name_of_data(std::string_view data) {
  std::size_t at = 0;
  std::string name;
  return read_name(data, at, name) ? to_lower(name) : "";
}

std::string address_data(const std::string& ip) {
  unsigned char bytes[16];
  const bool v6 = ip.find(':') != std::string::npos;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, ip.c_str(), bytes) != 1) return "";
  return std::string(reinterpret_cast<const char*>(bytes), v6 ? 16 : 4);
}

std::string name_data(std::string_view name) {
  std::string out;
  if (!name.empty()) {
    for (std::string_view label : split(name, '.')) {
      out += static_cast<char>(std::min(label.size(), kLabelBytesMax));
      out += label.substr(0, kLabelBytesMax);
    }
  }
  return out + '\0';
}

std::string srv_data(std::uint16_t priority, std::uint16_t weight, std::uint16_t port, std::string_view target) {
  std::string out;
  append16(out, priority);
  append16(out, weight);
  append16(out, port);
  return out + name_data(target);
}

std::string soa_data(std::string_view server, std::string_view mailbox, std::uint32_t serial, std::uint32_t minimum) {
  constexpr std::uint32_t kRefresh = 7200, kRetry = 1800, kExpire = 86400;
  std::string out = name_data(server) + name_data(mailbox);
  for (std::uint32_t value : {serial, kRefresh, kRetry, kExpire, minimum}) append32(out, value);
  return out;
}

std::string address_of_reverse_name(std::string_view name) {
  constexpr std::string_view kV4 = ".in-addr.arpa", kV6 = ".ip6.arpa";
  if (name.ends_with(kV4)) {
    auto parts = split(name.substr(0, name.size() - kV4.size()), '.');
    std::reverse(parts.begin(), parts.end());
    std::string out = join(parts, ".");
    return address_data(out).empty() ? "" : out;
  }
  if (!name.ends_with(kV6)) return "";
  const auto parts = split(name.substr(0, name.size() - kV6.size()), '.');
  if (parts.size() != 32) return "";
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].size() != 1) return "";
    if (i > 0 && i % 4 == 0) text += ':';
    text += parts[parts.size() - 1 - i];
  }
  unsigned char bytes[16];
  char shown[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET6, text.c_str(), bytes) != 1) return "";
  return inet_ntop(AF_INET6, bytes, shown, sizeof shown);
}

}  // namespace plinth::network::dns

// DNS messages (RFC 1035) as far as a server needs them: a question in, records out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plinth::network::dns {

enum class Type : std::uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kOpt = 41,
  kAny = 255
};
enum class Code : std::uint8_t {
  kNoError = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNameError = 3,
  kNotImplemented = 4,
  kRefused = 5
};

inline constexpr std::size_t kUdpBytesDefault = 512;  // of an answer to who does not say (EDNS0) that more is welcome
inline constexpr std::size_t kUdpBytesMax = 1232;     // what passes everywhere without fragments
inline constexpr std::size_t kTcpBytesMax = 65535;

struct Question {
  std::uint16_t id = 0;
  std::string name;     // lower case, without the final dot; labels joined by dots
  std::string as_sent;  // its bytes in the question, whose case an answer keeps
  std::uint16_t type = 0;
  bool recursion_desired = false;
  bool edns = false;
  std::size_t udp_bytes = kUdpBytesDefault;
};

struct Record {
  std::string name;
  Type type = Type::kA;
  std::uint32_t ttl = 0;
  std::string data;  // of its kind, names uncompressed
};

struct Answer {
  Code code = Code::kNoError;
  bool authoritative = true;
  std::vector<Record> answers, authority;
};

// A query with one question of class IN. Nothing for bytes that are not even a header, or no query: they are not answered.
// `wrong` tells with which code one is answered that cannot be read further.
std::optional<Question> read_question(std::string_view bytes, Code& wrong);
// Records that do not fit are left out, with the mark for it (TC).
std::string write_answer(const Question& question, const Answer& answer, std::size_t bytes_max);
// To a message that has a header at least.
std::string write_error(std::string_view query, Code code);

// For asking others: recursion is desired.
std::string write_query(std::string_view name, std::uint16_t type);
bool is_cut_short(std::string_view answer);  // to what a datagram holds
// What another server said, with names in full. Nothing when the bytes are no answer. Records of kinds whose data may hold
// shortened names that are not known here are left out.
std::optional<Answer> read_answer(std::string_view bytes);

// Data of records. An IP that is none gives "".
std::string address_data(const std::string& ip);
std::string name_data(std::string_view name);
std::string name_of_data(std::string_view data);  // lower case; the reverse of name_data
std::string srv_data(std::uint16_t priority, std::uint16_t weight, std::uint16_t port, std::string_view target);
std::string soa_data(std::string_view server, std::string_view mailbox, std::uint32_t serial, std::uint32_t minimum);

// "10.0.0.1" of "1.0.0.10.in-addr.arpa", likewise ip6.arpa; "" when it is no such name.
std::string address_of_reverse_name(std::string_view name);

}  // namespace plinth::network::dns

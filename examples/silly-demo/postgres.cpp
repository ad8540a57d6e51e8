#include "postgres.h"

#include "postgres_auth.h"

namespace silly_demo {
namespace {

constexpr std::uint32_t kProtocol = 3 << 16;

// Kinds of AuthenticationRequest.
enum : std::uint32_t { kAuthenticated = 0, kPassword = 3, kMd5 = 5, kSasl = 10, kSaslContinue = 11, kSaslFinal = 12 };

std::string zero_ended(const std::string& text) { return text + '\0'; }

std::vector<std::string> row_of(const std::string& body) {
  std::vector<std::string> row;
  std::size_t at = 2;
  for (int left = int16_at(body, 0); left > 0 && at + 4 <= body.size(); --left) {
    const auto size = int32_at(body, at);
    at += 4;
    if (size == UINT32_MAX) {
      row.emplace_back();
    } else {
      row.push_back(at <= body.size() ? body.substr(at, size) : "");
      at += size;
    }
  }
  return row;
}

}  // namespace

std::string int32_bytes(std::uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8), static_cast<char>(v)};
}

std::string int16_bytes(std::uint16_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }

std::uint32_t int32_at(const std::string& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(int16_at(bytes, at)) << 16 | int16_at(bytes, at + 2);
}

std::uint16_t int16_at(const std::string& bytes, std::size_t at) {
  if (at + 2 > bytes.size()) return 0;
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 | static_cast<unsigned char>(bytes[at + 1]));
}

Failure error_text(const std::string& body) {
  std::string severity, code, message;
  for (std::size_t at = 0; at < body.size() && body[at] != '\0';) {
    const char field = body[at];
    const auto end = std::min(body.find('\0', at + 1), body.size());
    const auto value = body.substr(at + 1, end - at - 1);
    if (field == 'S') severity = value;
    if (field == 'C') code = value;
    if (field == 'M') message = value;
    at = end + 1;
  }
  return severity + " #" + code + " " + message;
}

Failure Postgres::lost() {
  alive_ = false;
  return "the connection to the database was lost";
}

bool Postgres::send(char type, const std::string& body) {
  std::string bytes;
  if (type != 0) bytes += type;
  return connection_.write(bytes + int32_bytes(static_cast<std::uint32_t>(body.size() + 4)) + body);
}

bool Postgres::receive(Message& message) {
  std::string head;
  if (!connection_.read(head, 5)) return false;
  message.type = head[0];
  const auto size = int32_at(head, 1);
  return size >= 4 && size <= kMessageBytesMax && connection_.read(message.body, size - 4);
}

Failure Postgres::open(const DatabaseAddress& address) {
  if (auto failure = connection_.open(address.host, address.port, kAnswerSecondsMax); !failure.empty()) return failure;
  alive_ = true;
  auto failure = log_in(address);
  if (!failure.empty()) alive_ = false;
  return failure;
}

Failure Postgres::log_in(const DatabaseAddress& address) {
  std::string start = int32_bytes(kProtocol);
  for (const auto& text : {std::string("user"), address.user, std::string("database"), address.name}) start += zero_ended(text);
  if (!send(0, start + '\0')) return lost();
  for (Message message;;) {
    if (!receive(message)) return lost();
    if (message.type == 'E') return error_text(message.body);
    if (message.type == 'Z') return "";  // ready for a query
    if (message.type != 'R') continue;   // parameters, keys, notices
    if (auto failure = answer_request(message, address); !failure.empty()) return failure;
  }
}

Failure Postgres::answer_request(const Message& message, const DatabaseAddress& address) {
  switch (int32_at(message.body, 0)) {
    case kAuthenticated:
      return "";
    case kPassword:
      return send('p', zero_ended(address.password)) ? "" : lost();
    case kMd5:
      return send('p', zero_ended(md5_answer(address.user, address.password, message.body.substr(4)))) ? "" : lost();
    case kSasl:
      return scram(address.password);
    default:
      return "the database asks for a way of authenticating that is not known here";
  }
}

Failure Postgres::scram(const std::string& password) {
  Scram exchange(password);
  const auto first = exchange.first();
  if (!send('p', zero_ended("SCRAM-SHA-256") + int32_bytes(static_cast<std::uint32_t>(first.size())) + first)) return lost();
  Message message;
  if (!receive(message)) return lost();
  if (message.type == 'E') return error_text(message.body);
  if (message.type != 'R' || int32_at(message.body, 0) != kSaslContinue) return "the database does not speak SCRAM";
  const auto final = exchange.final(message.body.substr(4));
  if (final.empty()) return "the database does not speak SCRAM";
  if (!send('p', final) || !receive(message)) return lost();
  if (message.type == 'E') return error_text(message.body);
  if (message.type != 'R' || int32_at(message.body, 0) != kSaslFinal || !exchange.verify(message.body.substr(4))) {
    return "the database could not prove that it knows the password";
  }
  return "";
}

Failure Postgres::query(const std::string& statement, const std::vector<std::string>& parameters, Rows& rows) {
  std::string bind =
      zero_ended("") + zero_ended("") + int16_bytes(0) + int16_bytes(static_cast<std::uint16_t>(parameters.size()));
  for (const auto& value : parameters) bind += int32_bytes(static_cast<std::uint32_t>(value.size())) + value;
  const bool sent = send('P', zero_ended("") + zero_ended(statement) + int16_bytes(0)) && send('B', bind + int16_bytes(0)) &&
                    send('E', zero_ended("") + int32_bytes(0)) && send('S', "");
  if (!sent) return lost();
  Failure failure;
  for (Message message;;) {
    if (!receive(message)) return lost();
    if (message.type == 'E') failure = error_text(message.body);
    if (message.type == 'D') rows.push_back(row_of(message.body));
    if (message.type == 'Z') return failure;
  }
}

}  // namespace silly_demo

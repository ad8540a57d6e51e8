#include "network/dns/forward.h"

#include <algorithm>

#include "base/text.h"

namespace plinth::network::dns {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::int64_t kSecondNs = 1'000'000'000;

std::uint16_t read16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[at]) << 8) | static_cast<unsigned char>(bytes[at + 1]));
}
std::string bytes16(std::uint16_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)}; }

// Behind a name, which may end in a pointer; npos when it does not end.
std::size_t skip_name(std::string_view bytes, std::size_t at) {
  while (at < bytes.size()) {
    const auto size = static_cast<unsigned char>(bytes[at]);
    if (size == 0) return at + 1;
    if (size >= 0xc0) return at + 2 <= bytes.size() ? at + 2 : std::string_view::npos;
    at += 1u + size;
  }
  return std::string_view::npos;
}

// The question's bytes; "" when there is not exactly one.
std::string_view question_of(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || read16(bytes, 4) != 1) return {};
  const std::size_t end = skip_name(bytes, kHeaderBytes);
  return end == std::string_view::npos || end + 4 > bytes.size() ? std::string_view()
                                                                 : bytes.substr(kHeaderBytes, end + 4 - kHeaderBytes);
}

}  // namespace

std::vector<std::string> resolvers_of(std::string_view resolv_conf) {
  constexpr std::size_t kServersMax = 3;  // as resolv.conf(5) has it
  std::vector<std::string> out;
  for (std::string_view line : split(resolv_conf, '\n')) {
    line = trim(line);
    if (!line.starts_with("nameserver") || line.size() < 12) continue;
    const std::string address(trim(line.substr(10)));
    if (address_data(address).empty() || out.size() == kServersMax) continue;
    out.push_back(address.find(':') == std::string::npos ? address + ":53" : "[" + address + "]:53");
  }
  return out;
}

std::uint32_t cacheable_seconds(std::string_view answer) {
  constexpr std::size_t kFixedBytes = 10;
  const std::string_view question = question_of(answer);
  if (question.empty() || (read16(answer, 2) & 0x0200) != 0) return 0;  // cut short
  const int code = read16(answer, 2) & 15;
  if (code != 0 && code != 3) return 0;
  std::size_t at = kHeaderBytes + question.size();
  const int records = read16(answer, 6) + read16(answer, 8);
  if (records == 0) return 0;
  std::uint32_t least = UINT32_MAX;
  for (int i = 0; i < records; ++i) {
    at = skip_name(answer, at);
    if (at == std::string_view::npos || at + kFixedBytes > answer.size()) return 0;
    least = std::min(least, (std::uint32_t{read16(answer, at + 4)} << 16) | read16(answer, at + 6));
    at += kFixedBytes + read16(answer, at + 8);
  }
  return at > answer.size() ? 0 : least;
}

// One query over TCP; ends with its one answer.
struct Forward::TcpCall final : StreamEvents {
  std::unique_ptr<Stream> stream;
  std::string query, input;
  UniqueFunction<void(std::string)> done;
  TimerId timer = 0;

  void on_data(std::string_view bytes) override {
    input += bytes;
    if (input.size() >= 2 && input.size() >= 2u + read16(input, 0)) end(input.substr(2, read16(input, 0)));
  }
  void on_read_closed() override { on_closed(); }
  void on_closed() override { end(write_error(query, Code::kServerFailure)); }
  void end(std::string answer) {
    if (const auto told = std::move(done)) told(std::move(answer));
  }
};

Forward::Forward(Loop& loop, Clock& clock, Entropy& entropy, Network& network, std::vector<std::string> servers)
    : loop_(loop), clock_(clock), entropy_(entropy), network_(network), servers_(std::move(servers)) {}

Result<std::unique_ptr<Forward>> Forward::open(Loop& loop, Clock& clock, Entropy& entropy, Datagrams& datagrams,
                                               Network& network, std::vector<std::string> servers) {
  const bool v6 = !servers.empty() && servers.front().front() == '[';
  auto out = std::unique_ptr<Forward>(new Forward(loop, clock, entropy, network, std::move(servers)));
  out->socket_ =
      TRY(datagrams.bind(loop, v6 ? "[::]:0" : "0.0.0.0:0",
                         [raw = out.get()](const std::string& from, std::string_view bytes) { raw->received(from, bytes); }));
  return out;
}

Forward::~Forward() {
  for (const auto& [id, asked] : asked_) loop_.cancel(asked.timer);
  for (const auto& [serial, call] : tcp_) {
    if (call->timer != 0) loop_.cancel(call->timer);
  }
}

void Forward::ask(std::string query, bool tcp, UniqueFunction<void(std::string)> done) {
  if (servers_.empty() || asked_.size() + tcp_.size() >= kUnderWayMax || question_of(query).empty())
    return done(write_error(query, Code::kServerFailure));
  const auto cached = cache_.find(query.substr(2));
  if (cached != cache_.end() && cached->second.until_ns > clock_.monotonic_ns())
    return done(query.substr(0, 2) + cached->second.answer.substr(2));
  if (tcp) return ask_tcp(std::move(query), std::move(done));
  // Ids that cannot be guessed: answers are taken by them.
  std::uint16_t id = 0;
  do {
    unsigned char bytes[2];
    entropy_.fill(bytes);
    id = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
  } while (asked_.count(id) > 0);
  Asked& asked = asked_[id];
  asked.query = std::move(query);
  asked.done = std::move(done);
  send(id);
}

void Forward::send(std::uint16_t id) {
  Asked& asked = asked_.at(id);
  if (asked.server == servers_.size()) return finish(id, write_error(asked.query, Code::kServerFailure));
  socket_->send(servers_[asked.server], bytes16(id) + asked.query.substr(2));
  asked.timer = loop_.after(kServerTimeout, [this, id] {
    asked_.at(id).timer = 0;
    ++asked_.at(id).server;
    send(id);
  });
}

void Forward::received(const std::string& from, std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || (read16(bytes, 2) & 0x8000) == 0) return;
  const std::uint16_t id = read16(bytes, 0);
  const auto found = asked_.find(id);
  if (found == asked_.end() || std::find(servers_.begin(), servers_.end(), from) == servers_.end()) return;
  const Asked& asked = found->second;
  if (!equal_ignore_case(question_of(bytes), question_of(asked.query))) return;
  std::string answer = asked.query.substr(0, 2) + std::string(bytes.substr(2));
  keep(asked.query, answer);
  finish(id, std::move(answer));
}

void Forward::finish(std::uint16_t id, std::string answer) {
  const auto found = asked_.find(id);
  Asked asked = std::move(found->second);
  asked_.erase(found);
  if (asked.timer != 0) loop_.cancel(asked.timer);
  asked.done(std::move(answer));
}

void Forward::ask_tcp(std::string query, UniqueFunction<void(std::string)> done) {
  const std::uint64_t serial = ++last_tcp_;
  auto call = std::make_shared<TcpCall>();
  call->query = query;
  call->done = [this, serial, done = std::move(done)](std::string answer) mutable {
    // The stream's own callback may be running.
    if (const auto found = tcp_.find(serial); found != tcp_.end()) {
      if (found->second->timer != 0) loop_.cancel(found->second->timer);
      loop_.post([ended = found->second] {});
      tcp_.erase(found);
    }
    done(std::move(answer));
  };
  tcp_.emplace(serial, call);
  call->timer = loop_.after(2 * kServerTimeout, [weak = std::weak_ptr<TcpCall>(call)] {
    if (const auto late = weak.lock()) {
      late->timer = 0;
      late->end(write_error(late->query, Code::kServerFailure));
    }
  });
  network_.connect(loop_, servers_.front(), nullptr, "", kServerTimeout,
                   [weak = std::weak_ptr<TcpCall>(call)](Result<std::unique_ptr<Stream>> stream) {
                     const auto made = weak.lock();
                     if (!made) return;
                     if (!stream.ok()) return made->end(write_error(made->query, Code::kServerFailure));
                     made->stream = std::move(*stream);
                     made->stream->start(made.get());
                     made->stream->write({SharedBytes(bytes16(static_cast<std::uint16_t>(made->query.size())) + made->query)});
                   });
}

void Forward::keep(const std::string& query, const std::string& answer) {
  const std::uint32_t seconds = std::min(cacheable_seconds(answer), kCacheSecondsMax);
  if (seconds == 0) return;
  const std::string key = query.substr(2);
  const auto [place, added] = cache_.insert_or_assign(key, Cached{answer, clock_.monotonic_ns() + seconds * kSecondNs});
  if (added) cached_order_.push_back(key);
  while (cached_order_.size() > kCacheMax) {
    cache_.erase(cached_order_.front());
    cached_order_.pop_front();
  }
}

}  // namespace plinth::network::dns

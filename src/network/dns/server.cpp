#include "network/dns/server.h"

namespace plinth::network::dns {
namespace {

// A port that is free for UDP may be taken for TCP, by any client's connection too.
constexpr int kPortTriesMax = 100;

std::size_t length_at_front(std::string_view bytes) {
  return static_cast<std::size_t>((static_cast<unsigned char>(bytes[0]) << 8) | static_cast<unsigned char>(bytes[1]));
}

}  // namespace

// Messages on a stream have their length in front (RFC 7766). They are answered one after the other.
struct Server::Connection final : StreamEvents, std::enable_shared_from_this<Server::Connection> {
  Server* server = nullptr;
  std::uint64_t serial = 0;
  std::unique_ptr<Stream> stream;
  std::string input;
  TimerId timer = 0;
  bool answering = false;

  void on_data(std::string_view bytes) override {
    input += bytes;
    if (input.size() > kTcpBytesMax + 2) stream->pause_reading(true);
    next();
  }
  void next() {
    if (answering || !stream || input.size() < 2 || input.size() < 2 + length_at_front(input)) return;
    answering = true;
    rest();
    const std::string query = input.substr(2, length_at_front(input));
    input.erase(0, 2 + query.size());
    server->answer(query, true, [weak = weak_from_this()](std::string answer) {
      const auto self = weak.lock();
      if (!self || !self->stream) return;
      const auto size = answer.size();
      self->stream->write({SharedBytes(std::string{static_cast<char>(size >> 8), static_cast<char>(size & 0xff)} + answer)});
      self->stream->pause_reading(false);
      self->answering = false;
      self->rest();
      // Not inside of itself: there may be many.
      self->stream->loop().post([weak = self->weak_from_this()] {
        if (const auto again = weak.lock()) again->next();
      });
    });
  }
  // Idle from now on.
  void rest() {
    Loop& loop = stream->loop();
    if (timer != 0) loop.cancel(timer);
    timer = loop.after(kConnectionIdle, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->timer = 0;
        self->on_closed();
      }
    });
  }
  void on_read_closed() override { on_closed(); }
  void on_closed() override {
    const auto self = shared_from_this();
    if (timer != 0) server->parts_.loop->cancel(timer);
    timer = 0;
    stream.reset();
    server->connections_.erase(serial);
  }
};

Result<std::unique_ptr<Server>> Server::open(ServerParts parts, const std::string& address,
                                             std::vector<std::string> forward_to) {
  auto out = std::unique_ptr<Server>(new Server(parts));
  Server* raw = out.get();
  out->forward_ =
      TRY(Forward::open(*parts.loop, *parts.clock, *parts.entropy, *parts.datagrams, *parts.network, std::move(forward_to)));
  const bool any_port = address.ends_with(":0");
  for (int tries = any_port ? kPortTriesMax : 1;; --tries) {
    out->socket_ = TRY(parts.datagrams->bind(*parts.loop, address, [raw](const std::string& from, std::string_view bytes) {
      raw->answer(bytes, false, [raw, from](std::string answer) { raw->socket_->send(from, answer); });
    }));
    auto listener = parts.network->listen(*parts.loop, out->socket_->address(), nullptr,
                                          [raw](std::unique_ptr<Stream> stream) { raw->accept(std::move(stream)); });
    if (!listener.ok() && tries > 1) continue;
    out->listener_ = TRY(std::move(listener));
    break;
  }
  return out;
}

Server::~Server() {
  forward_.reset();
  for (const auto& [serial, connection] : connections_) {
    if (connection->timer != 0) parts_.loop->cancel(connection->timer);
  }
}

void Server::answer(std::string_view query, bool tcp, UniqueFunction<void(std::string)> done) {
  Code wrong = Code::kNoError;
  const auto question = read_question(query, wrong);
  if (!question) {
    if (wrong != Code::kNoError) done(write_error(query, wrong));
    return;
  }
  const auto found = zone_ ? zone_->find(*question) : std::nullopt;
  if (!found) return forward_->ask(std::string(query), tcp, std::move(done));
  follow(*question, *found, kAliasesMax, [question = *question, tcp, done = std::move(done)](Answer answer) {
    done(write_answer(question, answer, tcp ? kTcpBytesMax : question.udp_bytes));
  });
}

void Server::follow(Question question, Answer answer, int hops_left, UniqueFunction<void(Answer)> done) {
  const bool alias = !answer.answers.empty() && answer.answers.back().type == Type::kCname;
  const auto asks_for = [&](Type type) { return question.type == static_cast<std::uint16_t>(type); };
  if (!alias || hops_left == 0 || asks_for(Type::kCname) || asks_for(Type::kAny)) return done(std::move(answer));
  question.name = name_of_data(answer.answers.back().data);
  if (const auto found = zone_->find(question)) {
    answer.code = found->code;
    answer.authority = found->authority;
    answer.answers.insert(answer.answers.end(), found->answers.begin(), found->answers.end());
    return follow(std::move(question), std::move(answer), hops_left - 1, std::move(done));
  }
  ask_others(write_query(question.name, question.type),
             [answer = std::move(answer), done = std::move(done)](const std::string& bytes) mutable {
               const auto said = read_answer(bytes);
               answer.code = said ? said->code : Code::kServerFailure;
               if (said) answer.answers.insert(answer.answers.end(), said->answers.begin(), said->answers.end());
               done(std::move(answer));
             });
}

// Over UDP, and again over TCP when the answer was cut short.
void Server::ask_others(const std::string& query, UniqueFunction<void(std::string)> done) {
  forward_->ask(query, false, [this, query, done = std::move(done)](std::string bytes) mutable {
    if (!is_cut_short(bytes)) return done(std::move(bytes));
    forward_->ask(std::move(query), true, std::move(done));
  });
}

void Server::accept(std::unique_ptr<Stream> stream) {
  if (connections_.size() >= kConnectionsMax) return;
  auto made = std::make_shared<Connection>();
  made->server = this;
  made->serial = ++last_connection_;
  made->stream = std::move(stream);
  connections_.emplace(made->serial, made);
  made->rest();
  made->stream->start(made.get());
}

}  // namespace plinth::network::dns

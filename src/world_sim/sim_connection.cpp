#include "world_sim/sim_connection.h"

#include <algorithm>

namespace plinth::world_sim {

class SimStream final : public Stream {
 public:
  SimStream(std::shared_ptr<SimConnection> connection, int side) : connection_(std::move(connection)), side_(side) {}
  ~SimStream() override { connection_->detach(side_); }

  void start(StreamEvents* events) override {
    connection_->side(side_).events = events;
    connection_->schedule_reading(side_);
    if (events != nullptr && !connection_->side(side_).open) connection_->post(side_, &SimConnection::tell_closed);
  }
  void write(ByteChain bytes) override { connection_->write(side_, std::move(bytes)); }
  std::size_t queued_bytes() const override { return connection_->side(side_).queued; }
  void pause_reading(bool paused) override {
    connection_->side(side_).paused = paused;
    connection_->schedule_reading(side_);
  }
  void shutdown_write() override { connection_->shutdown_write(side_); }
  void close() override { connection_->close(side_); }
  const PeerInfo& peer() const override { return connection_->side(side_).peer; }
  Loop& loop() override { return *connection_->side(side_).loop; }

 private:
  std::shared_ptr<SimConnection> connection_;
  int side_;
};

std::unique_ptr<Stream> SimConnection::open(int s, Loop& loop, PeerInfo peer) {
  Side& self = side(s);
  self.loop = &loop;
  self.peer = std::move(peer);
  self.attached = self.open = true;
  return std::make_unique<SimStream>(shared_from_this(), s);
}

void SimConnection::post(int s, void (SimConnection::*what)(int)) {
  if (side(s).loop == nullptr) return;
  side(s).loop->post([self = shared_from_this(), s, what] {
    if (self->side(s).attached) ((*self).*what)(s);
  });
}

void SimConnection::write(int from, ByteChain bytes) {
  Side& sender = side(from);
  if (!sender.open || sender.ending) return;
  for (SharedBytes& part : bytes) {
    if (part.empty()) continue;
    sender.queued += part.size();
    sender.queue.push_back(std::move(part));
  }
  carry(from);
}

void SimConnection::shutdown_write(int from) {
  Side& sender = side(from);
  if (!sender.open || sender.ending) return;
  sender.ending = true;
  carry(from);
}

// Puts the next chunk, or the end, of one direction on the wire unless one is there already.
void SimConnection::carry(int from) {
  Side& sender = side(from);
  bool something = !sender.queue.empty() || (sender.ending && !sender.ended);
  if (!sender.open || sender.carrying || !something) return;
  sender.carrying = true;
  network_.wire_.after(network_.delay(), [self = shared_from_this(), from] { self->arrive(from); });
}

void SimConnection::arrive(int from) {
  Side &sender = side(from), &receiver = side(1 - from);
  sender.carrying = false;
  if (!sender.open || network_.partitioned(address_)) return;  // resume() carries on
  if (network_.random_.chance(network_.options_.resets_per_million)) return reset();
  if (!receiver.open) return reset();  // what is sent to a dead peer comes back as a reset
  std::size_t window = network_.options_.window_bytes;
  if (receiver.received.size() >= window) return;  // read() carries on
  bool had_bytes = !sender.queue.empty();
  receiver.received += take_chunk(sender, window - receiver.received.size());
  if (had_bytes && sender.queue.empty() && !sender.drained_due) {
    sender.drained_due = true;
    post(from, &SimConnection::tell_drained);
  }
  if (sender.queue.empty() && sender.ending && !had_bytes) {
    sender.ended = true;
    receiver.input_ended = true;
    if (sender.input_told) close(from);
  }
  schedule_reading(1 - from);
  carry(from);
}

std::string SimConnection::take_chunk(Side& sender, std::size_t room) {
  std::size_t limit = std::max<std::size_t>(std::min(room, network_.options_.chunk_bytes_max), 1);
  std::size_t wanted = std::min<std::size_t>(network_.random_.between(1, limit), sender.queued);
  // Mostly whole pieces, as real networks do; now and then every byte boundary is tried.
  if (network_.random_.coin()) wanted = std::min(limit, sender.queued);
  std::string out;
  while (out.size() < wanted) {
    SharedBytes& first = sender.queue.front();
    std::size_t n = std::min(first.size(), wanted - out.size());
    out += first.view().substr(0, n);
    if (n == first.size())
      sender.queue.pop_front();
    else
      first = first.slice(n, first.size() - n);
  }
  sender.queued -= out.size();
  return out;
}

void SimConnection::tell_drained(int s) {
  Side& self = side(s);
  self.drained_due = false;
  if (self.open && self.events != nullptr && self.queue.empty()) self.events->on_drained();
}

void SimConnection::schedule_reading(int s) {
  Side& self = side(s);
  bool something = !self.received.empty() || (self.input_ended && !self.input_told);
  if (!self.open || self.reading_due || !something || self.paused || self.events == nullptr) return;
  self.reading_due = true;
  post(s, &SimConnection::read);
}

void SimConnection::read(int s) {
  auto keep = shared_from_this();  // the stream may be destroyed in a callback
  Side& self = side(s);
  self.reading_due = false;
  if (!self.open || self.paused || self.events == nullptr) return;
  if (!self.received.empty()) {
    std::string bytes = std::exchange(self.received, {});
    carry(1 - s);
    self.events->on_data(bytes);
    return schedule_reading(s);
  }
  if (!self.input_ended || self.input_told) return;
  self.input_told = true;
  self.events->on_read_closed();
  if (self.open && self.ended) close(s);
}

void SimConnection::close(int s) {
  Side& self = side(s);
  if (!self.open) return;
  self.open = false;
  self.queue.clear();
  self.queued = 0;
  self.received.clear();
  post(s, &SimConnection::tell_closed);
  network_.wire_.after(network_.delay(), [keep = shared_from_this(), s] { keep->arrive_close(s); });
}

// The peer reads what arrived, then the end; when it writes it finds out.
void SimConnection::arrive_close(int from) {
  Side& receiver = side(1 - from);
  if (!receiver.open || receiver.input_ended || network_.partitioned(address_)) return;
  receiver.input_ended = true;
  schedule_reading(1 - from);
  carry(1 - from);
}

void SimConnection::tell_closed(int s) {
  Side& self = side(s);
  if (self.closed_told || self.events == nullptr) return;
  self.closed_told = true;
  self.events->on_closed();
}

void SimConnection::detach(int s) {
  Side& self = side(s);
  self.attached = false;
  self.events = nullptr;
  close(s);
}

void SimConnection::reset() {
  for (int s : {0, 1}) {
    Side& self = side(s);
    if (!self.open) continue;
    self.open = false;
    self.queue.clear();
    self.queued = 0;
    self.received.clear();
    post(s, &SimConnection::tell_closed);
  }
}

void SimConnection::resume() {
  for (int s : {0, 1}) {
    carry(s);
    if (!side(s).open) arrive_close(s);
  }
}

}  // namespace plinth::world_sim

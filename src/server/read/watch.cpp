#include "server/read/watch.h"

#include "server/object_codec.h"
#include "server/protobuf_answer.h"
#include "server/read/current_forms.h"
#include "server/read/read_setup.h"
#include "server/read/wait_revision.h"
#include "server/status.h"

namespace plinth::server {

// Lives on its responder's loop. First the initial state (when asked for), in slices of a pinned snapshot; then events from the
// store's change stream. Never holds more unsent bytes than limits.stream_queue_bytes_max plus one slice: a client that does
// not read stays behind in the store's history until that is cut, and then gets 410.
class WatchOperation : public std::enable_shared_from_this<WatchOperation> {
 public:
  explicit WatchOperation(ReadSetup setup)
      : context_(setup.context),
        exchange_(std::move(setup.exchange)),
        kind_(std::move(setup.kind)),
        options_(std::move(setup.options)),
        filter_(std::move(setup.filter)),
        representation_(std::move(setup.representation)) {}
  ~WatchOperation() { context_.watches->remove(this); }

  std::string resource() const { return std::string(kind_.row->group) + "/" + std::string(kind_.row->plural); }
  Loop& loop() { return exchange_->loop(); }

  void start() {
    if (!options_.revision_set) return begin();
    once_reached(context_, exchange_, options_.revision, [self = shared_from_this()] { self->begin(); });
  }

  // A clean end of the stream; clients open a new one.
  void end() {
    if (ended_) return;
    ended_ = true;
    stop_timers();
    store_watch_.reset();
    if (begun_) exchange_->responder->end();
    self_.reset();
  }

 private:
  void begin() {
    const bool from_now = !options_.revision_set || options_.revision == 0;
    const bool initial = options_.send_initial_events.value_or(from_now);
    snapshot_ = context_.store->snapshot();
    progress_ = initial || from_now ? snapshot_->revision() : options_.revision;

    const std::string& prefix = filter_.only_key().empty() ? filter_.prefix() : filter_.only_key();
    std::weak_ptr<WatchOperation> weak = weak_from_this();
    auto opened = context_.store->watch(prefix, progress_, loop(), [weak] {
      if (auto self = weak.lock()) self->on_wake();
    });
    if (!opened.ok()) return exchange_->fail(opened.error());
    if (!context_.watches->add(shared_from_this(), context_.limits.watchers_max)) {
      return exchange_->fail(too_many_requests("too many watches are open", 1));
    }
    store_watch_ = std::move(*opened);
    self_ = shared_from_this();
    begun_ = true;
    exchange_->responder->begin(exchange_->head(200, std::string(in_protobuf() ? kProtobufWatchType : "application/json")));
    exchange_->responder->on_closed([weak] {
      if (auto self = weak.lock()) self->on_client_gone();
    });
    arm_timers();
    if (initial) return send_initial();
    initial_done_ = true;
    snapshot_.reset();
    pump();
  }

  void on_client_gone() {
    if (ended_) return;
    ended_ = true;
    stop_timers();
    store_watch_.reset();
    self_.reset();
  }

  void arm_timers() {
    std::weak_ptr<WatchOperation> weak = weak_from_this();
    Duration timeout = std::chrono::seconds(options_.timeout_seconds.value_or(0));
    if (timeout.count() <= 0) {
      unsigned char random[2];
      context_.entropy->fill(random);
      const std::int64_t part = (random[0] << 8) | random[1];
      timeout = context_.limits.watch_timeout_min + context_.limits.watch_timeout_min * part / 65536;
    }
    end_timer_ = loop().after(timeout, [weak] {
      auto self = weak.lock();
      if (!self || self->ended_) return;
      self->end_timer_ = 0;
      if (self->options_.bookmarks && self->initial_done_) self->send_bookmark(false);
      self->end();
    });
    if (options_.bookmarks) arm_bookmark();
  }

  void arm_bookmark() {
    std::weak_ptr<WatchOperation> weak = weak_from_this();
    bookmark_timer_ = loop().after(context_.limits.bookmark_interval, [weak] {
      auto self = weak.lock();
      if (!self || self->ended_) return;
      if (self->initial_done_) {
        self->pump();
        if (!self->ended_ && self->caught_up_) self->send_bookmark(false);
      }
      if (!self->ended_) self->arm_bookmark();
    });
  }

  void stop_timers() {
    if (end_timer_ != 0) loop().cancel(end_timer_);
    if (bookmark_timer_ != 0) loop().cancel(bookmark_timer_);
    end_timer_ = bookmark_timer_ = 0;
  }

  void send_initial() {
    if (ended_) return;
    std::size_t visited = 0, bytes = 0;
    bool more = false;
    auto visit = [&](const store::RecordPtr& record) {
      if (++visited > context_.limits.list_slice_objects || bytes > context_.limits.list_slice_bytes) {
        more = true;
        start_ = record->key();
        return false;
      }
      if (filter_.matches(*record)) bytes += send_event("ADDED", record);
      return !ended_;
    };
    if (!filter_.only_key().empty()) {
      if (store::RecordPtr record = snapshot_->get(filter_.only_key())) visit(record);
    } else {
      snapshot_->scan(filter_.prefix(), start_, visit);
    }
    if (ended_) return;
    std::weak_ptr<WatchOperation> weak = weak_from_this();
    if (more) {
      return when_room([weak] {
        if (auto self = weak.lock()) self->send_initial();
      });
    }
    initial_done_ = true;
    if (options_.send_initial_events.value_or(false) && options_.bookmarks) send_bookmark(true);
    snapshot_.reset();
    pump();
  }

  // Runs `next` on a later turn of the loop, after the client has taken what is queued when that is much.
  void when_room(Task next) {
    if (exchange_->responder->queued_bytes() <= context_.limits.stream_queue_bytes_max) return loop().post(std::move(next));
    room_task_ = std::move(next);
    std::weak_ptr<WatchOperation> weak = weak_from_this();
    exchange_->responder->on_drained([weak] {
      auto self = weak.lock();
      if (!self) return;
      if (Task task = std::move(self->room_task_)) task();
    });
  }

  void on_wake() {
    if (initial_done_ && !waiting_for_room_) pump();
  }

  void pump() {
    constexpr std::size_t kEventsPerTurn = 64;
    if (ended_ || waiting_for_room_) return;
    store::Revision progress = progress_;
    auto events = store_watch_->next(kEventsPerTurn, progress);
    if (!events.ok()) return send_error(events.error());
    for (const store::EventPtr& event : *events) {
      send_change(*event);
      if (ended_) return;
    }
    progress_ = progress;
    caught_up_ = events->size() < kEventsPerTurn;
    const bool full = exchange_->responder->queued_bytes() > context_.limits.stream_queue_bytes_max;
    if (caught_up_ && !full) return;
    waiting_for_room_ = true;
    std::weak_ptr<WatchOperation> weak = weak_from_this();
    when_room([weak] {
      if (auto self = weak.lock()) {
        self->waiting_for_room_ = false;
        self->pump();
      }
    });
  }

  void send_change(const store::Event& event) {
    if (filter_.selects_all() && filter_.only_key().empty()) {
      if (event.type == store::EventType::kDelete)
        send_event("DELETED", event.current);
      else
        send_event(event.previous == nullptr ? "ADDED" : "MODIFIED", event.current);
      return;
    }
    if (!filter_.only_key().empty() && event.current->key() != filter_.only_key()) return;
    const bool before = event.previous != nullptr && filter_.matches(*event.previous);
    if (event.type == store::EventType::kDelete) {
      if (before) send_event("DELETED", event.current);
      return;
    }
    const bool now = filter_.matches(*event.current);
    if (now)
      send_event(before ? "MODIFIED" : "ADDED", event.current);
    else if (before)
      send_event("DELETED", with_revision(*event.previous, event.revision));
  }

  std::size_t send_event(std::string_view type, const store::RecordPtr& record) {
    auto object = representation_->watch_object(record, first_);
    if (!object.ok()) {
      send_error(object.error());
      return 0;
    }
    first_ = false;
    return send_frame(type, std::move(*object));
  }

  bool in_protobuf() const { return representation_->accepted().protobuf; }

  std::size_t send_frame(std::string_view type, ByteChain object) {
    if (in_protobuf()) return send_protobuf(type, flatten(object));
    ByteChain frame;
    frame.reserve(object.size() + 2);
    frame.push_back(SharedBytes(std::string("{\"type\":\"") + std::string(type) + "\",\"object\":"));
    for (SharedBytes& part : object) frame.push_back(std::move(part));
    frame.push_back(SharedBytes::literal("}\n"));
    const std::size_t bytes = total_size(frame);
    exchange_->responder->write(std::move(frame));
    return bytes;
  }

  std::size_t send_protobuf(std::string_view type, const std::string& object) {
    auto frame = protobuf_event(type, object);
    if (!frame.ok()) {
      end();
      return 0;
    }
    const std::size_t bytes = frame->size();
    exchange_->responder->write({SharedBytes(std::move(*frame))});
    return bytes;
  }

  void send_bookmark(bool initial_events_end) {
    send_frame("BOOKMARK", representation_->bookmark(progress_, initial_events_end));
  }

  void send_error(const Error& error) {
    send_frame("ERROR", {SharedBytes(status_json(error))});
    end();
  }

  ServerContext& context_;
  ExchangePtr exchange_;
  ResolvedKind kind_;
  ListOptions options_;
  Filter filter_;
  RepresentationPtr representation_;
  std::unique_ptr<store::Watch> store_watch_;
  store::SnapshotPtr snapshot_;           // while the initial state is sent
  std::shared_ptr<WatchOperation> self_;  // held while the stream is open
  std::string start_;
  Task room_task_;  // what goes on when the client has taken what is queued
  store::Revision progress_ = 0;
  TimerId end_timer_ = 0, bookmark_timer_ = 0;
  bool begun_ = false, ended_ = false, initial_done_ = false, first_ = true, caught_up_ = false, waiting_for_room_ = false;
};

bool WatchBook::add(const std::shared_ptr<WatchOperation>& watch, std::size_t watchers_max) {
  std::lock_guard lock(mutex_);
  if (watches_.size() >= watchers_max) return false;
  watches_.emplace(watch.get(), watch);
  return true;
}

void WatchBook::remove(const WatchOperation* watch) {
  std::lock_guard lock(mutex_);
  watches_.erase(watch);
}

std::size_t WatchBook::size() const {
  std::lock_guard lock(mutex_);
  return watches_.size();
}

void WatchBook::end_kinds(const std::vector<std::string>& resources) {
  std::vector<std::shared_ptr<WatchOperation>> alive;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, weak] : watches_) {
      if (auto watch = weak.lock()) alive.push_back(std::move(watch));
    }
  }
  for (const auto& watch : alive) {
    if (std::find(resources.begin(), resources.end(), watch->resource()) == resources.end()) continue;
    watch->loop().post([watch] { watch->end(); });
  }
}

void WatchBook::end_all() {
  std::vector<std::shared_ptr<WatchOperation>> alive;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, weak] : watches_) {
      if (auto watch = weak.lock()) alive.push_back(std::move(watch));
    }
  }
  for (const auto& watch : alive) {
    watch->loop().post([watch] { watch->end(); });
  }
}

void serve_watch(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  start_read<WatchOperation>(context, std::move(exchange), kind, /*watch=*/true);
}

}  // namespace plinth::server

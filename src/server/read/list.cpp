#include "server/read/list.h"

#include "server/object_codec.h"
#include "server/protobuf_answer.h"
#include "server/read/read_setup.h"
#include "server/read/wait_revision.h"
#include "server/status.h"

namespace plinth::server {

void PinnedSnapshots::pin(store::SnapshotPtr snapshot) {
  std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.monotonic_ns();
  pins_[snapshot->revision()] = Pin{snapshot, now};
  drop_old(now);
}

store::SnapshotPtr PinnedSnapshots::find(store::Revision revision) {
  std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.monotonic_ns();
  drop_old(now);
  auto it = pins_.find(revision);
  if (it == pins_.end()) return nullptr;
  it->second.used_ns = now;
  return it->second.snapshot;
}

void PinnedSnapshots::drop_old(std::int64_t now) {
  for (auto it = pins_.begin(); it != pins_.end();) {
    it = now - it->second.used_ns > age_max_.count() ? pins_.erase(it) : std::next(it);
  }
  while (pins_.size() > count_max_) {
    auto oldest = pins_.begin();
    for (auto it = pins_.begin(); it != pins_.end(); ++it) {
      if (it->second.used_ns < oldest->second.used_ns) oldest = it;
    }
    pins_.erase(oldest);
  }
}

namespace {

constexpr std::string_view kContinueExpired =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
    "continue "
    "parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the "
    "provided token "
    "results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was "
    "returned and "
    "now may show up in the list.";

// Writes one list answer in slices, so that a long one never holds the loop.
class ListOperation : public std::enable_shared_from_this<ListOperation> {
 public:
  explicit ListOperation(ReadSetup setup)
      : context_(setup.context),
        exchange_(std::move(setup.exchange)),
        kind_(std::move(setup.kind)),
        options_(std::move(setup.options)),
        filter_(std::move(setup.filter)),
        representation_(std::move(setup.representation)) {}

  void start() {
    if (!options_.revision_set || !options_.continue_token.empty()) return begin();
    once_reached(context_, exchange_, options_.revision, [self = shared_from_this()] { self->begin(); });
  }

 private:
  void begin() {
    auto chosen = choose_snapshot();
    if (!chosen.ok()) return exchange_->fail(chosen.error());
    snapshot_ = std::move(*chosen);
    out_ = representation_->list_head();
    if (representation_->accepted().protobuf) {
      auto list = ProtobufList::begin(out_ + "]}");
      if (!list.ok()) return exchange_->fail(list.error());
      protobuf_ = std::move(*list);
    }
    slice();
  }

  Result<store::SnapshotPtr> choose_snapshot() {
    store::SnapshotPtr latest = context_.store->snapshot();
    if (!options_.continue_token.empty()) {
      ContinueToken token = TRY(decode_continue(options_.continue_token));
      start_ = base_prefix() + token.start;
      if (token.revision == 0) return latest;
      if (token.revision == latest->revision()) return latest;
      if (auto pinned = context_.pins->find(token.revision)) return pinned;
      return expired_continue(token.start);
    }
    const bool exact =
        options_.match == VersionMatch::kExact ||
        (options_.match == VersionMatch::kUnset && options_.revision_set && options_.revision > 0 && options_.limit > 0);
    if (!exact || options_.revision == latest->revision()) return latest;
    if (auto pinned = context_.pins->find(options_.revision)) return pinned;
    return expired("The resourceVersion for the provided list is too old.");
  }

  // 410 that carries a token for going on at the latest revision.
  Error expired_continue(const std::string& start) {
    Error error = expired(std::string(kContinueExpired));
    error.mutable_details().continue_token = encode_continue(ContinueToken{0, start});
    return error;
  }

  std::string base_prefix() const { return kind_prefix(*kind_.row); }

  void slice() {
    if (exchange_->responder->closed()) return;
    const std::size_t slice_start = written_bytes();
    std::size_t visited = 0;
    bool more = false;
    std::optional<Error> error;
    auto visit = [&](const store::RecordPtr& record) {
      if (++visited > context_.limits.list_slice_objects || written_bytes() - slice_start > context_.limits.list_slice_bytes) {
        more = true;
        start_ = record->key();
        return false;
      }
      if (!filter_.matches(*record)) return true;
      if (options_.limit > 0 && count_ == options_.limit) {
        next_page_ = last_key_;
        return false;
      }
      if (count_++ > 0 && !protobuf_) out_ += ',';
      last_key_ = record->key();
      auto written = protobuf_ ? add_to_protobuf(record) : representation_->append_item(out_, record);
      if (!written.ok()) error = std::move(written).error();
      return !error.has_value();
    };
    if (!filter_.only_key().empty()) {
      if (store::RecordPtr record = snapshot_->get(filter_.only_key())) visit(record);
    } else {
      snapshot_->scan(filter_.prefix(), start_, visit);
    }
    if (error) return fail(*error);
    if (!more) return finish();
    go_on();
  }

  std::size_t written_bytes() const { return protobuf_ ? protobuf_->bytes() : out_.size(); }

  Result<void> add_to_protobuf(const store::RecordPtr& record) {
    std::string item;
    TRY(representation_->append_item(item, record));
    TRY(protobuf_->add(item));
    if (protobuf_->bytes() <= context_.limits.protobuf_list_bytes_max) return {};
    return Error(Reason::kRequestEntityTooLarge,
                 "the list takes more than " + std::to_string(context_.limits.protobuf_list_bytes_max) +
                     " bytes in protobuf: ask for parts of it with `limit`, or accept application/json");
  }

  // Sends what there is and takes the next slice on a later turn of the loop, once the client has room.
  void go_on() {
    if (protobuf_) return exchange_->loop().post([self = shared_from_this()] { self->slice(); });
    if (!streaming_) {
      streaming_ = true;
      exchange_->responder->begin(exchange_->head(200, "application/json"));
    }
    exchange_->responder->write({SharedBytes(std::move(out_))});
    out_.clear();
    if (exchange_->responder->queued_bytes() > context_.limits.stream_queue_bytes_max) {
      waiting_ = shared_from_this();
      std::weak_ptr<ListOperation> weak = waiting_;
      auto go_on = [weak] {
        auto self = weak.lock();
        if (!self || !self->waiting_) return;
        self->waiting_.reset();
        self->slice();
      };
      exchange_->responder->on_closed([weak] {
        if (auto self = weak.lock()) self->waiting_.reset();
      });
      exchange_->responder->on_drained(std::move(go_on));
    } else {
      exchange_->loop().post([self = shared_from_this()] { self->slice(); });
    }
  }

  void fail(const Error& error) {
    if (streaming_) return exchange_->responder->abort();
    exchange_->fail(error);
  }

  void finish() {
    std::string token;
    std::int64_t remaining = 0;
    if (!next_page_.empty()) {
      context_.pins->pin(snapshot_);
      token = encode_continue(ContinueToken{snapshot_->revision(), next_page_.substr(base_prefix().size()) + '\0'});
      if (filter_.selects_all()) remaining = remaining_after(next_page_);
    }
    out_ += representation_->list_tail(snapshot_->revision(), token, remaining);
    if (protobuf_) {
      auto body = std::move(*protobuf_).finish(out_);
      if (!body.ok()) return exchange_->fail(body.error());
      exchange_->reply_bytes(200, std::string(kProtobufType), std::move(*body));
    } else if (streaming_) {
      exchange_->responder->write({SharedBytes(std::move(out_))});
      exchange_->responder->end();
    } else {
      exchange_->reply(200, {SharedBytes(std::move(out_))}, representation_->accepted());
    }
  }

  std::int64_t remaining_after(const std::string& key) const {
    return static_cast<std::int64_t>(snapshot_->count_from(filter_.prefix(), key + '\0'));
  }

  ServerContext& context_;
  ExchangePtr exchange_;
  ResolvedKind kind_;
  ListOptions options_;
  Filter filter_;
  RepresentationPtr representation_;
  store::SnapshotPtr snapshot_;
  std::string out_, start_, last_key_, next_page_;
  std::optional<ProtobufList> protobuf_;  // has the items then, instead of out_
  std::int64_t count_ = 0;
  bool streaming_ = false;
  std::shared_ptr<ListOperation> waiting_;  // itself, while the client has to take what is queued
};

}  // namespace

void serve_get(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  auto accepted = negotiate_object(exchange->request.headers.get("accept"), kind.row->builtin);
  if (!accepted.ok()) return exchange->fail(accepted.error());
  auto representation = Representation::make(context, kind, *accepted, exchange->info.query);
  if (!representation.ok()) return exchange->fail(representation.error());
  const RequestInfo& info = exchange->info;
  const std::string name_space = kind.row->scope == api::Scope::kCluster ? "" : info.name_space;
  store::RecordPtr record = context.store->snapshot()->get(object_key(*kind.row, name_space, info.name));
  if (record == nullptr) return exchange->fail(not_found(kind.row->group, kind.row->plural, info.name));
  auto body = (*representation)->object(record);
  if (!body.ok()) return exchange->fail(body.error());
  exchange->reply(200, std::move(*body), *accepted);
}

void serve_list(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  start_read<ListOperation>(context, std::move(exchange), kind, /*watch=*/false);
}

}  // namespace plinth::server

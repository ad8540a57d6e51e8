#include "server/list_options.h"
#include "server/object_codec.h"
#include "server/read/filter.h"
#include "server/status.h"
#include "server/write/delete.h"

namespace plinth::server {
namespace {

// Deletes a collection's objects one after the other; each is a deletion of its own, with admission. The first refusal ends it.
// Which objects these are is settled before the first one goes, in slices of one snapshot.
class DeleteCollection : public std::enable_shared_from_this<DeleteCollection> {
 public:
  DeleteCollection(ServerContext& context, ExchangePtr exchange, ResolvedKind kind, DeleteOptions options)
      : context_(context), exchange_(std::move(exchange)), kind_(std::move(kind)), options_(std::move(options)) {}

  Result<void> start() {
    ListOptions list = TRY(parse_list_options(exchange_->info.query, /*watch=*/false));
    filter_ = TRY(Filter::make(kind_, exchange_->info, list));
    snapshot_ = context_.store->snapshot();
    collect();
    return {};
  }

  void collect() {
    std::size_t visited = 0;
    std::string from = std::move(start_);
    start_.clear();
    snapshot_->scan(filter_->prefix(), from, [&](const store::RecordPtr& record) {
      if (++visited > context_.limits.list_slice_objects) {
        start_ = record->key();
        return false;
      }
      if (filter_->matches(*record)) keys_.emplace_back(record->key());
      return true;
    });
    if (!start_.empty()) return exchange_->loop().post([self = shared_from_this()] { self->collect(); });
    snapshot_.reset();
    next();
  }

  void next() {
    if (at_ == keys_.size()) {
      return exchange_->reply(200, {SharedBytes(success_status_json("", kind_.row->group, kind_.row->plural, ""))},
                              negotiate_status(exchange_->request.headers.get("accept")));
    }
    const std::string& key = keys_[at_++];
    RequestInfo info = exchange_->info;
    info.verb = "delete";
    info.name = key_name(key);
    info.name_space = key_namespace(key);
    auto item = std::make_shared<Exchange>(net::HttpRequest(), std::move(info), exchange_->user, exchange_->responder, "");
    std::make_shared<Item>(shared_from_this(), std::move(item))->start();
  }

  void fail(const Error& error) { exchange_->fail(error); }

 private:
  class Item : public DeleteOperation {
   public:
    Item(std::shared_ptr<DeleteCollection> all, ExchangePtr exchange)
        : DeleteOperation(all->context_, std::move(exchange), all->kind_, all->options_), all_(std::move(all)) {}

   protected:
    void answer(const Proposal&, const store::RecordPtr&) override { go_on(); }
    void fail(const Error& error) override {
      if (error.reason() == Reason::kNotFound) return go_on();
      all_->fail(error);
    }

   private:
    // On a later turn of the loop: a long collection neither holds it nor nests calls.
    void go_on() {
      exchange_->loop().post([all = all_] { all->next(); });
    }
    std::shared_ptr<DeleteCollection> all_;
  };

  ServerContext& context_;
  ExchangePtr exchange_;
  ResolvedKind kind_;
  DeleteOptions options_;
  std::optional<Filter> filter_;
  store::SnapshotPtr snapshot_;  // while keys are collected
  std::string start_;            // where the next slice begins
  std::vector<std::string> keys_;
  std::size_t at_ = 0;
};

}  // namespace

void serve_delete_collection(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  auto options = read_delete_options(*exchange);
  if (!options.ok()) return exchange->fail(options.error());
  auto all = std::make_shared<DeleteCollection>(context, exchange, kind, std::move(*options));
  auto started = all->start();
  if (!started.ok()) return exchange->fail(started.error());
}

}  // namespace plinth::server

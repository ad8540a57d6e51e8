// The swagger document of everything, made in slices.
#include <algorithm>

#include "server/paths/etag.h"
#include "server/paths/paths.h"

namespace plinth::server {
namespace {

constexpr std::int64_t kSliceNs = 500'000;
constexpr std::size_t kHashedAtOnce = 128 * 1024;

}  // namespace

class ServedDocuments::SwaggerJob : public std::enable_shared_from_this<SwaggerJob> {
 public:
  using Waiting = std::pair<Loop*, UniqueFunction<void(Entry)>>;
  SwaggerJob(ServedDocuments& documents, std::string name, KindTablePtr table, SwaggerBuilder::Form form, Loop& loop,
             Clock& clock)
      : documents_(documents),
        name_(std::move(name)),
        generation_(table->generation()),
        loop_(loop),
        clock_(clock),
        builder_(std::move(table), form) {}

  std::uint64_t generation() const { return generation_; }
  std::vector<Waiting> waiting;  // under the documents' mutex

  void work() {
    const std::int64_t until = clock_.monotonic_ns() + kSliceNs;
    do {
      if (!step()) return finish();
    } while (clock_.monotonic_ns() < until);
    loop_.post([self = shared_from_this()] { self->work(); });
  }

 private:
  bool step() {
    if (body_ == nullptr) {
      if (!builder_.step()) body_ = std::make_shared<const std::string>(builder_.take());
      return true;
    }
    if (hashed_ == body_->size()) return false;
    const std::string_view piece = std::string_view(*body_).substr(hashed_, kHashedAtOnce);
    etag_.add(piece);
    hashed_ += piece.size();
    return true;
  }

  void finish() {
    const Entry entry{body_, etag_.finish()};
    std::vector<Waiting> waiting_now;
    {
      std::lock_guard lock(documents_.mutex_);
      waiting_now = std::move(waiting);
      const auto job = documents_.jobs_.find(name_);
      if (job != documents_.jobs_.end() && job->second.get() == this) documents_.jobs_.erase(job);
      if (documents_.generation_ == generation_) documents_.entries_[name_] = entry;
    }
    for (auto& [loop, done] : waiting_now) {
      if (loop == &loop_)
        done(entry);
      else
        loop->post([entry, done = std::move(done)]() mutable { done(entry); });
    }
  }

  ServedDocuments& documents_;
  const std::string name_;
  const std::uint64_t generation_;
  Loop& loop_;
  Clock& clock_;
  SwaggerBuilder builder_;
  std::shared_ptr<const std::string> body_;
  std::size_t hashed_ = 0;
  Etag etag_;
};

void ServedDocuments::get_swagger(Loop& loop, Clock& clock, SwaggerBuilder::Form form, UniqueFunction<void(Entry)> done) {
  const std::string name = form == SwaggerBuilder::Form::kJson ? "/openapi/v2#json" : "/openapi/v2#protobuf";
  KindTablePtr table = registry_.table();
  std::shared_ptr<SwaggerJob> started;
  Entry ready;
  {
    std::lock_guard lock(mutex_);
    if (generation_ != table->generation()) {
      entries_.clear();
      generation_ = table->generation();
    }
    if (const auto found = entries_.find(name); found != entries_.end()) {
      ready = found->second;
    } else {
      auto& job = jobs_[name];
      if (job == nullptr || job->generation() != table->generation()) {
        job = std::make_shared<SwaggerJob>(*this, name, std::move(table), form, loop, clock);
        started = job;
      }
      job->waiting.emplace_back(&loop, std::move(done));
    }
  }
  if (ready.body != nullptr) return done(std::move(ready));
  if (started != nullptr) started->work();
}

}  // namespace plinth::server

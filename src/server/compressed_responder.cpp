#include "server/compressed_responder.h"

#include <algorithm>
#include <deque>

#include <zlib.h>

namespace plinth::server {
namespace {

// Compressed before other requests get their turn: well under a millisecond at level 1.
constexpr std::size_t kPieceBytes = 32 * 1024;
// Compressed bytes that the client has not taken; more are made when they have gone.
constexpr std::size_t kQueuedBytesMax = 1024 * 1024;
constexpr int kGzipWindow = 15 + 16, kMemoryLevel = 8;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "q=0", "q=0.0" and so on.
bool refused(std::string_view parameters) {
  const std::size_t q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  const std::string_view value = trimmed(parameters.substr(q + 2));
  return !value.empty() && value.find_first_not_of("0.") == std::string_view::npos;
}

class CompressedResponder final : public net::Responder, public std::enable_shared_from_this<CompressedResponder> {
 public:
  explicit CompressedResponder(std::shared_ptr<net::Responder> inner) : inner_(std::move(inner)) {}
  ~CompressedResponder() override {
    if (begun_) deflateEnd(&deflate_);
  }

  void send(net::HttpResponse response) override {
    const bool has_body = response.status >= 200 && response.status != 204 && response.status != 304;
    if (!has_body || total_size(response.body) < kCompressedBytesMin || response.headers.has("content-encoding")) {
      return inner_->send(std::move(response));
    }
    ByteChain body = std::move(response.body);
    response.body.clear();
    begin(std::move(response));
    write(std::move(body));
    end();
  }

  void begin(net::HttpResponse head) override {
    if (deflateInit2(&deflate_, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK)
      return inner_->abort();
    begun_ = true;
    head.headers.add("content-encoding", "gzip");
    head.headers.add("vary", "Accept-Encoding");
    ByteChain body = std::move(head.body);
    head.body.clear();
    inner_->begin(std::move(head));
    if (!body.empty()) write(std::move(body));
  }

  void write(ByteChain chunk) override {
    for (SharedBytes& part : chunk) {
      if (part.empty()) continue;
      waiting_bytes_ += part.size();
      waiting_.push_back(std::move(part));
    }
    schedule();
  }

  void end() override {
    ending_ = true;
    schedule();
  }

  std::size_t queued_bytes() const override { return waiting_bytes_ + inner_->queued_bytes(); }
  void on_drained(Task task) override { drained_ = std::move(task); }
  void on_closed(Task task) override { inner_->on_closed(std::move(task)); }
  void abort() override { inner_->abort(); }
  bool closed() const override { return inner_->closed(); }
  Loop& loop() override { return inner_->loop(); }
  std::unique_ptr<Stream> upgrade(net::Headers headers, std::string& rest) override {
    return inner_->upgrade(std::move(headers), rest);
  }

 private:
  void schedule() {
    if (!begun_ || scheduled_ || over_) return;
    scheduled_ = true;
    loop().post([self = shared_from_this()] {
      self->scheduled_ = false;
      self->step();
    });
  }

  void step() {
    if (over_ || inner_->closed()) return;
    if (inner_->queued_bytes() > kQueuedBytesMax) {
      scheduled_ = true;
      return inner_->on_drained([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
          self->scheduled_ = false;
          self->step();
        }
      });
    }
    const std::string_view piece = next_piece();
    const bool last = ending_ && waiting_bytes_ == piece.size();
    std::string out = compress(piece, last);
    consume(piece.size());
    if (!out.empty()) inner_->write({SharedBytes(std::move(out))});
    if (last) {
      over_ = true;
      inner_->end();
    } else if (waiting_bytes_ > 0) {
      schedule();
    } else {
      tell_drained();
    }
  }

  std::string_view next_piece() const {
    return waiting_.empty() ? std::string_view() : waiting_.front().view().substr(offset_, kPieceBytes);
  }

  void consume(std::size_t size) {
    waiting_bytes_ -= size;
    offset_ += size;
    if (waiting_.empty() || offset_ < waiting_.front().size()) return;
    waiting_.pop_front();
    offset_ = 0;
  }

  std::string compress(std::string_view piece, bool last) {
    deflate_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    deflate_.avail_in = static_cast<uInt>(piece.size());
    std::string out;
    char buffer[16 * 1024];
    do {
      deflate_.next_out = reinterpret_cast<Bytef*>(buffer);
      deflate_.avail_out = sizeof(buffer);
      deflate(&deflate_, last ? Z_FINISH : Z_NO_FLUSH);
      out.append(buffer, sizeof(buffer) - deflate_.avail_out);
    } while (deflate_.avail_out == 0);
    return out;
  }

  // All that was written is compressed: the writer may go on once the client has taken it.
  void tell_drained() {
    if (!drained_) return;
    if (inner_->queued_bytes() == 0) return run_drained();
    inner_->on_drained([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->run_drained();
    });
  }

  void run_drained() {
    Task task = std::move(drained_);
    if (!task) return;
    task();
    if (!drained_ && !over_) drained_ = std::move(task);
  }

  std::shared_ptr<net::Responder> inner_;
  z_stream deflate_{};
  std::deque<SharedBytes> waiting_;  // not compressed yet; the first one from offset_ on
  std::size_t offset_ = 0, waiting_bytes_ = 0;
  Task drained_;
  bool begun_ = false, ending_ = false, scheduled_ = false, over_ = false;
};

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const std::string_view item = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(accept_encoding.size(), item.size() + 1));
    const std::size_t semicolon = item.find(';');
    if (trimmed(item.substr(0, semicolon)) != "gzip") continue;
    return semicolon == std::string_view::npos || !refused(item.substr(semicolon));
  }
  return false;
}

std::shared_ptr<net::Responder> compressed_responder(std::shared_ptr<net::Responder> inner, const net::HttpRequest& request,
                                                     Compression compression) {
  const bool wanted =
      compression == Compression::kAlways || (compression == Compression::kRemotePeers && !request.peer.loopback);
  if (!wanted || request.method != "GET" || !accepts_gzip(request.headers.get("accept-encoding"))) return inner;
  return std::make_shared<CompressedResponder>(std::move(inner));
}

}  // namespace plinth::server

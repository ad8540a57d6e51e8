#include "net/incoming_body.h"

namespace plinth::net {

void ArrivingBody::start(UniqueFunction<void(std::string_view)> chunk, Task end) {
  if (dropped_ || started_) return;
  started_ = true;
  chunk_ = std::move(chunk);
  end_ = std::move(end);
  deliver();
}

void ArrivingBody::pause(bool paused) {
  if (dropped_ || paused == paused_) return;
  paused_ = paused;
  if (flow_) flow_(paused, 0);
  if (!paused) deliver();
}

void ArrivingBody::feed(std::string_view bytes) {
  if (dropped_ || bytes.empty()) return;
  if (paused() || !waiting_.empty()) {
    waiting_ += bytes;
    return;
  }
  const auto self = shared_from_this();
  chunk_(bytes);
  if (!dropped_ && flow_) flow_(paused_, bytes.size());
}

void ArrivingBody::finish() {
  finished_ = true;
  if (!dropped_) deliver();
}

void ArrivingBody::drop() {
  dropped_ = true;
  flow_ = nullptr;
  // The functions may be the ones that run now; they go with this.
  waiting_.clear();
}

void ArrivingBody::deliver() {
  if (paused()) return;
  const auto self = shared_from_this();
  if (!waiting_.empty()) {
    const std::string bytes = std::exchange(waiting_, {});
    chunk_(bytes);
    if (!dropped_ && flow_) flow_(paused_, bytes.size());
  }
  if (dropped_ || paused() || !finished_) return;
  flow_ = nullptr;
  if (const Task end = std::move(end_)) end();
}

}  // namespace plinth::net

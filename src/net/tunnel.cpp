#include "net/tunnel.h"

namespace plinth::net {

Tunnel::Tunnel(std::unique_ptr<Stream> a, std::unique_ptr<Stream> b, std::size_t queued_bytes_max, Task ended)
    : queued_bytes_max_(queued_bytes_max), ended_(std::move(ended)) {
  a_.tunnel = b_.tunnel = this;
  a_.other = &b_;
  b_.other = &a_;
  a_.stream = std::move(a);
  b_.stream = std::move(b);
}

void Tunnel::start(std::string from_a, std::string from_b) {
  if (!from_a.empty()) b_.stream->write({SharedBytes(std::move(from_a))});
  if (!from_b.empty()) a_.stream->write({SharedBytes(std::move(from_b))});
  a_.stream->start(&a_);
  b_.stream->start(&b_);
}

void Tunnel::Side::on_data(std::string_view bytes) {
  if (!other->stream) return;
  other->stream->write({SharedBytes(std::string(bytes))});
  if (other->stream->queued_bytes() > tunnel->queued_bytes_max_) stream->pause_reading(true);
}

void Tunnel::Side::on_drained() {
  if (other->stream) other->stream->pause_reading(false);
}

void Tunnel::Side::on_read_closed() {
  if (other->stream) other->stream->shutdown_write();
}

void Tunnel::Side::on_closed() {
  stream.reset();
  // One that is gone leaves nobody to talk to; what is queued for the other side still goes out.
  if (other->stream) return other->stream->shutdown_write();
  if (const Task ended = std::move(tunnel->ended_)) ended();
}

}  // namespace plinth::net

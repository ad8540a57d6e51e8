// The server's side of one HTTP/2 connection. For .cpp files of net only.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/http2_exchange.h"
#include "net/server_connection.h"

struct nghttp2_session;

namespace plinth::net {

// nghttp2 parses and frames; bytes come in with mem_recv and leave with mem_send. Frames of one round of the loop leave in one
// write; no more is framed than the network takes, so that bodies wait as the shared bytes they came as.
//
// Floods: nghttp2 ends sessions that exceed its limits on resets (CVE-2023-44487), continuations, settings and unsent
// acknowledgements; the limits of HttpLimits are kept here.
class Http2Connection final : public ServerConnection, private StreamEvents {
 public:
  Http2Connection(ConnectionOwner& owner, std::unique_ptr<Stream> stream);
  ~Http2Connection() override;
  void start(std::string received);

  void drain() override;
  std::int64_t deadline_ns() const override { return deadline_ns_; }
  void on_deadline() override;

  // For exchanges:
  void submit_head(Http2Exchange& exchange, const HttpResponse& response, bool with_body);
  void resume(Http2Exchange& exchange, bool deferred);
  void abort_exchange(Http2Exchange& exchange);

 private:
  friend struct Http2Callbacks;
  using Exchanges = std::unordered_map<std::int32_t, std::shared_ptr<Http2Exchange>>;

  void on_data(std::string_view bytes) override;
  void on_drained() override;
  void on_read_closed() override;
  void on_closed() override;

  // What nghttp2 reports:
  void begin_request(std::int32_t stream_id);
  void take_header(Http2Exchange& exchange, std::string_view name, std::string_view value);
  void take_body(Http2Exchange& exchange, std::string_view bytes);
  void end_head(Http2Exchange& exchange, bool more_follows);
  void end_request(Http2Exchange& exchange);
  void head_or_data_sent(Http2Exchange& exchange);
  void stream_closed(std::int32_t stream_id);
  int frame_data(Http2Exchange& exchange, const unsigned char* frame_head, std::size_t size);

  void receive(std::string_view bytes);
  void dispatch(Http2Exchange& exchange);
  void dispatch_streamed(Http2Exchange& exchange, bool more_follows);
  // Opens the window of a stream by what was handed on of its body.
  void consume(std::int32_t stream_id, std::size_t bytes);
  void refuse(Http2Exchange& exchange);
  void flush();
  void fill_output();
  bool output_full() const;
  void tell_drained();
  void schedule_flush();
  void end_when_done();
  void end_gracefully();
  void end_now();
  void lose_all();
  bool check_exchange(Http2Exchange& exchange, std::int64_t now_ns);
  void set_deadline(Duration from_now);
  std::shared_ptr<Http2Connection*> self();

  ConnectionOwner& owner_;
  std::unique_ptr<Stream> stream_;
  nghttp2_session* session_ = nullptr;
  Exchanges exchanges_;
  std::vector<std::weak_ptr<Http2Exchange>> maybe_drained_;
  std::shared_ptr<Http2Connection*> self_;
  std::string early_;  // received before the connection was this one's
  std::string small_;  // output: copied bytes that follow chain_
  ByteChain chain_;
  std::size_t chain_bytes_ = 0;
  std::size_t body_bytes_ = 0;  // of requests that are not dispatched
  std::int64_t deadline_ns_ = 0;
  std::size_t queued_at_deadline_ = 0;
  bool receiving_ = false;
  bool flush_scheduled_ = false;
  bool output_cut_ = false;  // there may be more to frame than was framed
  bool draining_ = false;
  bool ending_ = false;
};

}  // namespace plinth::net

// The server's side of one HTTP/1.x connection. For .cpp files of net only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/http1_parser.h"
#include "net/http1_writer.h"
#include "net/incoming_body.h"
#include "net/server_connection.h"

namespace plinth::net {

class Http1Exchange;

// Requests are handled one at a time, in order; those that a client sends ahead wait in `input_`, which is bounded: past the
// bound the socket is not read. Answers given at once to several waiting requests leave in one write.
class Http1Connection final : public ServerConnection, private StreamEvents {
 public:
  Http1Connection(ConnectionOwner& owner, std::unique_ptr<Stream> stream);
  ~Http1Connection() override;

  void drain() override;
  std::int64_t deadline_ns() const override { return deadline_ns_; }
  void on_deadline() override;

  // For the exchange in progress:
  void write_head(const HttpResponse& response, Framing framing, std::size_t length);
  void write_body(ByteChain bytes);
  void write_chunk(ByteChain bytes);
  void finish_exchange();
  void abort_exchange();
  std::unique_ptr<Stream> give_away(Headers headers, std::string& rest);
  std::size_t queued_bytes() const;
  bool keeps_alive() const { return keep_alive_; }
  void close_after_exchange() { keep_alive_ = false; }

 private:
  void on_data(std::string_view bytes) override;
  void on_drained() override;
  void on_read_closed() override;
  void on_closed() override;

  bool serves_http2_now(std::string_view bytes);
  void process(std::string_view bytes);
  void process_kept_input();
  std::size_t parse(std::string_view bytes);
  void dispatch();
  void route_body();
  void feed_body();
  // Streamed requests: what parse() found is handed on.
  void advance_streamed();
  void dispatch_streamed();
  void drop_body();
  void lose_exchange();
  bool is_streamed();
  bool takes_input() const { return !exchange_ || incoming_ != nullptr; }
  std::shared_ptr<Http1Connection*> self();
  void refuse(const Error& error);
  void keep_rest(std::string_view rest);
  void limit_input();
  void flush();
  void end_gracefully();
  void end_now();
  void set_deadline(Duration from_now);
  void clear_deadline();

  ConnectionOwner& owner_;
  std::unique_ptr<Stream> stream_;  // null once ended or given away
  Http1RequestParser parser_;
  std::shared_ptr<Http1Exchange> exchange_;
  std::shared_ptr<ArrivingBody> incoming_;  // of a streamed request, until its end has come
  std::shared_ptr<Http1Connection*> self_;  // for posted tasks; emptied by the destructor
  std::shared_ptr<RequestBody> body_;       // of the request that is being received, where it is not collected
  std::string input_;                       // received, not parsed
  std::string_view unparsed_;               // while processing: what follows the request being handled
  ByteChain output_;
  std::int64_t deadline_ns_ = 0;
  std::size_t queued_at_deadline_ = 0;
  bool processing_ = false;
  bool keep_alive_ = true;
  bool continue_sent_ = false;
  bool body_routed_ = false;      // body_router() was asked about the request that is being received
  std::optional<bool> streamed_;  // whether the request that is being received is handed on with its head
  bool draining_ = false;
  bool lingering_ = false;  // the answer to the last request is sent; waiting for the peer to close
  bool read_closed_ = false;
  bool served_any_ = false;
};

}  // namespace plinth::net

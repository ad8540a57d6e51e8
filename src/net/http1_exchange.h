// One request being answered over HTTP/1.x. For .cpp files of net only.
#pragma once

#include "net/http1_connection.h"

namespace plinth::net {

class Http1Exchange final : public Responder {
 public:
  Http1Exchange(Http1Connection& connection, Loop& loop, const HttpRequest& request)
      : connection_(&connection), loop_(loop), version_(request.version), head_only_(request.method == "HEAD") {}

  void send(HttpResponse response) override;
  void begin(HttpResponse head) override;
  void write(ByteChain chunk) override;
  void end() override;
  std::size_t queued_bytes() const override { return connection_ == nullptr ? 0 : connection_->queued_bytes(); }
  void on_drained(Task task) override { drained_ = std::move(task); }
  void on_closed(Task task) override;
  void abort() override;
  bool closed() const override { return connection_ == nullptr; }
  Loop& loop() override { return loop_; }
  std::unique_ptr<Stream> upgrade(Headers headers, std::string& rest) override;

  // Called by the connection.
  bool begun() const { return begun_; }
  void drained();
  void lost();    // the peer went away
  void detach();  // the answer is complete

 private:
  enum class BodyForm : std::uint8_t { kPlain, kChunked, kNone };

  Http1Connection* connection_;
  Loop& loop_;
  int version_;
  bool head_only_;
  bool begun_ = false;
  bool lost_ = false;
  BodyForm form_ = BodyForm::kPlain;
  Task drained_;
  Task closed_;
};

}  // namespace plinth::net

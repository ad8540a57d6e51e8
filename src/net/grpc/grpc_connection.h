// The client's side of one HTTP/2 connection that carries gRPC calls. For .cpp files of net only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/grpc/grpc_call.h"

struct nghttp2_session;

namespace plinth::net {

class GrpcConnection;

// What a connection tells its channel; never from inside the channel's own calls to it.
class GrpcConnectionOwner {
 public:
  virtual ~GrpcConnectionOwner() = default;
  // Something arrived for the call, or it is over.
  virtual void arrived(const std::shared_ptr<GrpcCall>& call) = 0;
  // The server did not look at the call: it may be sent on another connection.
  virtual void refused(const std::shared_ptr<GrpcCall>& call) = 0;
  // No new call may be given to it; those it carries go on.
  virtual void going_away(GrpcConnection* connection) = 0;
  // Its last word; the owner destroys it later, not within the call.
  virtual void ended(GrpcConnection* connection) = 0;
};

class GrpcConnection final : private StreamEvents {
 public:
  GrpcConnection(GrpcConnectionOwner& owner, std::unique_ptr<Stream> stream, std::string authority);
  ~GrpcConnection() override;

  void carry(std::shared_ptr<GrpcCall> call);
  // Tells the server that the answer is not wanted; the call gets nothing more from here.
  void abandon(GrpcCall& call);

 private:
  friend struct GrpcClientCallbacks;

  void on_data(std::string_view bytes) override;
  void on_drained() override { flush(); }
  void on_read_closed() override;
  void on_closed() override;

  GrpcCall* call_of(std::int32_t stream_id);
  void mark(std::int32_t stream_id);
  void stream_closed(std::int32_t stream_id, std::uint32_t error);
  void submit(const std::shared_ptr<GrpcCall>& call);
  void flush();
  void schedule_flush();
  void tell();
  void end(const std::string& why);

  GrpcConnectionOwner& owner_;
  std::unique_ptr<Stream> stream_;
  std::string authority_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<std::int32_t, std::shared_ptr<GrpcCall>> calls_;
  std::vector<std::shared_ptr<GrpcCall>> arrived_;  // told after nghttp2 returned
  std::vector<std::shared_ptr<GrpcCall>> refused_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool receiving_ = false;
  bool flush_scheduled_ = false;
  bool goaway_ = false;
  bool goaway_told_ = false;
  bool ended_ = false;
};

}  // namespace plinth::net

// One request and the way to answer it. Lives on the responder's loop from dispatch to answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/http.h"
#include "server/auth/user.h"
#include "server/media_type.h"
#include "server/metrics.h"
#include "server/request_info.h"

namespace plinth::net {
class IncomingBody;
}

namespace plinth::server {

struct FlowMarks;

class Exchange {
 public:
  Exchange(net::HttpRequest request, RequestInfo info, auth::UserPtr user, std::shared_ptr<net::Responder> responder,
           std::string audit_id)
      : request(std::move(request)),
        info(std::move(info)),
        user(std::move(user)),
        responder(std::move(responder)),
        audit_id_(std::move(audit_id)) {}

  net::HttpRequest request;
  RequestInfo info;
  auth::UserPtr user;
  std::shared_ptr<net::Responder> responder;
  std::shared_ptr<net::IncomingBody> body;  // of a request that is passed on while it arrives; null: request.body is all of it
  std::shared_ptr<void> in_flight;          // a place among the requests that are worked on
  std::shared_ptr<const FlowMarks> flow;    // which FlowSchema and priority level it belongs to; null where nothing limits it
  Metrics* metrics = nullptr;
  Clock* clock = nullptr;       // with metrics: to measure how long the answer took
  std::int64_t started_ns = 0;  // monotonic

  Loop& loop() { return responder->loop(); }

  // Sent as a Warning header; duplicates are dropped. No effect once the answer's head is out.
  void warn(std::string text);

  void fail(const Error& error);
  // JSON text, printed again for people (pretty), as YAML or as protobuf when the client asked for that.
  void reply(int status, ByteChain json, const Accepted& accepted = {});
  void reply_bytes(int status, std::string content_type, ByteChain body);
  void reply_text(int status, std::string content_type, std::string body);
  // Head of an answer, with the headers that every answer carries.
  net::HttpResponse head(int status, std::string content_type);

 private:
  std::string audit_id_;
  std::vector<std::string> warnings_;
};
using ExchangePtr = std::shared_ptr<Exchange>;

// `299 - "text"` header values, deduplicated and cut as the KEP says: all text within 4096 characters, else each to 256.
std::vector<std::string> warning_headers(const std::vector<std::string>& warnings);

}  // namespace plinth::server

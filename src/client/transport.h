// How requests reach an API: in this process or over a network. Both enter the same pipeline.
#pragma once

#include <string>

#include "base/function.h"
#include "base/result.h"

namespace plinth::client {

struct Request {
  std::string method;        // GET, POST, PUT, PATCH, DELETE
  std::string target;        // path and query
  std::string content_type;  // of the body; "": application/json
  std::string body;
  // "system:serviceaccount:ns:name": made with the rights of this account instead of the caller's own; "": the caller's.
  std::string as_service_account;
};

struct Response {
  int status = 0;
  std::string body;
};

// Used on one loop; `done` runs on it, never before the call returned. An error means that no answer came.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void call(Request request, UniqueFunction<void(Result<Response>)> done) = 0;
};

// An answer that is a failure Status, as an Error with its reason, code and message; ok otherwise.
Result<void> check_response(const Response& response);

}  // namespace plinth::client

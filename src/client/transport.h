// How requests reach an API: in this process or over a network. Both enter the same pipeline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"

namespace plinth::client {

// What an answer must show for a plan to go on. A view may be behind, so what cannot be undone is checked against the server
// first.
enum class Check : std::uint8_t {
  kNone,     // success
  kAbsent,   // GET of an object: it is not there, or not the one with `check_uid`
  kLive,     // GET of an object: it is the one with `check_uid`, and is not being deleted
  kEmpty,    // GET of a list: no items
  kAllowed,  // POST of a SubjectAccessReview: status.allowed. If not, Forbidden, "user may not verb resource/subresource"
};

struct Request {
  std::string method;        // GET, POST, PUT, PATCH, DELETE
  std::string target;        // path and query
  std::string content_type;  // of the body; "": application/json
  std::string body;
  // "system:serviceaccount:ns:name": made with the rights of this account instead of the caller's own; "": the caller's.
  std::string as_service_account;
  Check check = Check::kNone;
  std::string check_uid;
  // A text of the answer ("status.token") that takes the place of kFromAnswer in the bodies of the plan's requests after this
  // one: what only the server can make, on its way from one object to another. "": none.
  std::string answer_path;
  // Its failure is logged and nothing more: the plan goes on, and nobody is told (Events).
  bool optional = false;
};
inline constexpr std::string_view kFromAnswer = "@from-answer@";

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
// As above, or whether what `check` asks holds; Conflict when it does not.
Result<void> check_response(const Response& response, Check check, const std::string& check_uid);
// The text at a request's answer_path; an error when there is none.
Result<std::string> text_of_answer(const Response& response, std::string_view path);

}  // namespace plinth::client

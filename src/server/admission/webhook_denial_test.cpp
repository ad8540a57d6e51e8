#include "server/admission/webhook_denial.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "server/status.h"

using namespace plinth;
using namespace plinth::server;

TEST_CASE("a webhook's own Status is what the client is told") {
  struct Row {
    std::string status, told;
  };
  const std::string lead =
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"admission webhook \"w\" denied the request)";
  const Row rows[] = {
      {"null", R"( without explanation","code":400})"},
      {R"({"message":"no"})", R"(: no","code":400})"},
      {R"({"reason":"Forbidden","code":200})", R"(: Forbidden","reason":"Forbidden","code":400})"},
      {R"({"message":"no","reason":"NotAcceptable","code":406})", R"(: no","reason":"NotAcceptable","code":406})"},
      {R"({"message":"no","reason":"Teapot","code":418})", R"(: no","code":418})"},
      {R"({"message":"no","reason":"Invalid","code":422,"details":{"name":"n","group":"g","kind":"k","causes":[{"reason":"FieldValueInvalid","message":"m","field":"spec.x"}]}})",
       R"(: no","reason":"Invalid","details":{"name":"n","group":"g","kind":"k","causes":[{"reason":"FieldValueInvalid","message":"m","field":"spec.x"}]},"code":422})"},
      {R"({"message":"later","reason":"TooManyRequests","code":429,"details":{"retryAfterSeconds":7}})",
       R"(: later","reason":"TooManyRequests","details":{"retryAfterSeconds":7},"code":429})"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.status);
    const Document status = std::move(parse_json(row.status)).value();
    CHECK(status_json(webhook_denial("w", status.root())) == lead + row.told);
  }
}

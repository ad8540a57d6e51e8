// What a request asks for, from its method, path and query (apiserver pkg/endpoints/request RequestInfo).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/decode.h"
#include "base/result.h"
#include "base/text.h"
#include "net/http.h"

namespace plinth::server {

// First value of a query parameter; nullopt when it is absent.
std::optional<std::string_view> query_value(const Query& query, std::string_view name);

struct RequestInfo {
  std::string method;
  std::string path;  // percent-decoded, without a trailing slash
  Query query;
  bool is_resource = false;
  bool is_watch = false;
  std::string verb;  // get list watch create update patch delete deletecollection, or the lower-case method
  std::string group, version, name_space, resource, subresource, name;
  std::string rest;  // what follows the subresource (proxy paths)
};

// BadRequest when the target cannot be decoded.
Result<RequestInfo> parse_request_info(std::string_view method, std::string_view target);

// Watches, logs and streams: they last as long as their client wants.
bool is_long_running(const RequestInfo& info);

// BadRequest when the `timeout` of a request that ends with its answer is not a duration (apiserver
// filters.WithRequestDeadline). A good one changes nothing: the steps of a request have limits of their own (webhooks,
// revisions that do not come).
Result<void> check_request_timeout(const RequestInfo& info);

using api::FieldValidation;

// The query options of writes (CreateOptions, UpdateOptions, PatchOptions).
struct WriteOptions {
  bool dry_run = false;
  FieldValidation field_validation = FieldValidation::kWarn;
  std::string field_manager;  // "" when not given
  std::optional<bool> force;
};

// 422 for values that are not known (dryRun=x, fieldValidation=x), as upstream words them. `what` is "CreateOptions" etc.
Result<WriteOptions> parse_write_options(const Query& query, std::string_view what);

// "true"/"1"/... as strconv.ParseBool with "" and "0"/"false" false; anything else true, as
// runtime.Convert_Slice_string_To_bool.
bool query_flag(const Query& query, std::string_view name);

// Manager of a write: the fieldManager parameter, else the User-Agent up to '/'.
std::string manager_name(std::string_view field_manager, std::string_view user_agent);

}  // namespace plinth::server

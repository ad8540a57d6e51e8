// Requests and answers of the distribution API: paths, queries, errors. For .cpp files of this layer only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "net/http.h"

namespace plinth::registry {

// "/v2/NAME/KIND/REFERENCE"; NAME may hold slashes.
enum class Kind : std::uint8_t { kManifest, kBlob, kUploads, kUpload, kTags, kReferrers };
struct Target {
  Kind kind = Kind::kManifest;
  std::string repository, reference;
  Query query;
};
// Empty when it is none of these; BadRequest: NAME is no name of a repository, or the query is malformed.
Result<std::optional<Target>> parse_target(std::string_view target);

net::HttpResponse empty_answer(int status);
// `code` is one of the distribution-spec ("MANIFEST_UNKNOWN").
net::HttpResponse failure(int status, std::string_view code, std::string_view message);
net::HttpResponse json_answer(std::string body);
// Of an Error from the store; `not_found_code` and `bad_code` for what cannot be told from the reason.
net::HttpResponse failure_of(const Error& error, std::string_view not_found_code, std::string_view bad_code);

// What follows `last` of a sorted list, at most `n`; with the link to the rest. BadRequest: n is no number.
struct Page {
  std::string json;  // "["a","b"]"
  std::string link;  // empty: there is no more
};
Result<Page> page_of(const std::vector<std::string>& sorted, const Query& query, const std::string& path);

}  // namespace plinth::registry

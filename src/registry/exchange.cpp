#include "registry/exchange.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/json.h"
#include "oci/reference.h"
#include "registry/image_store.h"

namespace plinth::registry {
namespace {

constexpr std::size_t kPageMax = 10'000;

struct Form {
  std::string_view middle;
  Kind kind;
};
// The longest first: an upload's path ends with a reference, the collection's with a slash.
constexpr Form kForms[] = {{"/blobs/uploads/", Kind::kUpload},
                           {"/manifests/", Kind::kManifest},
                           {"/blobs/", Kind::kBlob},
                           {"/referrers/", Kind::kReferrers}};

std::optional<Target> parse_path(std::string_view path) {
  constexpr std::string_view kTags = "/tags/list", kUploads = "/blobs/uploads";
  const auto before = [path](std::string_view end) { return std::string(path.substr(0, path.size() - end.size())); };
  if (path.ends_with(kTags)) return Target{Kind::kTags, before(kTags), "", {}};
  if (path.ends_with(kUploads)) return Target{Kind::kUploads, before(kUploads), "", {}};
  for (const Form& form : kForms) {
    const std::size_t at = path.rfind(form.middle);
    if (at == std::string_view::npos) continue;
    const std::string_view reference = path.substr(at + form.middle.size());
    if (form.kind == Kind::kUpload && reference.empty()) return Target{Kind::kUploads, std::string(path.substr(0, at)), "", {}};
    if (reference.empty() || reference.find('/') != std::string_view::npos) continue;
    return Target{form.kind, std::string(path.substr(0, at)), std::string(reference), {}};
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<Target>> parse_target(std::string_view target) {
  constexpr std::string_view kRoot = "/v2/";
  const auto [path, query] = cut(target, "?");
  const auto decoded = percent_decode(path);
  if (!decoded || !decoded->starts_with(kRoot)) return std::optional<Target>();
  std::optional<Target> out = parse_path(std::string_view(*decoded).substr(kRoot.size()));
  if (!out) return out;
  if (auto name = oci::parse_reference(whole_repository(out->repository)); !name.ok() || name->tag != "latest") {
    return bad_request(fmt::format("\"{}\" is no name of a repository", out->repository));
  }
  auto parsed = Query::parse(query.value_or(""));
  if (!parsed) return bad_request("the query is malformed");
  out->query = std::move(*parsed);
  return out;
}

net::HttpResponse empty_answer(int status) {
  net::HttpResponse response;
  response.status = status;
  return response;
}

net::HttpResponse failure(int status, std::string_view code, std::string_view message) {
  net::HttpResponse response = json_answer("");
  response.status = status;
  std::string body = fmt::format(R"({{"errors":[{{"code":"{}","message":)", code);
  append_json_string(body, message);
  response.body = {SharedBytes(body + "}]}")};
  return response;
}

net::HttpResponse json_answer(std::string body) {
  net::HttpResponse response;
  response.headers.add("content-type", "application/json");
  response.body.push_back(SharedBytes(std::move(body)));
  return response;
}

net::HttpResponse failure_of(const Error& error, std::string_view not_found_code, std::string_view bad_code) {
  switch (error.reason()) {
    case Reason::kNotFound:
      return failure(404, not_found_code, error.message());
    case Reason::kBadRequest:
      return failure(400, bad_code, error.message());
    case Reason::kInsufficientStorage:
      return failure(507, "DENIED", error.message());
    case Reason::kConflict:
    case Reason::kServiceUnavailable:
      return failure(503, "UNAVAILABLE", error.message());
    default:
      return failure(500, "UNKNOWN", error.message());
  }
}

Result<Page> page_of(const std::vector<std::string>& sorted, const Query& query, const std::string& path) {
  std::size_t count = kPageMax;
  if (query.has("n")) {
    const auto given = parse_integer<std::size_t>(query.get("n"));
    if (!given) return bad_request(fmt::format("n: \"{}\" is no number", query.get("n")));
    count = std::min(*given, kPageMax);
  }
  const auto first = query.has("last") ? std::upper_bound(sorted.begin(), sorted.end(), query.get("last")) : sorted.begin();
  const auto end = first + static_cast<std::ptrdiff_t>(std::min(count, static_cast<std::size_t>(sorted.end() - first)));
  Page page;
  page.json = "[";
  for (auto name = first; name != end; ++name) {
    if (name != first) page.json += ',';
    append_json_string(page.json, *name);
  }
  page.json += ']';
  if (end != sorted.end() && end != first)
    page.link = fmt::format("<{}?n={}&last={}>; rel=\"next\"", path, count, escape_query(*(end - 1)));
  return page;
}

}  // namespace plinth::registry

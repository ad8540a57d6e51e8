#include "oci/pull_endpoint.h"

#include <fmt/core.h>

#include "base/json.h"
#include "oci/digest.h"

namespace plinth::oci {
namespace {

struct Target {
  std::string_view repository, kind, reference;  // kind: "manifests" or "blobs"
};

// "/v2/a/b/manifests/latest"; the name itself may hold slashes.
std::optional<Target> parse_path(std::string_view path) {
  constexpr std::string_view kRoot = "/v2/";
  if (!path.starts_with(kRoot)) return std::nullopt;
  path.remove_prefix(kRoot.size());
  const std::size_t last = path.rfind('/');
  if (last == std::string_view::npos || last == 0) return std::nullopt;
  const std::size_t before = path.rfind('/', last - 1);
  if (before == std::string_view::npos || before == 0) return std::nullopt;
  const Target target{path.substr(0, before), path.substr(before + 1, last - before - 1), path.substr(last + 1)};
  if (target.reference.empty() || (target.kind != "manifests" && target.kind != "blobs")) return std::nullopt;
  return target;
}

// The value of ns= in a query; host names need no decoding but for the colon of a port.
std::string mirrored_host(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!pair.starts_with("ns=")) continue;
    std::string host(pair.substr(3));
    for (const std::string_view escaped : {"%3A", "%3a"}) {
      const std::size_t at = host.find(escaped);
      if (at != std::string::npos) host.replace(at, escaped.size(), ":");
    }
    return host;
  }
  return "";
}

net::HttpResponse failure(int status, std::string_view code, std::string_view message) {
  net::HttpResponse response;
  response.status = status;
  response.headers.add("content-type", "application/json");
  std::string body = fmt::format(R"({{"errors":[{{"code":"{}","message":)", code);
  append_json_string(body, message);
  response.body.push_back(SharedBytes(body + "}]}"));
  return response;
}

net::HttpResponse content(std::string type, std::string digest, SharedBytes bytes, bool head_only) {
  net::HttpResponse response;
  response.headers.add("content-type", std::move(type));
  response.headers.add("docker-content-digest", std::move(digest));
  if (head_only) response.headers.add("content-length", std::to_string(bytes.size()));
  else response.body.push_back(std::move(bytes));
  return response;
}

net::HttpResponse answer(ImageSource& source, const net::HttpRequest& request) {
  const bool head_only = request.method == "HEAD";
  if (!head_only && request.method != "GET") return failure(405, "UNSUPPORTED", "images can only be pulled here");
  const std::string_view whole = request.target;
  const std::size_t mark = std::min(whole.find('?'), whole.size());
  const std::string_view path = whole.substr(0, mark);
  if (path == "/v2/" || path == "/v2") return content("application/json", "", SharedBytes::literal("{}"), head_only);
  const auto target = parse_path(path);
  if (!target) return failure(404, "NAME_UNKNOWN", "no such resource");
  if (target->kind == "blobs") {
    auto blob = source.blob(target->reference);
    if (!blob) return failure(404, "BLOB_UNKNOWN", target->reference);
    return content("application/octet-stream", std::string(target->reference), std::move(*blob), head_only);
  }
  const std::string host = mirrored_host(whole.substr(std::min(mark + 1, whole.size())));
  auto manifest = source.manifest(host, target->repository, target->reference);
  if (!manifest) return failure(404, "MANIFEST_UNKNOWN", fmt::format("{}: no manifest {}", target->repository, target->reference));
  return content(manifest->media_type, manifest->digest, manifest->content, head_only);
}

}  // namespace

net::HttpHandler pull_endpoint(ImageSource& source) {
  return [&source](net::HttpRequest request, std::shared_ptr<net::Responder> responder) { responder->send(answer(source, request)); };
}

}  // namespace plinth::oci

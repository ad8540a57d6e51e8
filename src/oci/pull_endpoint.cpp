#include "oci/pull_endpoint.h"

#include <algorithm>

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
  if (head_only)
    response.headers.add("content-length", std::to_string(bytes.size()));
  else
    response.body.push_back(std::move(bytes));
  return response;
}

// A blob on its way, a piece at a time: no more of it is in memory than the client has not taken. Lives by what it waits for.
class Download : public std::enable_shared_from_this<Download> {
 public:
  Download(std::unique_ptr<Blob> blob, std::shared_ptr<net::Responder> responder)
      : blob_(std::move(blob)), responder_(std::move(responder)) {}

  void start(const std::string& digest) {
    net::HttpResponse head;
    head.headers.add("content-type", "application/octet-stream");
    head.headers.add("docker-content-digest", digest);
    head.headers.add("content-length", std::to_string(blob_->size()));
    responder_->begin(std::move(head));
    next();
  }

 private:
  void next() {
    if (responder_->closed()) return;
    if (sent_ == blob_->size()) return responder_->end();
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(blob_->size() - sent_, kPieceBytes));
    blob_->read(sent_, bytes, [self = shared_from_this()](Result<SharedBytes> piece) {
      // Later: what is in memory is read inside of the call.
      self->responder_->loop().post(
          [self, piece = std::make_shared<Result<SharedBytes>>(std::move(piece))] { self->send(std::move(*piece)); });
    });
  }

  void send(Result<SharedBytes> piece) {
    if (!piece.ok()) return responder_->abort();  // the head is gone: a short answer tells
    sent_ += piece->size();
    responder_->write({std::move(*piece)});
    if (responder_->queued_bytes() == 0) return next();
    responder_->on_drained([self = shared_from_this()] { self->drained(); });
    responder_->on_closed([self = shared_from_this()] { self->responder_->on_drained(nullptr); });
  }

  void drained() {
    responder_->on_drained(nullptr);
    next();
  }

  static constexpr std::size_t kPieceBytes = 256 * 1024;
  std::unique_ptr<Blob> blob_;
  std::shared_ptr<net::Responder> responder_;
  std::uint64_t sent_ = 0;
};

net::HttpResponse broken(const Error& error) { return failure(500, "UNKNOWN", error.message()); }

void answer_blob(ImageSource& source, std::string digest, bool head_only, std::shared_ptr<net::Responder> responder) {
  source.blob(digest, [digest, head_only, responder](Result<std::unique_ptr<Blob>> blob) {
    if (!blob.ok()) return responder->send(broken(blob.error()));
    if (*blob == nullptr) return responder->send(failure(404, "BLOB_UNKNOWN", digest));
    if (!head_only) return std::make_shared<Download>(std::move(*blob), responder)->start(digest);
    net::HttpResponse head;
    head.headers.add("content-type", "application/octet-stream");
    head.headers.add("docker-content-digest", digest);
    head.headers.add("content-length", std::to_string((*blob)->size()));
    responder->send(std::move(head));
  });
}

void answer(ImageSource& source, const net::HttpRequest& request, std::shared_ptr<net::Responder> responder) {
  const bool head_only = request.method == "HEAD";
  if (!head_only && request.method != "GET")
    return responder->send(failure(405, "UNSUPPORTED", "images can only be pulled here"));
  const std::string_view whole = request.target;
  const std::size_t mark = std::min(whole.find('?'), whole.size());
  const std::string_view path = whole.substr(0, mark);
  if (path == "/v2/" || path == "/v2")
    return responder->send(content("application/json", "", SharedBytes::literal("{}"), head_only));
  const auto target = parse_path(path);
  if (!target) return responder->send(failure(404, "NAME_UNKNOWN", "no such resource"));
  if (target->kind == "blobs") return answer_blob(source, std::string(target->reference), head_only, std::move(responder));
  ManifestQuery query{mirrored_host(whole.substr(std::min(mark + 1, whole.size()))), std::string(target->repository),
                      std::string(target->reference)};
  source.manifest(query, [query, head_only, responder](Result<std::optional<Manifest>> manifest) {
    if (!manifest.ok()) return responder->send(broken(manifest.error()));
    if (!manifest->has_value()) {
      return responder->send(
          failure(404, "MANIFEST_UNKNOWN", fmt::format("{}: no manifest {}", query.repository, query.reference)));
    }
    responder->send(content((*manifest)->media_type, (*manifest)->digest, (*manifest)->content, head_only));
  });
}

}  // namespace

net::HttpHandler pull_endpoint(ImageSource& source) {
  return [&source](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
    answer(source, request, std::move(responder));
  };
}

}  // namespace plinth::oci

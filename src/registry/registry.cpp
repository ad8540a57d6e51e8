#include "registry/registry.h"

#include <map>

#include <fmt/core.h>

#include "base/ids.h"
#include "net/request_body.h"
#include "oci/digest.h"
#include "oci/pull_endpoint.h"
#include "registry/exchange.h"
#include "registry/upload.h"

namespace plinth::registry {
namespace {

constexpr Duration kUploadIdleMax = std::chrono::hours(1);
constexpr Duration kSweepInterval = std::chrono::minutes(10);
// Somebody else changes names: how often, and how far apart, a change is tried.
constexpr int kTriesMax = 100;
constexpr Duration kRetryAfter = std::chrono::milliseconds(50);

using ResponderPtr = std::shared_ptr<net::Responder>;

// Pulls from the registry itself name no host.
class OwnNames final : public oci::ImageSource {
 public:
  explicit OwnNames(oci::ImageSource& images) : images_(images) {}
  void manifest(oci::ManifestQuery query, ManifestDone done) override {
    if (query.host.empty()) {
      const std::string whole = whole_repository(query.repository);
      const std::size_t slash = whole.find('/');
      query.host = whole.substr(0, slash);
      query.repository = whole.substr(slash + 1);
    }
    images_.manifest(std::move(query), std::move(done));
  }
  void blob(std::string digest, BlobDone done) override { images_.blob(std::move(digest), std::move(done)); }

 private:
  oci::ImageSource& images_;
};

class RegistryImpl final : public Registry, public std::enable_shared_from_this<RegistryImpl> {
 public:
  RegistryImpl(RegistryParts parts, std::string folder)
      : parts_(std::move(parts)),
        store_(std::make_shared<ImageStore>(*parts_.disk, *parts_.clock, std::move(folder))),
        names_(*parts_.images),
        pull_(oci::pull_endpoint(names_)) {}

  Result<void> open(const std::string& address);
  void close();
  const std::string& address() const override { return address_; }
  void on_push(std::function<void(const Push&)> told) override { pushed_ = std::move(told); }

 private:
  class Body;

  void handle(net::HttpRequest request, ResponderPtr responder);
  std::shared_ptr<net::RequestBody> route_body(const net::HttpRequest& head);
  void answer_upload(const net::HttpRequest& request, Target target, ResponderPtr responder);
  void begin_upload(Target target, ResponderPtr responder);
  void end_body(std::shared_ptr<Upload> upload, Target target, bool last, ResponderPtr responder);
  void put_manifest(Target target, net::HttpRequest request, ResponderPtr responder);
  void answer_list(const net::HttpRequest& request, Target target, ResponderPtr responder);
  void catalog(const net::HttpRequest& request, ResponderPtr responder);
  Result<std::shared_ptr<Upload>> make_upload(const std::string& repository);
  std::shared_ptr<Upload> find_upload(const Target& target) const;
  void end_idle_uploads();
  void sweep();

  // Runs `work` on the pool and `done` on the loop while this lives; again, later, while names are being changed elsewhere.
  template <typename T>
  void on_pool(std::function<Result<T>()> work, std::function<void(Result<T>)> done, int tries = kTriesMax);

  RegistryParts parts_;
  std::shared_ptr<ImageStore> store_;  // shared with tasks of the pool
  OwnNames names_;
  net::HttpHandler pull_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<Listener> listener_;
  std::string address_;
  std::map<std::string, std::shared_ptr<Upload>, std::less<>> uploads_;
  std::function<void(const Push&)> pushed_;
  TimerId sweep_timer_ = 0;
};

template <typename T>
void RegistryImpl::on_pool(std::function<Result<T>()> work, std::function<void(Result<T>)> done, int tries) {
  auto weak = weak_from_this();
  Loop* loop = parts_.loop;
  auto started = parts_.pool->run([weak, loop, work, done, tries, store = store_] {
    auto outcome = std::make_shared<Result<T>>(work());
    loop->post([weak, work, done, tries, outcome] {
      const auto self = weak.lock();
      if (!self) return;
      const bool busy = !outcome->ok() && outcome->error().reason() == Reason::kConflict && tries > 0;
      if (!busy) return done(std::move(*outcome));
      self->parts_.loop->after(kRetryAfter, [weak, work, done, tries] {
        if (const auto alive = weak.lock()) alive->on_pool<T>(work, done, tries - 1);
      });
    });
  });
  if (!started.ok()) done(std::move(started).error());
}

net::HttpResponse upload_answer(const Upload& upload, int status) {
  net::HttpResponse response = empty_answer(status);
  response.headers.add("location", fmt::format("/v2/{}/blobs/uploads/{}", upload.repository(), upload.id()));
  response.headers.add("docker-upload-uuid", upload.id());
  response.headers.add("range", fmt::format("0-{}", upload.size() == 0 ? 0 : upload.size() - 1));
  return response;
}

net::HttpResponse created(const std::string& repository, std::string_view kind, const std::string& reference,
                          const std::string& digest) {
  net::HttpResponse response = empty_answer(201);
  response.headers.add("location", fmt::format("/v2/{}/{}/{}", repository, kind, reference));
  response.headers.add("docker-content-digest", digest);
  return response;
}

net::HttpResponse unknown_upload() { return failure(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload, or it ended"); }

// The body of a PATCH, PUT or POST of an upload. One that is refused from the start is read and thrown away.
class RegistryImpl::Body final : public net::RequestBody {
 public:
  Body(std::shared_ptr<RegistryImpl> registry, std::shared_ptr<Upload> upload, Target target, bool last)
      : registry_(std::move(registry)), upload_(std::move(upload)), target_(std::move(target)), last_(last) {
    upload_->set_in_use(true);
  }
  explicit Body(net::HttpResponse refusal) : refusal_(std::move(refusal)) {}
  ~Body() override {
    if (upload_) upload_->set_in_use(false);
  }
  void take(std::string bytes) override {
    if (upload_) upload_->take(std::move(bytes));
  }
  bool full() const override { return upload_ && upload_->full(); }
  void on_room(Task task) override { upload_->on_room(std::move(task)); }
  void complete(net::HttpRequest, ResponderPtr responder) override {
    if (!upload_) return responder->send(std::move(refusal_));
    upload_->set_in_use(false);
    registry_->end_body(std::exchange(upload_, nullptr), std::move(target_), last_, std::move(responder));
  }

 private:
  std::shared_ptr<RegistryImpl> registry_;
  std::shared_ptr<Upload> upload_;
  Target target_;
  bool last_ = false;
  net::HttpResponse refusal_;
};

Result<void> RegistryImpl::open(const std::string& address) {
  TRY(store_->open());
  net::HttpLimits limits;
  limits.body_bytes_max = ImageStore::kManifestBytesMax;
  limits.connections_max = 256;
  // The server ends with this object.
  http_ = net::make_streaming_http_server(
      *parts_.loop, *parts_.clock, limits, [this](const net::HttpRequest& head) { return route_body(head); },
      [this](net::HttpRequest request, ResponderPtr responder) { handle(std::move(request), std::move(responder)); },
      [](const Error& error) { return flatten(failure(error.code(), "UNKNOWN", error.message()).body); });
  listener_ = TRY(parts_.network->listen(*parts_.loop, address, nullptr,
                                         [this](std::unique_ptr<Stream> stream) { http_->serve(std::move(stream)); }));
  address_ = listener_->address();
  sweep_timer_ = parts_.loop->after(kSweepInterval, [this] { sweep(); });
  return {};
}

void RegistryImpl::close() {
  if (sweep_timer_ != 0) parts_.loop->cancel(std::exchange(sweep_timer_, 0));
  listener_.reset();
  http_.reset();
  uploads_.clear();
}

void RegistryImpl::sweep() {
  sweep_timer_ = parts_.loop->after(kSweepInterval, [this] { sweep(); });
  end_idle_uploads();
  on_pool<std::size_t>([store = store_.get()] { return store->sweep(); },
                       [log = parts_.log](Result<std::size_t> removed) mutable {
                         if (!removed.ok()) log.warning("unused image content stays", {{"error", removed.error()}});
                       });
}

void RegistryImpl::end_idle_uploads() {
  const std::int64_t now = parts_.clock->monotonic_ns();
  std::erase_if(uploads_, [now](const auto& entry) {
    const bool idle = !entry.second->in_use() && now - entry.second->used_ns() > kUploadIdleMax.count();
    if (idle) entry.second->discard();
    return idle;
  });
}

Result<std::shared_ptr<Upload>> RegistryImpl::make_upload(const std::string& repository) {
  end_idle_uploads();
  if (uploads_.size() >= kUploadsMax) {
    return Error(Reason::kServiceUnavailable,
                 fmt::format("{} uploads are under way, which is the limit: end some", uploads_.size()));
  }
  auto upload = TRY(Upload::begin({parts_.loop, parts_.pool, parts_.disk, parts_.clock, store_.get()},
                                  new_uuid(*parts_.entropy), repository));
  uploads_.emplace(upload->id(), upload);
  return upload;
}

std::shared_ptr<Upload> RegistryImpl::find_upload(const Target& target) const {
  const auto found = uploads_.find(target.reference);
  return found != uploads_.end() && found->second->repository() == target.repository ? found->second : nullptr;
}

// "START-END" of a chunk; START must be where the upload stands.
bool continues(const net::HttpRequest& head, const Upload& upload) {
  const std::string_view range = head.headers.get("content-range");
  if (range.empty()) return true;
  const auto [first, last] = cut(range, "-");
  const auto start = parse_integer<std::uint64_t>(first), end = parse_integer<std::uint64_t>(last.value_or(""));
  if (!start || !end || *end < *start || *start != upload.size()) return false;
  const auto length = parse_integer<std::uint64_t>(head.headers.get("content-length"));
  return !length || *length == *end - *start + 1;
}

std::shared_ptr<net::RequestBody> RegistryImpl::route_body(const net::HttpRequest& head) {
  auto parsed = parse_target(head.target);
  if (!parsed.ok() || !parsed->has_value()) return nullptr;
  Target target = std::move(**parsed);
  const bool starts = target.kind == Kind::kUploads && head.method == "POST" && target.query.has("digest");
  const bool goes_on = target.kind == Kind::kUpload && (head.method == "PATCH" || head.method == "PUT");
  if (!starts && !goes_on) return nullptr;
  if (starts) {
    auto upload = make_upload(target.repository);
    if (!upload.ok()) return std::make_shared<Body>(failure_of(upload.error(), "", ""));
    return std::make_shared<Body>(shared_from_this(), std::move(*upload), std::move(target), true);
  }
  auto upload = find_upload(target);
  if (!upload) return std::make_shared<Body>(unknown_upload());
  if (upload->in_use())
    return std::make_shared<Body>(failure(409, "BLOB_UPLOAD_INVALID", "another request is writing to this upload"));
  if (!continues(head, *upload)) return std::make_shared<Body>(upload_answer(*upload, 416));
  return std::make_shared<Body>(shared_from_this(), std::move(upload), std::move(target), head.method == "PUT");
}

// All of a body was taken.
void RegistryImpl::end_body(std::shared_ptr<Upload> upload, Target target, bool last, ResponderPtr responder) {
  upload->set_in_use(true);
  upload->flush([this, weak = weak_from_this(), upload, target = std::move(target), last, responder](Result<void> written) {
    const auto self = weak.lock();
    if (!self) return;
    upload->set_in_use(false);
    if (!written.ok()) {
      uploads_.erase(upload->id());
      upload->discard();
      return responder->send(failure_of(written.error(), "", "BLOB_UPLOAD_INVALID"));
    }
    if (!last) return responder->send(upload_answer(*upload, 202));
    const std::string digest(target.query.get("digest"));
    if (!oci::is_digest(digest)) {
      return responder->send(
          failure(400, "DIGEST_INVALID", fmt::format("digest: \"{}\" is not sha256: and 64 hexadecimal digits", digest)));
    }
    uploads_.erase(upload->id());
    upload->finish(digest, [repository = target.repository, digest, responder](Result<void> done) {
      if (!done.ok()) return responder->send(failure_of(done.error(), "", "DIGEST_INVALID"));
      responder->send(created(repository, "blobs", digest, digest));
    });
  });
}

void RegistryImpl::begin_upload(Target target, ResponderPtr responder) {
  const auto begin = [this, responder](const std::string& repository) {
    auto upload = make_upload(repository);
    if (!upload.ok()) return responder->send(failure_of(upload.error(), "", ""));
    responder->send(upload_answer(**upload, 202));
  };
  const std::string digest(target.query.get("mount"));
  if (!oci::is_digest(digest)) return begin(target.repository);
  on_pool<std::optional<std::uint64_t>>(
      [store = store_.get(), digest] { return store->blob_size(digest); },
      [begin, digest, repository = target.repository, responder](Result<std::optional<std::uint64_t>> size) {
        if (!size.ok()) return responder->send(failure_of(size.error(), "", ""));
        if (!size->has_value()) return begin(repository);
        responder->send(created(repository, "blobs", digest, digest));
      });
}

// Requests about uploads that have no body.
void RegistryImpl::answer_upload(const net::HttpRequest& request, Target target, ResponderPtr responder) {
  if (target.kind == Kind::kUploads) {
    if (request.method != "POST") return responder->send(failure(405, "UNSUPPORTED", "an upload begins with POST"));
    return begin_upload(std::move(target), std::move(responder));
  }
  const auto upload = find_upload(target);
  if (!upload) return responder->send(unknown_upload());
  if (upload->in_use() && request.method != "GET")
    return responder->send(failure(409, "BLOB_UPLOAD_INVALID", "another request is writing to this upload"));
  if (request.method == "GET") return responder->send(upload_answer(*upload, 204));
  if (request.method == "PATCH") return responder->send(upload_answer(*upload, 202));
  if (request.method == "PUT") return end_body(upload, std::move(target), true, std::move(responder));
  if (request.method != "DELETE")
    return responder->send(failure(405, "UNSUPPORTED", "an upload goes on with PATCH and ends with PUT or DELETE"));
  uploads_.erase(upload->id());
  upload->discard();
  responder->send(empty_answer(204));
}

void RegistryImpl::put_manifest(Target target, net::HttpRequest request, ResponderPtr responder) {
  auto content = std::make_shared<std::string>(std::move(request.body));
  const std::string type(request.headers.get("content-type"));
  on_pool<StoredManifest>(
      [store = store_.get(), target, type, content] {
        return store->put_manifest(target.repository, target.reference, type, *content);
      },
      [this, target, responder](Result<StoredManifest> stored) {
        if (!stored.ok()) return responder->send(failure_of(stored.error(), "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID"));
        net::HttpResponse response = created(target.repository, "manifests", target.reference, stored->digest);
        if (!stored->subject.empty()) response.headers.add("oci-subject", stored->subject);
        responder->send(std::move(response));
        if (!stored->changed || !pushed_) return;
        pushed_({whole_repository(target.repository) + (oci::is_digest(target.reference) ? "@" : ":") + target.reference,
                 stored->digest});
      });
}

void RegistryImpl::answer_list(const net::HttpRequest& request, Target target, ResponderPtr responder) {
  if (request.method != "GET" && request.method != "HEAD")
    return responder->send(failure(405, "UNSUPPORTED", "this can only be read"));
  if (target.kind == Kind::kReferrers) {
    if (!oci::is_digest(target.reference))
      return responder->send(failure(400, "DIGEST_INVALID", "the path does not end with a digest"));
    const std::string type(target.query.get("artifactType"));
    return on_pool<std::string>(
        [store = store_.get(), target, type] { return store->referrers(target.repository, target.reference, type); },
        [type, responder](Result<std::string> index) {
          if (!index.ok()) return responder->send(failure_of(index.error(), "NAME_UNKNOWN", ""));
          net::HttpResponse response = json_answer(std::move(*index));
          response.headers.set("content-type", "application/vnd.oci.image.index.v1+json");
          if (!type.empty()) response.headers.add("oci-filters-applied", "artifactType");
          responder->send(std::move(response));
        });
  }
  on_pool<std::vector<std::string>>(
      [store = store_.get(), target] { return store->tags(target.repository); },
      [target, responder](Result<std::vector<std::string>> tags) {
        if (!tags.ok()) return responder->send(failure_of(tags.error(), "NAME_UNKNOWN", ""));
        auto page = page_of(*tags, target.query, "/v2/" + target.repository + "/tags/list");
        if (!page.ok()) return responder->send(failure_of(page.error(), "", "PAGINATION_NUMBER_INVALID"));
        net::HttpResponse response = json_answer(fmt::format(R"({{"name":"{}","tags":{}}})", target.repository, page->json));
        if (!page->link.empty()) response.headers.add("link", page->link);
        responder->send(std::move(response));
      });
}

void RegistryImpl::catalog(const net::HttpRequest& request, ResponderPtr responder) {
  auto query = Query::parse(cut(request.target, "?").second.value_or(""));
  if (!query) return responder->send(failure(400, "UNSUPPORTED", "the query is malformed"));
  on_pool<std::vector<std::string>>([store = store_.get()] { return store->repositories(); },
                                    [query = std::move(*query), responder](Result<std::vector<std::string>> names) {
                                      if (!names.ok()) return responder->send(failure_of(names.error(), "", ""));
                                      auto page = page_of(*names, query, "/v2/_catalog");
                                      if (!page.ok())
                                        return responder->send(failure_of(page.error(), "", "PAGINATION_NUMBER_INVALID"));
                                      net::HttpResponse response =
                                          json_answer(fmt::format(R"({{"repositories":{}}})", page->json));
                                      if (!page->link.empty()) response.headers.add("link", page->link);
                                      responder->send(std::move(response));
                                    });
}

void RegistryImpl::handle(net::HttpRequest request, ResponderPtr responder) {
  const std::string_view path = cut(request.target, "?").first;
  if (path == "/v2/_catalog") return catalog(request, std::move(responder));
  if (path == "/v2/" || path == "/v2") return pull_(std::move(request), std::move(responder));
  auto parsed = parse_target(request.target);
  if (!parsed.ok()) return responder->send(failure(400, "NAME_INVALID", parsed.error().message()));
  if (!parsed->has_value()) return responder->send(failure(404, "NAME_UNKNOWN", "no such resource"));
  Target target = std::move(**parsed);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  switch (target.kind) {
    case Kind::kUploads:
    case Kind::kUpload:
      return answer_upload(request, std::move(target), std::move(responder));
    case Kind::kTags:
    case Kind::kReferrers:
      return answer_list(request, std::move(target), std::move(responder));
    case Kind::kBlob:
      if (reads && !oci::is_digest(target.reference))
        return responder->send(failure(400, "DIGEST_INVALID", "the path does not end with a sha256 digest"));
      if (reads) return pull_(std::move(request), std::move(responder));
      return responder->send(failure(405, "UNSUPPORTED", "blobs are shared: what no manifest names goes by itself"));
    case Kind::kManifest:
      break;
  }
  if (reads) return pull_(std::move(request), std::move(responder));
  if (request.method == "PUT") return put_manifest(std::move(target), std::move(request), std::move(responder));
  if (request.method != "DELETE")
    return responder->send(failure(405, "UNSUPPORTED", "a manifest can be read, put and deleted"));
  on_pool<bool>([store = store_.get(), target] { return store->remove_manifest(target.repository, target.reference); },
                [responder](Result<bool> removed) {
                  if (!removed.ok()) return responder->send(failure_of(removed.error(), "MANIFEST_UNKNOWN", ""));
                  if (!*removed) return responder->send(failure(404, "MANIFEST_UNKNOWN", "there is no such manifest"));
                  responder->send(empty_answer(202));
                });
}

// What the owner holds; the rest lives as long as requests under way need it.
class OpenRegistry final : public Registry {
 public:
  explicit OpenRegistry(std::shared_ptr<RegistryImpl> impl) : impl_(std::move(impl)) {}
  ~OpenRegistry() override { impl_->close(); }
  const std::string& address() const override { return impl_->address(); }
  void on_push(std::function<void(const Push&)> told) override { impl_->on_push(std::move(told)); }

 private:
  std::shared_ptr<RegistryImpl> impl_;
};

}  // namespace

Result<std::unique_ptr<Registry>> open_registry(RegistryParts parts, const std::string& address, std::string folder) {
  auto impl = std::make_shared<RegistryImpl>(std::move(parts), std::move(folder));
  TRY(impl->open(address));
  return std::unique_ptr<Registry>(std::make_unique<OpenRegistry>(std::move(impl)));
}

}  // namespace plinth::registry

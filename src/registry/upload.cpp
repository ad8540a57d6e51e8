#include "registry/upload.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include "base/hex.h"

namespace plinth::registry {
namespace {

struct HashFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct Upload::Target {
  UploadParts parts;
  std::string path;
  std::unique_ptr<File> file;
  std::unique_ptr<EVP_MD_CTX, HashFree> hash;
  std::uint64_t written = 0;

  Target() = default;
  Target(const Target&) = delete;
  ~Target() {
    if (!file) return;
    file.reset();
    (void)parts.disk->remove(path);
  }
  Result<void> append(const std::string& bytes);
  Result<void> finish(const std::string& digest);
};

Result<std::shared_ptr<Upload>> Upload::begin(const UploadParts& parts, std::string id, std::string repository) {
  std::shared_ptr<Upload> upload(new Upload(parts, std::move(id), std::move(repository)));
  auto target = std::make_shared<Target>();
  target->parts = parts;
  target->path = parts.store->upload_path(upload->id_);
  target->hash.reset(EVP_MD_CTX_new());
  if (!target->hash || EVP_DigestInit_ex(target->hash.get(), EVP_sha256(), nullptr) != 1)
    return internal_error("SHA-256 is not to be had");
  upload->target_ = std::move(target);
  upload->used_ns_ = parts.clock->monotonic_ns();
  return upload;
}

Upload::~Upload() {
  if (room_) parts_.loop->post(std::move(room_));
}

void Upload::discard() {
  (void)parts_.pool->run([target = std::move(target_)]() mutable { target.reset(); });
}

void Upload::set_in_use(bool in_use) {
  in_use_ = in_use;
  used_ns_ = parts_.clock->monotonic_ns();
}

Result<void> Upload::Target::append(const std::string& bytes) {
  if (!file) file = TRY(parts.disk->open(path, OpenMode::kCreateExclusive));
  const std::uint64_t free = TRY(parts.disk->free_bytes(path.substr(0, path.rfind('/'))));
  if (free < kFreeBytesMin + bytes.size()) {
    return Error(Reason::kInsufficientStorage,
                 fmt::format("the disk of the registry has {} bytes left, {} are kept free", free, kFreeBytesMin));
  }
  TRY(file->write_at(written, bytes));
  EVP_DigestUpdate(hash.get(), bytes.data(), bytes.size());
  written += bytes.size();
  return {};
}

Result<void> Upload::Target::finish(const std::string& digest) {
  if (!file) file = TRY(parts.disk->open(path, OpenMode::kCreateExclusive));
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(hash.get(), sum, &size);
  const std::string found = "sha256:" + hex_encode({reinterpret_cast<const char*>(sum), size});
  if (found != digest) return bad_request(fmt::format("the content's digest is {}, not {}", found, digest));
  TRY(file->sync());
  TRY(parts.store->adopt_blob(path, digest));
  file.reset();
  return {};
}

void Upload::take(std::string bytes) {
  size_ += bytes.size();
  if (!outcome_.ok() || !target_) return;  // told at the end
  if (pending_.empty())
    pending_ = std::move(bytes);
  else
    pending_ += bytes;
  if (!writing_) write_next();
}

void Upload::write_next() {
  writing_ = true;
  auto piece = std::make_shared<std::string>(std::exchange(pending_, {}));
  // The upload lives until its piece is written: a session may end meanwhile.
  auto self = shared_from_this();
  auto started = parts_.pool->run([self, piece, target = target_, loop = parts_.loop]() mutable {
    auto outcome = std::make_shared<Result<void>>(target->append(*piece));
    loop->post([self = std::move(self), outcome]() { self->written(std::move(*outcome)); });
  });
  if (!started.ok()) {
    auto outcome = std::make_shared<Result<void>>(std::move(started));
    parts_.loop->post([self, outcome] { self->written(std::move(*outcome)); });
  }
}

void Upload::written(Result<void> outcome) {
  writing_ = false;
  if (!target_ && outcome.ok()) outcome = Error(Reason::kNotFound, "the upload was ended");
  if (!outcome.ok()) {
    outcome_ = std::move(outcome);
    pending_.clear();
  }
  if (!pending_.empty()) write_next();
  if (room_ && !full()) std::exchange(room_, nullptr)();
  if (!writing_ && flushed_) {
    Result<void> told = outcome_.ok() ? Result<void>() : Result<void>(outcome_.error().clone());
    std::exchange(flushed_, nullptr)(std::move(told));
  }
}

void Upload::flush(UniqueFunction<void(Result<void>)> done) {
  flushed_ = std::move(done);
  if (writing_) return;
  parts_.loop->post([self = shared_from_this()] {
    if (!self->writing_ && self->flushed_) self->written({});
  });
}

void Upload::finish(std::string digest, UniqueFunction<void(Result<void>)> done) {
  auto finish = std::make_shared<UniqueFunction<void(Result<void>)>>(std::move(done));
  auto self = shared_from_this();
  auto started = parts_.pool->run([self, digest = std::move(digest), target = target_, loop = parts_.loop, finish]() mutable {
    auto outcome = std::make_shared<Result<void>>(target->finish(digest));
    loop->post([self = std::move(self), outcome, finish] { (*finish)(std::move(*outcome)); });
  });
  if (!started.ok()) (*finish)(std::move(started));
}

}  // namespace plinth::registry

// One blob on its way in: written and hashed piece by piece, on a pool.
#pragma once

#include <memory>
#include <string>

#include "net/request_body.h"
#include "registry/image_store.h"

namespace plinth::registry {

struct UploadParts {
  Loop* loop = nullptr;
  Pool* pool = nullptr;
  Disk* disk = nullptr;
  Clock* clock = nullptr;
  ImageStore* store = nullptr;
};

// On the loop. What was taken is written in order; one piece is under way at a time.
class Upload : public std::enable_shared_from_this<Upload> {
 public:
  static constexpr std::size_t kPendingBytesMax = 4 * 1024 * 1024;  // taken, not written: then no more is read from the client
  static constexpr std::uint64_t kFreeBytesMin = 256ull << 20;      // of the disk, after which uploads are refused

  static Result<std::shared_ptr<Upload>> begin(const UploadParts& parts, std::string id, std::string repository);
  ~Upload();

  const std::string& id() const { return id_; }
  const std::string& repository() const { return repository_; }
  std::uint64_t size() const { return size_; }  // of what was taken
  std::int64_t used_ns() const { return used_ns_; }
  bool in_use() const { return in_use_; }
  void set_in_use(bool in_use);

  void take(std::string bytes);
  bool full() const { return pending_.size() > kPendingBytesMax; }
  void on_room(Task task) { room_ = std::move(task); }
  // Once all that was taken is written, or why it could not be.
  void flush(UniqueFunction<void(Result<void>)> done);
  // After flush(): the content becomes the blob `digest`, durably. BadRequest: it has another digest.
  void finish(std::string digest, UniqueFunction<void(Result<void>)> done);
  // Removes what was written, on the pool; what is taken later is thrown away. Without it that goes with the upload.
  void discard();

 private:
  struct Target;  // what a task of the pool writes to; outlives the upload while one runs
  Upload(const UploadParts& parts, std::string id, std::string repository)
      : parts_(parts), id_(std::move(id)), repository_(std::move(repository)) {}
  void write_next();
  void written(Result<void> outcome);

  UploadParts parts_;
  std::string id_, repository_;
  std::shared_ptr<Target> target_;
  std::string pending_;
  std::uint64_t size_ = 0;
  std::int64_t used_ns_ = 0;
  bool writing_ = false, in_use_ = false;
  Result<void> outcome_;
  Task room_;
  UniqueFunction<void(Result<void>)> flushed_;
};

}  // namespace plinth::registry

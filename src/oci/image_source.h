// What can be pulled from the program itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/function.h"
#include "base/result.h"

namespace plinth::oci {

struct Manifest {
  std::string media_type;
  std::string digest;
  SharedBytes content;
};

struct ManifestQuery {
  std::string host;  // the registry that the image's name says, where a mirror is asked; empty: the mirror itself is meant
  std::string repository;  // without a host: "library/busybox"
  std::string reference;   // tag or digest
};

// Content of any size, read piece by piece.
class Blob {
 public:
  virtual ~Blob() = default;
  virtual std::uint64_t size() const = 0;
  // Exactly `bytes` from `offset` on; one read at a time.
  virtual void read(std::uint64_t offset, std::size_t bytes, UniqueFunction<void(Result<SharedBytes>)> done) = 0;
};

// On one loop. `done` runs there once, possibly inside of the call.
class ImageSource {
 public:
  using ManifestDone = UniqueFunction<void(Result<std::optional<Manifest>>)>;
  using BlobDone = UniqueFunction<void(Result<std::unique_ptr<Blob>>)>;  // null: it is not there
  virtual ~ImageSource() = default;
  virtual void manifest(ManifestQuery query, ManifestDone done) = 0;
  virtual void blob(std::string digest, BlobDone done) = 0;
};

}  // namespace plinth::oci

// Archives in the ustar format, as layers of images are: reproducible, with owner root and no times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth::oci {

class TarWriter {
 public:
  // Paths are relative; BadRequest when one has more than the 100 bytes of a plain header.
  Result<void> add_directory(std::string_view path, std::uint32_t mode);
  Result<void> add_file(std::string_view path, std::uint32_t mode, std::string_view content);
  Result<void> add_link(std::string_view path, std::string_view target);
  std::string finish();

 private:
  Result<void> add_header(std::string_view path, char type, std::uint32_t mode, std::size_t size, std::string_view link);
  std::string out_;
};

}  // namespace plinth::oci

#include <filesystem>

#include "api/figures.h"

namespace plinth::bench {

Scratch::Scratch(const Options& options, const std::string& name) : path_(options.directory + "/" + name) {
  std::filesystem::remove_all(path_);
  std::filesystem::create_directories(path_);
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace plinth::bench

#include "videos.h"

#include <cstdlib>

#include <strings.h>

namespace silly_demo {
namespace {

class Misconfigured final : public Videos {
 public:
  explicit Misconfigured(Failure failure) : failure_(std::move(failure)) {}
  Failure list(std::vector<Video>&) override { return failure_; }
  Failure add(const Video&) override { return failure_; }

 private:
  const Failure failure_;
};

std::string either(const char* name, const char* other) {
  const auto value = environment(name);
  return value.empty() && other != nullptr ? environment(other) : value;
}

Failure empty_variable(const char* name, const char* other) {
  if (other == nullptr) return std::string("Environment variable `") + name + "` is empty";
  return std::string("Environment variables `") + name + "` and `" + other + "` are empty";
}

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::unique_ptr<Videos> videos_from_environment() {
  if (strcasecmp(environment("DB").c_str(), "fs") == 0) {
    const auto directory = environment("FS_DIR");
    return file_videos(directory.empty() ? "/cache" : directory);
  }
  DatabaseAddress address;
  const struct {
    const char *name, *other;
    std::string& value;
  } variables[] = {{"DB_ENDPOINT", nullptr, address.host},
                   {"DB_PORT", nullptr, address.port},
                   {"DB_USER", "DB_USERNAME", address.user},
                   {"DB_PASS", "DB_PASSWORD", address.password},
                   {"DB_NAME", nullptr, address.name}};
  for (const auto& variable : variables) {
    variable.value = either(variable.name, variable.other);
    if (variable.value.empty()) return std::make_unique<Misconfigured>(empty_variable(variable.name, variable.other));
  }
  return postgres_videos(address);
}

}  // namespace silly_demo

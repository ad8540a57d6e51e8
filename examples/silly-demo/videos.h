// Where the videos are kept: a file, or PostgreSQL.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace silly_demo {

struct Video {
  std::string id, title;
};

// What went wrong, as text for whoever asked; "" is success.
using Failure = std::string;

// Thread-safe.
class Videos {
 public:
  virtual ~Videos() = default;
  virtual Failure list(std::vector<Video>& videos) = 0;
  virtual Failure add(const Video& video) = 0;
  // Makes what must be there before the first request, as far as it can already be made.
  virtual void prepare() {}
};

// `directory`/videos.yaml. A file that is missing is an error of list(); add() makes it.
std::unique_ptr<Videos> file_videos(const std::string& directory);

struct DatabaseAddress {
  std::string host, port, user, password, name;
};
// The table `videos`; it and `comments` are made when they are missing. Connects when it is first used, and again after a loss.
std::unique_ptr<Videos> postgres_videos(const DatabaseAddress& address);

// As the environment says: DB=fs (FS_DIR, /cache), else DB_ENDPOINT, DB_PORT, DB_USER or DB_USERNAME, DB_PASS or DB_PASSWORD,
// DB_NAME. Where one of these is missing every call fails and names it.
std::unique_ptr<Videos> videos_from_environment();

std::string environment(const char* name);

}  // namespace silly_demo

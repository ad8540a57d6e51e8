#include <cstdio>
#include <mutex>

#include "postgres.h"
#include "videos.h"

namespace silly_demo {
namespace {

constexpr const char* kTables[] = {"create table if not exists videos (id varchar(50) not null, title text, primary key (id))",
                                   "create table if not exists comments (id serial, video_id varchar(50) not null, description "
                                   "text not null, primary key (id), "
                                   "constraint fk_videos foreign key (video_id) references videos (id))"};

class PostgresVideos final : public Videos {
 public:
  explicit PostgresVideos(DatabaseAddress address) : address_(std::move(address)) {}

  void prepare() override {
    const std::lock_guard lock(mutex_);
    if (const auto failure = connect(); !failure.empty()) std::fprintf(stderr, "database: %s\n", failure.c_str());
  }

  Failure list(std::vector<Video>& videos) override {
    Rows rows;
    auto failure = run("select id, title from videos order by id", {}, rows);
    for (auto& row : rows) {
      if (row.size() == 2) videos.push_back({row[0], row[1]});
    }
    return failure;
  }

  Failure add(const Video& video) override {
    Rows rows;
    return run("insert into videos (id, title) values ($1, $2)", {video.id, video.title}, rows);
  }

 private:
  Failure connect() {
    if (connection_ && connection_->alive()) return "";
    auto connection = std::make_unique<Postgres>();
    if (auto failure = connection->open(address_); !failure.empty()) return failure;
    Rows none;
    for (const char* table : kTables) {
      if (auto failure = connection->query(table, {}, none); !failure.empty()) return failure;
    }
    connection_ = std::move(connection);
    return "";
  }

  // A connection that was lost while it was idle (the database has moved) is made anew once; what had been sent is not sent
  // again.
  Failure run(const std::string& statement, const std::vector<std::string>& parameters, Rows& rows) {
    const std::lock_guard lock(mutex_);
    if (connection_ && connection_->alive()) {
      Rows probe;
      (void)connection_->query("select 1", {}, probe);
    }
    if (auto failure = connect(); !failure.empty()) return failure;
    return connection_->query(statement, parameters, rows);
  }

  const DatabaseAddress address_;
  std::mutex mutex_;
  std::unique_ptr<Postgres> connection_;
};

}  // namespace

std::unique_ptr<Videos> postgres_videos(const DatabaseAddress& address) { return std::make_unique<PostgresVideos>(address); }

}  // namespace silly_demo

// One change seen by 1,000 watchers, and what an idle watch takes of the server's memory.
#include <fmt/core.h>
#include <poll.h>

#include "api/die.h"
#include "api/figures.h"
#include "api/load.h"
#include "api/objects.h"
#include "api/process.h"

namespace plinth::bench {
namespace {

constexpr std::size_t kWatchers = 1000;

class Watchers {
 public:
  Watchers(const TlsClient& tls, const std::string& address, std::size_t per_connection) {
    const Request watch =
        get(std::string(kConfigMaps) + "?watch=1&resourceVersion=0&timeoutSeconds=3600&fieldSelector=metadata.name%3Dwatched");
    for (std::size_t i = 0; i < kWatchers; i += per_connection) {
      connections_.push_back(std::make_unique<Connection>(tls, address));
      Connection& connection = *connections_.back();
      for (std::size_t k = 0; k < per_connection; ++k) {
        connection.submit(
            watch, [](Answer& answer) { die("a watch ended with status {}", answer.status); }, false,
            [this](std::string_view bytes) { events_ += std::count(bytes.begin(), bytes.end(), '\n'); });
      }
      connection.flush();
    }
  }
  // Waits until `events` lines have come in all.
  void wait_for(std::int64_t events) {
    std::vector<pollfd> fds;
    for (auto& c : connections_) fds.push_back({c->fd(), POLLIN, 0});
    while (events_ < events) {
      if (poll(fds.data(), fds.size(), 10'000) <= 0) die("only {} of {} watch events came", events_, events);
      for (std::size_t i = 0; i < fds.size(); ++i) {
        if (fds[i].revents != 0) connections_[i]->advance();
      }
    }
  }
  std::int64_t events() const { return events_; }

 private:
  std::vector<std::unique_ptr<Connection>> connections_;
  std::int64_t events_ = 0;
};

void one_way(const Options& options, Report& report, std::size_t per_connection) {
  const Scratch scratch(options, "watchers");
  Plinth plinth(options.plinth, scratch.path() + "/plinth");
  const TlsClient tls(plinth.ca(), plinth.certificate(), plinth.key());
  Connection writer(tls, plinth.address());
  if (writer.call(post(kConfigMaps, config_map("watched", 1))).status != 201) die("the object to watch was not created");
  const std::uint64_t before = plinth.process().settled_bytes();
  Watchers watchers(tls, plinth.address(), per_connection);
  watchers.wait_for(kWatchers);  // each begins with the object
  const double each = static_cast<double>(plinth.process().settled_bytes() - before) / kWatchers;
  std::vector<double> took;
  for (int i = 0; i < (options.quick ? 10 : 40); ++i) {
    const std::int64_t wanted = watchers.events() + static_cast<std::int64_t>(kWatchers);
    const std::int64_t begin = now_ns();
    writer.submit(put(std::string(kConfigMaps) + "/watched", config_map("watched", static_cast<std::uint64_t>(i) + 2)),
                  [](Answer& answer) {
                    if (answer.status != 200) die("the change was refused with status {}", answer.status);
                  });
    writer.flush();
    watchers.wait_for(wanted);
    took.push_back(static_cast<double>(now_ns() - begin) / 1e6);
    while (writer.wait(5)) writer.advance();
  }
  const std::string how = fmt::format("{} a connection", per_connection);
  report.figure("one change to the last of 1,000, " + how, fmt::format("{:.1f} ms", median(took)), "20 ms", median(took) < 20);
  report.figure("resident memory of an idle watch, " + how, fmt::format("{:.1f} KB", each / 1024), "20 KB", each < 20 * 1024);
}

}  // namespace

void measure_watchers(const Options& options, Report& report) {
  report.section(
      "1,000 watchers",
      "From the moment the change is sent to the last event decrypted, both programs on the same processors; median.");
  for (const std::size_t per_connection : {100, 1}) one_way(options, report, per_connection);
}

}  // namespace plinth::bench

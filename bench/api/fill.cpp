#include <fmt/core.h>

#include "api/die.h"
#include "api/objects.h"

namespace plinth::bench {

// Many requests at a time on one connection, so that a large store is made quickly.
void fill(Connection& connection, std::uint64_t count, std::uint64_t version) {
  constexpr std::uint64_t kAtATime = 64;
  std::uint64_t sent = 0, done = 0;
  auto send_one = [&](auto& self) -> void {
    const std::string name = fmt::format("map-{:09}", sent++);
    Request request = version == 1 ? post(kConfigMaps, config_map(name, version))
                                   : put(std::string(kConfigMaps) + "/" + name, config_map(name, version));
    connection.submit(request, [&](Answer& answer) {
      if (answer.status / 100 != 2) die("filling the store: status {}", answer.status);
      ++done;
      if (sent < count) self(self);
    });
  };
  while (sent < std::min(kAtATime, count)) send_one(send_one);
  connection.flush();
  while (done < count) {
    connection.wait(-1);
    connection.advance();
  }
}

}  // namespace plinth::bench

// Two raw streams that are one: what the one sends the other gets. For .cpp files of net only.
#pragma once

#include <memory>
#include <string>

#include "base/world.h"

namespace plinth::net {

// On the streams' loop. Ends with both; destroying it cuts off what is left.
class Tunnel {
 public:
  Tunnel(std::unique_ptr<Stream> a, std::unique_ptr<Stream> b, std::size_t queued_bytes_max, Task ended);
  // What each side had sent before.
  void start(std::string from_a, std::string from_b);

 private:
  struct Side final : StreamEvents {
    void on_data(std::string_view bytes) override;
    void on_drained() override;
    void on_read_closed() override;
    void on_closed() override;
    Tunnel* tunnel = nullptr;
    Side* other = nullptr;
    std::unique_ptr<Stream> stream;
  };
  Side a_, b_;
  const std::size_t queued_bytes_max_;
  Task ended_;  // posted by the owner: may destroy this
};

}  // namespace plinth::net

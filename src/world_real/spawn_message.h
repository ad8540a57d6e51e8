// What this process and its spawner say to each other: one packet each, descriptors of the child's stdio with a request. For
// .cpp files of world_real only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "world_real/unique_fd.h"

namespace plinth::world_real {

struct SpawnMessage {
  enum class Type : std::uint8_t {
    kSpawn,    // to the spawner, with three descriptors
    kSignal,   // to the spawner: `number`
    kStarted,  // from it: `number` is the pid
    kFailed,   // from it: `number` is errno; `text` what could not be done
    kExited,   // from it: `number` is the status of waitpid
  };
  Type type = Type::kSpawn;
  std::uint64_t id = 0;
  std::int32_t number = 0;
  std::int32_t death_signal = 0;
  bool terminal = false;
  std::string text;  // of a spawn: the directory
  std::vector<std::string> arguments, environment;
};

std::string encode(const SpawnMessage& message);
std::optional<SpawnMessage> decode(std::string_view bytes);

// One packet. EMSGSIZE, EAGAIN and the like as errno; 0 when it was sent.
int send_packet(int socket, std::string_view bytes, const std::array<int, 3>* descriptors);

struct ReceivedPacket {
  std::string bytes;  // empty: the other side is gone, or nothing is there (`again`)
  bool again = false;
  std::vector<UniqueFd> descriptors;
};
ReceivedPacket receive_packet(int socket, std::size_t bytes_max);

}  // namespace plinth::world_real

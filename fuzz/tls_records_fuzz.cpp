// What a client sends once the handshake is over: no crash, no more plaintext than a record may hold, and the same however the bytes
// are cut. Input is cut into records; the first byte of each picks whether it is sealed as the peer would or sent as it stands.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "net/tls13_records.h"

namespace {

using plinth::net::Tls13Records;

constexpr std::uint16_t kSuite = 0x1301;

// One end; the other has the secrets exchanged.
std::unique_ptr<Tls13Records> end(bool server) {
  plinth::net::TrafficSecrets secrets;
  secrets.client = std::string(32, server ? 'c' : 's');
  secrets.server = std::string(32, server ? 's' : 'c');
  return Tls13Records::make(kSuite, secrets, 0);
}

// A byte for the kind, one for the length, then what the record holds: its last byte is the content's type.
std::string wire(std::string_view input) {
  plinth::net::TrafficKeys keys;
  REQUIRE_PROPERTY(keys.set(kSuite, std::string(32, 'c'), true, 0));
  std::string out;
  while (input.size() >= 3) {
    const auto kind = static_cast<std::uint8_t>(input[0]);
    const std::size_t size = std::min<std::size_t>(static_cast<std::uint8_t>(input[1]), input.size() - 2);
    const std::string_view inner = input.substr(2, size);
    input.remove_prefix(2 + size);
    if (kind % 8 == 0 || inner.empty()) {
      out += inner;
      continue;
    }
    const std::size_t length = inner.size() + plinth::net::TrafficKeys::kTagBytes;
    const std::string head{23, 3, 3, static_cast<char>(length >> 8), static_cast<char>(length)};
    std::string sealed(length, '\0');
    REQUIRE_PROPERTY(keys.seal(head, inner.substr(0, inner.size() - 1), static_cast<std::uint8_t>(inner.back()), sealed.data()));
    out += head + sealed;
    if (inner.size() == 6 && inner.back() == 22 && inner.starts_with(std::string_view("\x18\0\0\1", 4))) REQUIRE_PROPERTY(keys.next_generation());
  }
  return out;
}

std::string read(std::string_view bytes, std::size_t piece) {
  const auto records = end(true);
  std::string out, kept;
  char buffer[Tls13Records::kPlainBytesMax + 1];
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    kept += bytes.substr(at, piece);
    std::string_view input = kept;
    auto opened = Tls13Records::Opened::kData;
    while (opened == Tls13Records::Opened::kData) {
      std::size_t size = 0;
      opened = records->open(input, buffer, size);
      REQUIRE_PROPERTY(size <= Tls13Records::kPlainBytesMax);
      if (opened == Tls13Records::Opened::kData) out.append(buffer, size);
    }
    if (opened != Tls13Records::Opened::kIncomplete) return out + static_cast<char>(opened) + static_cast<char>(records->alert());
    kept = std::string(input);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes = wire({reinterpret_cast<const char*>(data) + 1, size - 1});
  REQUIRE_PROPERTY(read(bytes, bytes.size() + 1) == read(bytes, data[0] % 32 + 1u));
  return 0;
}

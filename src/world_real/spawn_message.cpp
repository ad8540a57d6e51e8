#include "world_real/spawn_message.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace plinth::world_real {
namespace {

void put(std::string& out, const void* data, std::size_t size) { out.append(static_cast<const char*>(data), size); }

void put_text(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  put(out, &size, sizeof size);
  out += text;
}

void put_list(std::string& out, const std::vector<std::string>& list) {
  const auto size = static_cast<std::uint32_t>(list.size());
  put(out, &size, sizeof size);
  for (const std::string& entry : list) put_text(out, entry);
}

// Both sides are this program; a packet that does not decode is a bug, not an attack, and is still refused.
struct Reader {
  std::string_view left;
  bool failed = false;

  template <typename T>
  T number() {
    T value{};
    if (left.size() < sizeof value) return failed = true, value;
    std::memcpy(&value, left.data(), sizeof value);
    left.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const auto size = number<std::uint32_t>();
    if (failed || left.size() < size) return failed = true, std::string();
    std::string out(left.substr(0, size));
    left.remove_prefix(size);
    return out;
  }
  std::vector<std::string> list() {
    std::vector<std::string> out;
    for (auto count = number<std::uint32_t>(); count > 0 && !failed; --count) out.push_back(text());
    return out;
  }
};

}  // namespace

std::string encode(const SpawnMessage& message) {
  std::string out;
  put(out, &message.type, sizeof message.type);
  put(out, &message.id, sizeof message.id);
  put(out, &message.number, sizeof message.number);
  put(out, &message.death_signal, sizeof message.death_signal);
  put(out, &message.terminal, sizeof message.terminal);
  put_text(out, message.text);
  put_list(out, message.arguments);
  put_list(out, message.environment);
  return out;
}

std::optional<SpawnMessage> decode(std::string_view bytes) {
  Reader in{bytes};
  SpawnMessage message;
  message.type = in.number<SpawnMessage::Type>();
  message.id = in.number<std::uint64_t>();
  message.number = in.number<std::int32_t>();
  message.death_signal = in.number<std::int32_t>();
  message.terminal = in.number<bool>();
  message.text = in.text();
  message.arguments = in.list();
  message.environment = in.list();
  if (in.failed || !in.left.empty()) return std::nullopt;
  return message;
}

int send_packet(int socket, std::string_view bytes, const std::array<int, 3>* descriptors) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(3 * sizeof(int))> control{};
  if (descriptors != nullptr) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(3 * sizeof(int));
    std::memcpy(CMSG_DATA(head), descriptors->data(), 3 * sizeof(int));
  }
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

ReceivedPacket receive_packet(int socket, std::size_t bytes_max) {
  ReceivedPacket packet;
  packet.bytes.resize(bytes_max);
  iovec part{packet.bytes.data(), packet.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(3 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t n = 0;
  do n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  packet.again = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  packet.bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  for (cmsghdr* head = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr; head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
      packet.descriptors.emplace_back(fd);
    }
  }
  return packet;
}

}  // namespace plinth::world_real

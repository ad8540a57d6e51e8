#include "world_real/real_flow_table.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "world_real/posix_error.h"
#include "world_real/unique_fd.h"

namespace plinth::world_real {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr int kTypeMask = NLA_TYPE_MASK;

using Attributes = std::map<int, std::string_view>;

Attributes read_attributes(std::string_view bytes) {
  Attributes out;
  while (bytes.size() >= sizeof(nlattr)) {
    nlattr head;
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.nla_len < sizeof head || head.nla_len > bytes.size()) break;
    out[head.nla_type & kTypeMask] = bytes.substr(sizeof head, head.nla_len - sizeof head);
    bytes.remove_prefix(std::min<std::size_t>(NLA_ALIGN(head.nla_len), bytes.size()));
  }
  return out;
}

void append_attribute(std::string& out, int type, std::string_view value) {
  nlattr head{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), static_cast<std::uint16_t>(type)};
  out.append(reinterpret_cast<const char*>(&head), sizeof head);
  out += value;
  out.resize(NLA_ALIGN(out.size()), '\0');
}

// One direction of a flow: an end of it, as "address:port".
std::string end_of(std::string_view tuple, int address_type, int port_type) {
  const Attributes parts = read_attributes(tuple);
  if (parts.count(CTA_TUPLE_IP) == 0 || parts.count(CTA_TUPLE_PROTO) == 0) return "";
  const Attributes ip = read_attributes(parts.at(CTA_TUPLE_IP)), ports = read_attributes(parts.at(CTA_TUPLE_PROTO));
  const auto address = ip.find(address_type), port = ports.find(port_type);
  if (address == ip.end() || address->second.size() != sizeof(in_addr) || port == ports.end() || port->second.size() != 2)
    return "";
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, address->second.data(), text, sizeof text);
  const auto* bytes = reinterpret_cast<const unsigned char*>(port->second.data());
  return std::string(text) + ":" + std::to_string((bytes[0] << 8) | bytes[1]);
}

bool is_udp(std::string_view tuple) {
  const Attributes parts = read_attributes(tuple);
  const auto protocol = parts.find(CTA_TUPLE_PROTO);
  if (protocol == parts.end()) return false;
  const Attributes inside = read_attributes(protocol->second);
  const auto number = inside.find(CTA_PROTO_NUM);
  return number != inside.end() && number->second.size() == 1 && number->second[0] == IPPROTO_UDP;
}

class Connection {
 public:
  Result<void> open() {
    fd_ = UniqueFd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    if (!fd_.valid()) return posix_error("ask the kernel for its flows", errno);
    return {};
  }
  Result<void> send(int message, int flags, const std::string& attributes) {
    nfgenmsg family{AF_INET, NFNETLINK_V0, 0};
    nlmsghdr head{};
    head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof family) + attributes.size());
    head.nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | message);
    head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    head.nlmsg_seq = ++serial_;
    std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
    bytes.append(reinterpret_cast<const char*>(&family), sizeof family);
    bytes += attributes;
    if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0) return posix_error("ask the kernel for its flows", errno);
    return {};
  }
  // Until the end of the answer; `entry` gets the attributes of each message.
  Result<void> receive(const std::function<void(std::string_view)>& entry) {
    std::vector<char> buffer(kBufferBytes);
    for (;;) {
      const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return posix_error("read the kernel's flows", size < 0 ? errno : EPIPE);
      std::string_view rest(buffer.data(), static_cast<std::size_t>(size));
      while (rest.size() >= sizeof(nlmsghdr)) {
        nlmsghdr head;
        std::memcpy(&head, rest.data(), sizeof head);
        if (head.nlmsg_len < sizeof head || head.nlmsg_len > rest.size()) break;
        const std::string_view body = rest.substr(sizeof head, head.nlmsg_len - sizeof head);
        rest.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), rest.size()));
        if (head.nlmsg_type == NLMSG_DONE) return {};
        if (head.nlmsg_type == NLMSG_ERROR) {
          std::int32_t code = 0;
          if (body.size() >= sizeof code) std::memcpy(&code, body.data(), sizeof code);
          if (code == 0 || code == -ENOENT) return {};  // done, or gone meanwhile
          return posix_error("change the kernel's flows", -code);
        }
        if (body.size() > sizeof(nfgenmsg)) entry(body.substr(sizeof(nfgenmsg)));
      }
    }
  }

 private:
  UniqueFd fd_;
  std::uint32_t serial_ = 0;
};

}  // namespace

Result<std::size_t> RealFlowTable::forget_udp(const std::function<bool(const UdpFlow&)>& stale) {
  Connection connection;
  TRY(connection.open());
  std::vector<std::string> found;  // what names each flow to the kernel
  TRY(connection.send(IPCTNL_MSG_CT_GET, NLM_F_DUMP, ""));
  TRY(connection.receive([&](std::string_view bytes) {
    const Attributes flow = read_attributes(bytes);
    const auto original = flow.find(CTA_TUPLE_ORIG), reply = flow.find(CTA_TUPLE_REPLY);
    if (original == flow.end() || reply == flow.end() || !is_udp(original->second)) return;
    const UdpFlow told{end_of(original->second, CTA_IP_V4_DST, CTA_PROTO_DST_PORT),
                       end_of(reply->second, CTA_IP_V4_SRC, CTA_PROTO_SRC_PORT)};
    if (told.to.empty() || told.answered_by.empty() || !stale(told)) return;
    std::string name;
    append_attribute(name, CTA_TUPLE_ORIG | NLA_F_NESTED, original->second);
    if (const auto id = flow.find(CTA_ID); id != flow.end()) append_attribute(name, CTA_ID, id->second);
    if (const auto zone = flow.find(CTA_ZONE); zone != flow.end()) append_attribute(name, CTA_ZONE, zone->second);
    found.push_back(std::move(name));
  }));
  for (const std::string& name : found) {
    TRY(connection.send(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, name));
    TRY(connection.receive([](std::string_view) {}));
  }
  return found.size();
}

}  // namespace plinth::world_real

#include "api/etcd_wire.h"

namespace plinth::bench {
namespace {

void append_field(std::string& out, int number, std::string_view bytes) {
  out += static_cast<char>(number << 3 | 2);  // length-delimited
  std::size_t n = bytes.size();
  for (; n >= 0x80; n >>= 7) out += static_cast<char>((n & 0x7f) | 0x80);
  out += static_cast<char>(n);
  out += bytes;
}

Request call(std::string_view method, const std::string& message) {
  Request request;
  request.method = "POST";
  request.path = "/etcdserverpb.KV/" + std::string(method);
  request.headers = {{"te", "trailers"}, {"content-type", "application/grpc"}, {"user-agent", "bench/1"}};
  const std::size_t n = message.size();
  request.body = {'\0', static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                  static_cast<char>(n)};
  request.body += message;
  return request;
}

}  // namespace

Request etcd_put(std::string_view key, std::string_view value) {
  std::string message;
  append_field(message, 1, key);
  append_field(message, 2, value);
  return call("Put", message);
}

Request etcd_range(std::string_view key) {
  std::string message;
  append_field(message, 1, key);
  return call("Range", message);
}

bool etcd_ok(const Answer& answer) { return answer.status == 200 && answer.grpc_status == "0"; }

}  // namespace plinth::bench

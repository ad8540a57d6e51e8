// What the calls to a driver share: for this layer's sources alone, which bring the messages.
#pragma once

#include "csi/csi_client.h"

namespace plinth::csi {

template <typename Response, typename T, typename Message, typename Convert>
void call(net::GrpcChannel& channel, const char* path, const Message& request, Duration timeout, Done<T> done,
          Convert convert) {
  net::GrpcCallOptions options;
  options.timeout = timeout;
  channel.unary(path, request.SerializeAsString(), std::move(options),
                [done = std::move(done), convert = std::move(convert)](net::GrpcReply reply) mutable {
                  Reply<T> out{std::move(reply.status), T()};
                  Response response;
                  if (out.status.ok() && !response.ParseFromString(reply.message))
                    out.status = {net::GrpcCode::kInternal, "the driver's answer is damaged"};
                  if (out.status.ok()) convert(response, out.value);
                  done(std::move(out));
                });
}

template <typename Response, typename Message>
void call(net::GrpcChannel& channel, const char* path, const Message& request, Duration timeout, Done<Nothing> done) {
  call<Response, Nothing>(channel, path, request, timeout, std::move(done), [](const Response&, Nothing&) {});
}

template <typename Map>
void fill(Map& to, const StringMap& from) {
  for (const auto& [key, value] : from) to[key] = value;
}

// Of VolumeCapability.
template <typename Capability>
void fill_capability(Capability& to, const workloads::CsiCapability& from) {
  to.mutable_access_mode()->set_mode(static_cast<int>(from.mode));
  if (from.block) {
    to.mutable_block();
    return;
  }
  to.mutable_mount()->set_fs_type(from.fs_type);
  for (const std::string& flag : from.mount_flags) to.mutable_mount()->add_mount_flags(flag);
}

}  // namespace plinth::csi

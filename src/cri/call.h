// Typed calls over a channel. For .cpp files of cri only.
#pragma once

#include <google/protobuf/message_lite.h>

#include "net/grpc/grpc.h"
#include "node/runtime/runtime.h"

namespace plinth::cri {

// As the kubelet's runtimeRequestTimeout.
constexpr Duration kCallTimeout = std::chrono::minutes(2);

// Sends `request` to `path`; `convert` makes the answer's value from the message, or from nothing for Result<void>.
template <typename Response, typename T, typename Convert>
void call(net::GrpcChannel& channel, std::string path, const google::protobuf::MessageLite& request, Duration timeout,
          node::Done<T> done, Convert convert) {
  net::GrpcCallOptions options;
  options.timeout = timeout;
  channel.unary(std::move(path), request.SerializeAsString(), std::move(options),
                [done = std::move(done), convert = std::move(convert)](net::GrpcReply reply) {
                  if (!reply.status.ok()) return done(net::to_error(reply.status));
                  Response response;
                  if (!response.ParseFromString(reply.message)) return done(internal_error("the runtime's answer is damaged"));
                  if constexpr (std::is_void_v<T>) {
                    convert(response);
                    done(Result<void>());
                  } else {
                    done(Result<T>(convert(response)));
                  }
                });
}

}  // namespace plinth::cri

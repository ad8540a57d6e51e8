// Attach and exec through the address that a CRI runtime gives out for one use: SPDY/3.1, protocol v4.channel.k8s.io, as
// kubelets do for their clients. For .cpp files of cri only.
//
// Each of input, output, error output, size of the terminal and the outcome is a stream of its own, so that the input can end
// before the rest.
#pragma once

#include <memory>
#include <string>

#include "base/world.h"
#include "node/runtime/runtime.h"

namespace plinth::cri {

struct StreamingUrl {
  std::string address;  // "127.0.0.1:41234"
  std::string target;   // "/attach/TOKEN"
};
// Of "http://host:port/path". BadRequest when it is something else.
Result<StreamingUrl> parse_streaming_url(const std::string& url);

struct StreamingParts {
  Loop* loop = nullptr;
  Network* network = nullptr;
};

// As the runtime was asked for: it waits for exactly these.
struct StreamingChannels {
  bool tty = false, input = false, output = false, error_output = false;
};

void open_streaming_url(StreamingParts parts, StreamingUrl url, StreamingChannels channels,
                        node::Done<std::unique_ptr<node::ProcessStream>> done);

// The exit code that the outcome's stream tells: a Status, or a text of an older runtime.
Result<std::int32_t> read_stream_outcome(std::string_view message);

}  // namespace plinth::cri

// Attach and exec through the address that a CRI runtime gives out for one use: WebSocket, protocol v4.channel.k8s.io. For .cpp
// files of cri only.
//
// Every message begins with the number of a channel: 0 input, 1 output, 2 error output, 3 how it ended, 4 size of the terminal. The
// protocol knows no end of one channel: the end of the input ends the whole stream, except in a terminal, where it is typed.
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
  Entropy* entropy = nullptr;
};

// `tty` is whether the process has a terminal.
void open_streaming_url(StreamingParts parts, StreamingUrl url, bool tty, node::Done<std::unique_ptr<node::ProcessStream>> done);

// The exit code that a message of channel 3 tells: a Status, or a text of an older runtime.
Result<std::int32_t> read_stream_outcome(std::string_view message);

}  // namespace plinth::cri

// exec and attach over SPDY/3.1: the client opens a stream for each of error, stdin, stdout, stderr and resize.
#pragma once

#include <span>

#include "net/spdy_session.h"
#include "server/streams/process_client.h"

namespace plinth::server {

// Values of X-Stream-Protocol-Version that are served.
std::span<const std::string_view> remote_command_versions();

std::unique_ptr<ProcessClient> make_spdy_process(std::shared_ptr<net::SpdySession> session, std::string_view version,
                                                 ProcessStreams streams);

}  // namespace plinth::server

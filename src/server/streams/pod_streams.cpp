#include "server/streams/pod_streams.h"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "net/websocket.h"
#include "net/websocket_stream.h"
#include "server/object_codec.h"
#include "server/resources/pod_log.h"
#include "server/status.h"
#include "server/streams/spdy_process.h"
#include "server/streams/subprotocol.h"
#include "server/streams/websocket_port_forward.h"
#include "server/streams/websocket_process.h"

namespace plinth::server {
namespace {

constexpr std::string_view kWebSocketProtocol = "sec-websocket-protocol";

constexpr std::string_view kSpdyVersions = "x-stream-protocol-version";
constexpr std::array<std::string_view, 1> kForwardVersions = {"portforward.k8s.io"};
constexpr std::string_view kTunnel = "SPDY/3.1+portforward.k8s.io";
constexpr std::array<std::string_view, 3> kForwardSubprotocols = {kTunnel, "v4.channel.k8s.io", "v4.base64.channel.k8s.io"};
constexpr std::size_t kPortsMax = 100;  // of one request over a WebSocket's channels

// What is served of one subresource.
struct Served {
  std::span<const std::string_view> websocket, spdy;
};
Served served_of(std::string_view subresource) {
  if (subresource == "portforward") return {kForwardSubprotocols, kForwardVersions};
  return {channel_subprotocols(), remote_command_versions()};
}

// The protocol that the client and this server go on with; "" for a WebSocket that names none.
Result<std::string> negotiate(const net::HttpRequest& request, const Served& served) {
  if (net::wants_websocket(request)) {
    TRY(net::websocket_handshake(request));
    const auto offered = header_list(request.headers, kWebSocketProtocol);
    if (offered.empty()) return std::string();
    if (auto chosen = choose_subprotocol(offered, served.websocket)) return std::move(*chosen);
    return bad_request(fmt::format("{}: none of \"{}\" is served; these are: {}", kWebSocketProtocol, fmt::join(offered, ", "),
                                   fmt::join(served.websocket, ", ")));
  }
  if (!wants_spdy(request)) return bad_request("Upgrade request required");
  const auto offered = header_list(request.headers, kSpdyVersions);
  if (auto chosen = choose_subprotocol(offered, served.spdy)) return std::move(*chosen);
  return Error(Reason::kForbidden, fmt::format("{}: none of \"{}\" is served; these are: {}", kSpdyVersions,
                                               fmt::join(offered, ", "), fmt::join(served.spdy, ", ")));
}

// The step itself: the raw stream, after 101. Null when the client has left.
std::unique_ptr<Stream> upgrade(Exchange& exchange, bool websocket, const std::string& protocol, std::string& rest) {
  exchange.in_flight.reset();  // it lasts; what bounds it is the slot's own limit
  net::Headers headers;
  if (websocket) {
    auto answer = net::websocket_handshake(exchange.request);
    if (!answer.ok()) return nullptr;  // was looked at before
    headers = std::move(*answer);
    if (!protocol.empty()) headers.add(std::string(kWebSocketProtocol), protocol);
  } else {
    headers.add("upgrade", "SPDY/3.1");
    headers.add("connection", "Upgrade");
    headers.add(std::string(kSpdyVersions), protocol);
  }
  return exchange.responder->upgrade(std::move(headers), rest);
}

// Values of a parameter that may be repeated.
std::vector<std::string> all_values(const Query& query, std::string_view name) {
  std::vector<std::string> out;
  for (const std::string_view value : query.all(name)) out.emplace_back(value);
  return out;
}

// The ports parameter of a WebSocket's channels: numbers, repeated or with commas between.
Result<std::vector<std::uint16_t>> read_ports(const Query& query) {
  std::vector<std::uint16_t> out;
  for (const std::string& value : all_values(query, "ports")) {
    for (const std::string_view text : split(value, ',')) {
      const auto port = parse_integer<std::uint16_t>(text);
      if (!port || *port == 0) return bad_request(fmt::format("ports: \"{}\" is not a port", text));
      out.push_back(*port);
    }
  }
  if (out.empty()) return bad_request("ports: query parameter \"ports\" is required");
  if (out.size() > kPortsMax) return bad_request(fmt::format("ports: at most {} at once", kPortsMax));
  return out;
}

Result<Document> read_pod(ServerContext& context, const RequestInfo& info) {
  const ResolvedKind kind = context.registry->table()->find("", "v1", "pods");
  const store::RecordPtr record = context.store->snapshot()->get(object_key(*kind.row, info.name_space, info.name));
  if (record == nullptr) return not_found("", "pods", info.name);
  Document pod = TRY(decode_record(*record, type_header("", "v1", "Pod"), false));
  if (pod["spec"]["nodeName"].as_string().empty())
    return bad_request(fmt::format("pod {} does not have a host assigned", info.name));
  return pod;
}

Result<PodProcessQuery> read_process_query(const Exchange& exchange, const Document& pod) {
  const RequestInfo& info = exchange.info;
  PodProcessQuery out;
  out.name_space = info.name_space;
  out.pod = info.name;
  out.attach = info.subresource == "attach";
  out.streams.standard_input = query_flag(info.query, "stdin");
  out.streams.standard_output = query_flag(info.query, "stdout");
  out.streams.standard_error = query_flag(info.query, "stderr");
  out.streams.tty = query_flag(info.query, "tty");
  if (out.streams.tty) out.streams.standard_error = false;
  if (!out.streams.standard_input && !out.streams.standard_output && !out.streams.standard_error)
    return bad_request("you must specify at least 1 of stdin, stdout, stderr");
  if (!out.attach) out.command = all_values(info.query, "command");
  if (!out.attach && out.command.empty())
    return bad_request("command: you must specify at least one command for the container");
  out.container = TRY(choose_container(pod.root(), info.name, info.query.get("container")));
  return out;
}

}  // namespace

bool asks_for_pod_stream(const RequestInfo& info) {
  const bool names_one = info.subresource == "exec" || info.subresource == "attach" || info.subresource == "portforward";
  return names_one && info.group.empty() && info.version == "v1" && info.resource == "pods" && !info.name_space.empty() &&
         (info.method == "GET" || info.method == "POST");
}

void serve_pod_stream(ServerContext& context, NodeSlots* node, ExchangePtr exchange) {
  const RequestInfo& info = exchange->info;
  if (node == nullptr) {
    return exchange->fail(
        Error(Reason::kServiceUnavailable,
              fmt::format("the subresource pods/{} needs a node, and this server runs without one", info.subresource)));
  }
  auto pod = read_pod(context, info);
  if (!pod.ok()) return exchange->fail(pod.error());
  const bool forwards = info.subresource == "portforward";
  auto query = forwards ? Result<PodProcessQuery>(PodProcessQuery()) : read_process_query(*exchange, *pod);
  if (!query.ok()) return exchange->fail(query.error());
  auto protocol = negotiate(exchange->request, served_of(info.subresource));
  if (!protocol.ok()) return exchange->fail(protocol.error());
  if (forwards) {
    PodForwardQuery forward{info.name_space, info.name, {}};
    if (net::wants_websocket(exchange->request) && *protocol != kTunnel) {
      auto ports = read_ports(info.query);
      if (!ports.ok()) return exchange->fail(ports.error());
      forward.ports = std::move(*ports);
    }
    return node->serve_forward(std::move(forward), std::move(exchange));
  }
  node->serve_process(std::move(*query), std::move(exchange));
}

std::unique_ptr<ProcessClient> accept_process(Exchange& exchange, const ProcessStreams& streams) {
  auto protocol = negotiate(exchange.request, served_of(exchange.info.subresource));
  if (!protocol.ok()) return nullptr;  // was looked at before
  const bool websocket = net::wants_websocket(exchange.request);
  std::string rest;
  auto stream = upgrade(exchange, websocket, *protocol, rest);
  if (!stream) return nullptr;
  if (!websocket) return make_spdy_process(net::SpdySession::make(std::move(stream), std::move(rest)), *protocol, streams);
  return make_websocket_process(net::WebSocketConnection::make(std::move(stream), std::move(rest)), channel_protocol(*protocol),
                                streams);
}

std::unique_ptr<PortForwardClient> accept_port_forward(Exchange& exchange, const PodForwardQuery& query) {
  auto protocol = negotiate(exchange.request, served_of(exchange.info.subresource));
  if (!protocol.ok()) return nullptr;  // was looked at before
  const bool websocket = net::wants_websocket(exchange.request);
  std::string rest;
  auto stream = upgrade(exchange, websocket, *protocol, rest);
  if (!stream) return nullptr;
  if (websocket) {
    PeerInfo peer = stream->peer();
    if (!query.ports.empty()) {
      return make_websocket_port_forward(net::WebSocketConnection::make(std::move(stream), std::move(rest)),
                                         protocol->find("base64") != std::string::npos, std::move(peer), query.ports);
    }
    stream =
        net::make_websocket_stream(net::WebSocketConnection::make(std::move(stream), std::exchange(rest, {})), std::move(peer));
  }
  return make_spdy_port_forward(net::SpdySession::make(std::move(stream), std::move(rest)));
}

}  // namespace plinth::server

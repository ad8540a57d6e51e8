#include "csi/registrar.h"

#include <algorithm>

#include "node/volumes/pod_volumes.h"
#include "registration.pb.h"

namespace plinth::csi {
namespace {

namespace wire = ::pluginregistration;
constexpr Duration kTimeout = std::chrono::seconds(5);

net::GrpcCallOptions short_call() {
  net::GrpcCallOptions options;
  options.timeout = kTimeout;
  return options;
}

// Why it cannot be used; "" when it can.
std::string problem_of(const wire::PluginInfo& info) {
  if (info.type() != "CSIPlugin") return "plugins of type " + info.type() + " are not served here";
  if (info.name().empty()) return "the plugin gives no name";
  if (info.endpoint().empty() || info.endpoint().front() != '/')
    return "endpoint \"" + info.endpoint() + "\": an absolute path is needed";
  const bool supported =
      std::any_of(info.supported_versions().begin(), info.supported_versions().end(), [](const std::string& version) {
        return version.starts_with("1.") || version.starts_with("v1.") || version == "1" || version == "v1";
      });
  return supported ? "" : "none of its versions is version 1 of the storage interface";
}

}  // namespace

Registrar::~Registrar() {
  *alive_ = false;
  if (timer_ != 0) parts_.loop->cancel(timer_);
}

void Registrar::start() { look(); }

void Registrar::look() {
  node::HostFiles& files = *parts_.files;
  node::on_pool<std::vector<std::string>>(
      *parts_.loop, *parts_.pool, alive_,
      [&files, folder = folder_]() -> Result<std::vector<std::string>> {
        std::vector<std::string> out;
        if (!TRY(files.info(folder)).has_value()) TRY(files.make_directories(folder, 0750));
        for (const node::DirectoryEntry& entry : TRY(files.list(folder))) {
          if (entry.type == node::FileType::kSocket && out.size() < kSocketsMax) out.push_back(entry.name);
        }
        return out;
      },
      [this](Result<std::vector<std::string>> names) {
        if (names.ok()) take(*names);
        timer_ = parts_.loop->after(kLookEvery, [this] {
          timer_ = 0;
          look();
        });
      });
}

void Registrar::take(const std::vector<std::string>& names) {
  for (auto it = sockets_.begin(); it != sockets_.end();) {
    if (std::find(names.begin(), names.end(), it->first) != names.end()) {
      ++it;
      continue;
    }
    const Socket gone = std::move(it->second);
    it = sockets_.erase(it);
    if (!gone.driver.empty()) events_.vanished(gone.driver, gone.address);
  }
  for (const std::string& name : names) {
    Socket& socket = sockets_[name];
    if (socket.channel != nullptr) continue;
    socket.channel = net::make_grpc_channel(*parts_.loop, *parts_.network, *parts_.clock, "unix:" + folder_ + "/" + name);
    ask(name);
  }
}

void Registrar::ask(const std::string& name) {
  sockets_[name].channel->unary("/pluginregistration.Registration/GetInfo", "", short_call(),
                                [this, alive = alive_, name](net::GrpcReply reply) {
                                  if (*alive && sockets_.count(name) > 0) answered(name, reply);
                                });
}

void Registrar::answered(const std::string& name, const net::GrpcReply& reply) {
  Socket& socket = sockets_[name];
  wire::PluginInfo info;
  if (!reply.status.ok() || !info.ParseFromString(reply.message)) {
    // Asked again with the next look: a socket that nobody serves any more may be left.
    parts_.loop->post([this, alive = alive_, name] {
      if (*alive && sockets_.count(name) > 0) sockets_[name].channel.reset();
    });
    return;
  }
  if (const std::string problem = problem_of(info); !problem.empty()) {
    parts_.log.warning("a plugin is not registered", {{"socket", name}, {"error", problem}});
    return tell(socket, problem);
  }
  socket.driver = info.name();
  socket.address = "unix:" + info.endpoint();
  events_.appeared(socket.driver, socket.address);
}

void Registrar::registered(const std::string& driver, const std::string& error) {
  for (auto& [name, socket] : sockets_) {
    if (socket.driver == driver && !socket.told) tell(socket, error);
  }
}

void Registrar::tell(Socket& socket, const std::string& error) {
  socket.told = true;
  wire::RegistrationStatus status;
  status.set_plugin_registered(error.empty());
  status.set_error(error);
  socket.channel->unary("/pluginregistration.Registration/NotifyRegistrationStatus", status.SerializeAsString(), short_call(),
                        [](net::GrpcReply) {});
}

}  // namespace plinth::csi

#include "csi_driver/server.h"

#include "net/grpc/grpc.h"
#include "registration.pb.h"

namespace plinth::csi_driver {
namespace {

namespace wire = ::pluginregistration;
using net::GrpcCode;
using net::GrpcRequest;
using net::GrpcResponder;

class Server final : public DriverServer {
 public:
  Server(ServerParts parts, Context& context) : parts_(parts), context_(context) {}
  void drain(Task done) override {
    listener_->close();
    if (registration_listener_) registration_listener_->close();
    drained_ = std::move(done);
    tell_drained();
  }

  Result<void> open(const std::string& endpoint, const std::string& registration) {
    endpoint_path_ = endpoint.substr(std::string("unix:").size());
    driver_ = net::make_grpc_server(
        *parts_.loop, *parts_.clock,
        [this](GrpcRequest request, std::shared_ptr<GrpcResponder> to) { call(std::move(request), std::move(to)); });
    listener_ = TRY(listen(endpoint, *driver_));
    if (registration.empty()) return {};
    registrar_ =
        net::make_grpc_server(*parts_.loop, *parts_.clock,
                              [this](GrpcRequest request, std::shared_ptr<GrpcResponder> to) { register_call(request, *to); });
    registration_listener_ = TRY(listen(registration, *registrar_));
    return {};
  }

 private:
  Result<std::unique_ptr<Listener>> listen(const std::string& address, net::GrpcServer& server) {
    return parts_.network->listen(*parts_.loop, address, nullptr,
                                  [&server](std::unique_ptr<Stream> stream) { server.serve(std::move(stream)); });
  }

  // The answer is given even when the client has left: what was begun is finished.
  void call(GrpcRequest request, std::shared_ptr<GrpcResponder> to) {
    if (drained_) return to->finish({GrpcCode::kUnavailable, "the driver is ending"});
    // Answered whatever the pool is busy with: copies of large volumes are no reason to take it for dead.
    if (request.path == "/csi.v1.Identity/Probe") return finish(*to, answer(context_, request.path, request.message));
    auto queued = parts_.pool->run([this, request = std::move(request), to]() mutable {
      CallReply reply = answer(context_, request.path, request.message);
      parts_.loop->post([this, reply = std::move(reply), to = std::move(to)]() mutable {
        finish(*to, std::move(reply));
        --under_way_;
        tell_drained();
      });
    });
    if (!queued.ok()) return to->finish({GrpcCode::kUnavailable, "too many calls are under way: call again later"});
    ++under_way_;
  }

  void tell_drained() {
    if (drained_ && under_way_ == 0) parts_.loop->post(std::move(drained_));
  }

  static void finish(GrpcResponder& to, CallReply reply) {
    if (reply.code == 0) to.send(std::move(reply.message));
    to.finish({static_cast<GrpcCode>(reply.code), std::move(reply.error)});
  }

  void register_call(const GrpcRequest& request, GrpcResponder& to) {
    std::string message;
    if (request.path == "/pluginregistration.Registration/GetInfo") {
      wire::PluginInfo info;
      info.set_type("CSIPlugin");
      info.set_name(std::string(kDriverName));
      info.set_endpoint(endpoint_path_);
      info.add_supported_versions("1.0.0");
      message = info.SerializeAsString();
    } else if (request.path != "/pluginregistration.Registration/NotifyRegistrationStatus") {
      return to.finish(net::unimplemented(request.path));
    }
    to.send(std::move(message));
    to.finish({});
  }

  ServerParts parts_;
  Context& context_;
  std::string endpoint_path_;
  std::unique_ptr<net::GrpcServer> driver_, registrar_;
  std::unique_ptr<Listener> listener_, registration_listener_;
  std::size_t under_way_ = 0;
  Task drained_;
};

}  // namespace

Result<std::unique_ptr<DriverServer>> serve_driver(ServerParts parts, Context& context, const std::string& endpoint,
                                                   const std::string& registration) {
  auto server = std::make_unique<Server>(parts, context);
  TRY(server->open(endpoint, registration));
  return std::unique_ptr<DriverServer>(std::move(server));
}

}  // namespace plinth::csi_driver

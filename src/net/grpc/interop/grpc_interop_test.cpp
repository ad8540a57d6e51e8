// Against gRPC's own C++ library, both ways, over a socket file. Built where the library is installed.
#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>

#include <doctest/doctest.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <stdlib.h>

#include "net/grpc/grpc.h"
#include "world_real/real_clock.h"
#include "world_real/real_network.h"
#include "world_real/test_loop.h"
#include "world_real/thread_pool.h"

namespace plinth::net {
namespace {

grpc::ByteBuffer to_buffer(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}
std::string to_text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string out;
  if (buffer.Dump(&slices).ok()) {
    for (const auto& slice : slices) out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return out;
}

struct Folder {
  Folder() { REQUIRE(mkdtemp(path) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string address() const { return std::string("unix:") + path + "/s"; }
  char path[32] = "/tmp/plinth-grpc-XXXXXX";
};

// Answers each call by its path, as the test of our own server does.
class Reactor final : public grpc::ServerGenericBidiReactor {
 public:
  Reactor(std::string path, std::atomic<int>* cancelled) : path_(std::move(path)), cancelled_(cancelled) {
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    const std::string text = to_text(request_);
    if (path_ == "/t/Fail") return Finish(grpc::Status(grpc::StatusCode::ABORTED, text));
    if (path_ == "/t/Hang") return;
    if (path_ == "/t/None") return Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, ""));
    left_ = path_ == "/t/Count" ? std::stoi(text) : 1;
    reply_ = path_ == "/t/Count" ? std::string(1000, 'x') : text;
    write_next();
  }
  void OnWriteDone(bool ok) override {
    if (ok)
      write_next();
    else
      Finish(grpc::Status::CANCELLED);
  }
  void OnCancel() override {
    if (path_ != "/t/Hang") return;
    ++*cancelled_;
    Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  void write_next() {
    if (left_-- == 0) return Finish(grpc::Status::OK);
    response_ = to_buffer(reply_);
    StartWrite(&response_);
  }
  std::string path_, reply_;
  std::atomic<int>* cancelled_;
  grpc::ByteBuffer request_, response_;
  int left_ = 0;
};

class Service final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return new Reactor(context->method(), &cancelled);
  }
  std::atomic<int> cancelled{0};
};

TEST_CASE("our client, gRPC's server") {
  const Folder folder;
  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(folder.address(), grpc::InsecureServerCredentials());
  builder.RegisterCallbackGenericService(&service);
  builder.SetMaxReceiveMessageSize(16 << 20);
  const auto server = builder.BuildAndStart();
  REQUIRE(server != nullptr);
  world_real::ThreadPool pool(1, 8);
  world_real::RealNetwork network(pool);
  world_real::RealClock clock;
  auto loop = std::move(world_real::EpollLoop::create()).value();
  auto channel = make_grpc_channel(*loop, network, clock, folder.address());
  const auto call = [&](const std::string& path, const std::string& message, Duration timeout = std::chrono::minutes(1)) {
    std::optional<GrpcReply> reply;
    GrpcCallOptions options;
    options.timeout = timeout;
    channel->unary(path, message, options, [&](GrpcReply r) { reply = std::move(r); });
    REQUIRE(world_real::poll_until(*loop, [&] { return reply.has_value(); }));
    return std::move(*reply);
  };
  CHECK(call("/t/Echo", "hello").message == "hello");
  CHECK(call("/t/Echo", "").status.ok());
  const std::string large(9'000'000, 'q');
  CHECK((call("/t/Echo", large).message == large));
  const GrpcReply failed = call("/t/Fail", "50% \xC3\xA4\n");
  CHECK((failed.status.code == GrpcCode::kAborted));
  CHECK(failed.status.message == "50% \xC3\xA4\n");
  CHECK((call("/t/None", "").status.code == GrpcCode::kUnimplemented));
  CHECK((call("/t/Hang", "", std::chrono::milliseconds(200)).status.code == GrpcCode::kDeadlineExceeded));
  CHECK(world_real::poll_until(*loop, [&] { return service.cancelled == 1; }));
  std::size_t messages = 0;
  std::optional<GrpcStatus> ended;
  channel->stream(
      "/t/Count", "3000", {}, [&](std::string) { ++messages; }, [&](GrpcStatus s) { ended = std::move(s); });
  CHECK(world_real::poll_until(*loop, [&] { return ended.has_value(); }));
  CHECK(ended->ok());
  CHECK(messages == 3000);
  auto cancel = channel->unary("/t/Hang", "", {}, [](GrpcReply) {});
  CHECK(call("/t/Echo", "between").status.ok());
  cancel();
  CHECK(world_real::poll_until(*loop, [&] { return service.cancelled == 2; }));
  server->Shutdown(std::chrono::system_clock::now());
  CHECK((call("/t/Echo", "x").status.code == GrpcCode::kUnavailable));
  channel.reset();
}

TEST_CASE("gRPC's client, our server") {
  const Folder folder;
  auto loop = std::move(world_real::EpollLoop::create()).value();
  world_real::ThreadPool pool(1, 8);
  world_real::RealNetwork network(pool);
  world_real::RealClock clock;
  std::vector<std::shared_ptr<GrpcResponder>> hung;
  std::atomic<int> cancelled{0};
  auto server = make_grpc_server(*loop, clock, [&](GrpcRequest request, std::shared_ptr<GrpcResponder> responder) {
    if (request.path == "/t/Hang") {
      responder->on_cancelled([&] { ++cancelled; });
      hung.push_back(std::move(responder));
      return;
    }
    if (request.path == "/t/Fail") return responder->finish({GrpcCode::kAborted, request.message});
    if (request.path == "/t/None") return responder->finish(unimplemented(request.path));
    responder->send(std::move(request.message));
    responder->finish({});
  });
  auto listener =
      network.listen(*loop, folder.address(), nullptr, [&](std::unique_ptr<Stream> s) { server->serve(std::move(s)); }).value();
  std::atomic<bool> finished{false};
  std::thread client([&] {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(16 << 20);
    grpc::GenericStub stub(grpc::CreateCustomChannel(folder.address(), grpc::InsecureChannelCredentials(), arguments));
    const auto call = [&](const std::string& path, const std::string& message, std::chrono::milliseconds timeout,
                          std::string* reply) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + timeout);
      grpc::CompletionQueue queue;
      const auto rpc = stub.PrepareUnaryCall(&context, path, to_buffer(message), &queue);
      grpc::ByteBuffer response;
      grpc::Status status;
      rpc->StartCall();
      rpc->Finish(&response, &status, nullptr);
      void* tag = nullptr;
      bool ok = false;
      queue.Next(&tag, &ok);
      if (reply != nullptr) *reply = to_text(response);
      return status;
    };
    const std::chrono::seconds patience(20);
    std::string reply;
    CHECK(call("/t/Echo", "hello", patience, &reply).ok());
    CHECK(reply == "hello");
    const std::string large(4'000'000, 'w');
    CHECK(call("/t/Echo", large, patience, &reply).ok());
    CHECK((reply == large));
    const grpc::Status failed = call("/t/Fail", "50% \xC3\xA4\n", patience, nullptr);
    CHECK(failed.error_code() == grpc::StatusCode::ABORTED);
    CHECK(failed.error_message() == "50% \xC3\xA4\n");
    CHECK(call("/t/None", "", patience, nullptr).error_code() == grpc::StatusCode::UNIMPLEMENTED);
    CHECK(call("/t/Hang", "", std::chrono::milliseconds(200), nullptr).error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
    CHECK(call("/t/Echo", std::string(5'000'000, 'w'), patience, nullptr).error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
    CHECK(call("/t/Echo", "after", patience, &reply).ok());
    finished = true;
  });
  CHECK(world_real::poll_until(
      *loop, [&] { return finished.load(); }, std::chrono::seconds(120)));
  client.join();
  CHECK(world_real::poll_until(*loop, [&] { return cancelled == 1; }));
  hung.clear();
  listener.reset();
  server.reset();
}

}  // namespace
}  // namespace plinth::net

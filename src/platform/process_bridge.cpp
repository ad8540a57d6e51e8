#include "platform/process_bridge.h"

#include <fmt/format.h>

#include "server/status.h"
#include "server/streams/pod_streams.h"

namespace plinth::platform {
namespace {

// Bytes that one side has handed over and the other has not yet passed on; past it, the side is paused.
constexpr std::size_t kOnTheWayMax = 256 * 1024;

// The members under "I/O" belong to the exchange's loop, those under "node" to the node's.
class ProcessBridge final : public LiveStream,
                            private server::ProcessClientEvents,
                            private node::ProcessEvents,
                            public std::enable_shared_from_this<ProcessBridge> {
 public:
  ProcessBridge(node::NodeAgent& agent, LiveStreams& live, server::PodProcessQuery query, server::ExchangePtr exchange)
      : agent_(agent),
        live_(live),
        query_(std::move(query)),
        io_(exchange->loop()),
        node_(agent.loop()),
        exchange_(std::move(exchange)) {}

  void find() {
    on_node([](ProcessBridge& self) {
      auto place = self.agent_.find_container(self.query_.name_space, self.query_.pod, self.query_.container);
      if (place.ok()) self.container_id_ = place->container_id;
      self.on_io([found = std::make_shared<Result<node::ContainerPlace>>(std::move(place))](ProcessBridge& bridge) {
        if (found->ok()) return bridge.accept();
        bridge.exchange_->fail(found->error());
        bridge.exchange_.reset();
        bridge.forget();
      });
    });
  }

  void drop() override {
    client_.reset();
    process_.reset();
    exchange_.reset();
  }

 private:
  template <typename Work>
  void on_io(Work work) {
    io_.post([self = shared_from_this(), work = std::move(work)] { work(*self); });
  }
  template <typename Work>
  void on_node(Work work) {
    node_.post([self = shared_from_this(), work = std::move(work)] { work(*self); });
  }

  // --- I/O ---

  void accept() {
    client_ = server::accept_process(*exchange_, query_.streams);
    exchange_.reset();
    if (!client_) return forget();
    client_->start(this);
  }

  void on_ready() override {
    on_node([](ProcessBridge& self) { self.open(); });
  }

  void on_input(std::string_view bytes) override {
    input_on_the_way_ += bytes.size();
    if (input_on_the_way_ > kOnTheWayMax) client_->pause_input(true);
    on_node([text = std::string(bytes)](ProcessBridge& self) { self.take_input(text); });
  }
  void input_passed_on(std::size_t bytes) {
    input_on_the_way_ -= bytes;
    if (client_ && input_on_the_way_ <= kOnTheWayMax / 2) client_->pause_input(false);
  }
  void on_input_end() override {
    on_node([](ProcessBridge& self) {
      self.input_ended_ = true;
      if (self.process_) self.process_->close_input();
    });
  }
  void on_resize(std::uint16_t width, std::uint16_t height) override {
    on_node([width, height](ProcessBridge& self) {
      self.size_ = {width, height};
      if (self.process_) self.process_->resize(width, height);
    });
  }

  void write(SharedBytes bytes, bool error_output) {
    if (!client_) return;
    unsent_ += bytes.size();
    if (error_output)
      client_->write_error_output(std::move(bytes));
    else
      client_->write_output(std::move(bytes));
    if (client_->queued_bytes() == 0) on_drained();
  }
  void on_drained() override {
    if (unsent_ == 0) return;
    on_node([bytes = std::exchange(unsent_, 0)](ProcessBridge& self) { self.output_passed_on(bytes); });
  }

  void finish(const Result<std::int32_t>& end) {
    if (client_) client_->finish(end.ok() ? Result<std::int32_t>(*end) : Result<std::int32_t>(end.error().clone()));
    client_.reset();
    forget();
  }
  void on_gone() override {
    const auto self = shared_from_this();
    client_.reset();
    forget();
    on_node([](ProcessBridge& bridge) {
      bridge.abandoned_ = true;
      bridge.process_.reset();
    });
  }
  void forget() { live_.remove(shared_from_this()); }

  // --- Node ---

  void open() {
    if (abandoned_) return;
    auto opened = [self = shared_from_this()](Result<std::unique_ptr<node::ProcessStream>> process) {
      self->opened(std::move(process));
    };
    const server::ProcessStreams& wants = query_.streams;
    if (query_.attach) {
      agent_.runtime().attach({container_id_, wants.tty, wants.standard_input, wants.standard_output, wants.standard_error},
                              std::move(opened));
    } else {
      agent_.runtime().exec(
          {container_id_, query_.command, wants.tty, wants.standard_input, wants.standard_output, wants.standard_error},
          std::move(opened));
    }
  }

  void opened(Result<std::unique_ptr<node::ProcessStream>> process) {
    if (abandoned_) return;
    if (!process.ok()) {
      return end(internal_error(fmt::format("error {} container: {}", query_.attach ? "attaching to" : "executing command in",
                                            process.error().message())));
    }
    process_ = std::move(*process);
    process_->start(this);
    if (size_.width != 0 || size_.height != 0) process_->resize(size_.width, size_.height);
    if (!early_input_.empty()) {
      const std::string text = std::exchange(early_input_, {});
      take_input(text);
    }
    if (input_ended_) process_->close_input();
  }

  void take_input(const std::string& text) {
    if (!process_) {
      early_input_ += text;  // the client is paused before this is much
      return;
    }
    process_->write_input(text);
    input_written_ += text.size();
    if (process_->queued_input_bytes() <= kOnTheWayMax) on_input_drained();
  }
  void on_input_drained() override {
    if (input_written_ == 0) return;
    on_io([bytes = std::exchange(input_written_, 0)](ProcessBridge& self) { self.input_passed_on(bytes); });
  }

  void on_output(std::string_view bytes) override { send(bytes, false); }
  void on_error_output(std::string_view bytes) override { send(bytes, true); }
  void send(std::string_view bytes, bool error_output) {
    output_on_the_way_ += bytes.size();
    if (output_on_the_way_ > kOnTheWayMax) process_->pause_output(true);
    on_io([shared = SharedBytes(std::string(bytes)), error_output](ProcessBridge& self) { self.write(shared, error_output); });
  }
  void output_passed_on(std::size_t bytes) {
    output_on_the_way_ -= bytes;
    if (process_ && output_on_the_way_ <= kOnTheWayMax / 2) process_->pause_output(false);
  }

  void on_end(Result<std::int32_t> exit_code) override { end(std::move(exit_code)); }
  void end(Result<std::int32_t> exit_code) {
    const auto self = shared_from_this();
    process_.reset();
    on_io(
        [told = std::make_shared<Result<std::int32_t>>(std::move(exit_code))](ProcessBridge& bridge) { bridge.finish(*told); });
  }

  node::NodeAgent& agent_;
  LiveStreams& live_;
  const server::PodProcessQuery query_;
  Loop& io_;
  Loop& node_;
  // I/O
  server::ExchangePtr exchange_;
  std::unique_ptr<server::ProcessClient> client_;
  std::size_t input_on_the_way_ = 0, unsent_ = 0;
  // node
  std::string container_id_;
  std::unique_ptr<node::ProcessStream> process_;
  std::string early_input_;
  server::TerminalSize size_;
  std::size_t output_on_the_way_ = 0, input_written_ = 0;
  bool input_ended_ = false, abandoned_ = false;
};

}  // namespace

void serve_process(node::NodeAgent& agent, LiveStreams& live, server::PodProcessQuery query, server::ExchangePtr exchange) {
  auto bridge = std::make_shared<ProcessBridge>(agent, live, std::move(query), exchange);
  if (!live.add(bridge))
    return exchange->fail(server::too_many_requests("too many commands and ports are streamed at once, try again later", 1));
  bridge->find();
}

}  // namespace plinth::platform

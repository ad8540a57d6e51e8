#include "cli/remote/api_client.h"

#include <csignal>

#include "base/json.h"
#include "client/remote_transport.h"
#include "net/tls_network.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_network.h"
#include "world_real/thread_pool.h"

namespace plinth::cli {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(100);

class Client final : public ApiClient {
 public:
  ~Client() override {
    server_.reset();
    network_.reset();
    tcp_.reset();
    resolver_.reset();
  }

  Result<void> open(ChosenCluster cluster) {
    std::signal(SIGPIPE, SIG_IGN);
    loop_ = TRY(world_real::EpollLoop::create());
    constexpr std::size_t kResolverThreads = 1, kResolverQueue = 64;
    resolver_ = std::make_unique<world_real::ThreadPool>(kResolverThreads, kResolverQueue);
    tcp_ = std::make_unique<world_real::RealNetwork>(*resolver_);
    network_ = net::make_tls_network(*tcp_);
    url_ = (cluster.config.tls ? "https://" : "http://") + cluster.config.address;
    name_space_ = cluster.name_space;
    server_ = TRY(client::RemoteServer::make(std::move(cluster.config), *loop_, *network_, clock_));
    return {};
  }

  Result<client::Response> call(const client::Request& request) override { return std::move(call_all({request}).front()); }

  std::vector<Result<client::Response>> call_all(const std::vector<client::Request>& requests) override {
    std::vector<Result<client::Response>> answers;
    for (std::size_t i = 0; i < requests.size(); ++i) answers.emplace_back(internal_error("no answer"));
    std::size_t next = 0, done = 0, under_way = 0;
    while (done < requests.size()) {
      for (; next < requests.size() && under_way < kCallsAtOnce; ++next, ++under_way) {
        server_->send(requests[next], "", [&, at = next](Result<client::Response> response) {
          --under_way;
          ++done;
          answers[at] = checked(std::move(response));
        });
      }
      loop_->poll(kPoll);
    }
    return answers;
  }

  Result<Document> get(const std::string& target, const std::string& accept) override {
    bool done = false;
    Result<client::Response> answer = internal_error("no answer");
    server_->get(target, accept.empty() ? "application/json" : accept, [&](Result<client::Response> response) {
      answer = checked(std::move(response));
      done = true;
    });
    while (!done) loop_->poll(kPoll);
    const client::Response response = TRY(std::move(answer));
    return parse_json(response.body);
  }

  void sleep(Duration time) override {
    bool over = false;
    loop_->after(time, [&] { over = true; });
    while (!over) loop_->poll(kPoll);
  }

  const std::string& server_url() const override { return url_; }
  const std::string& name_space() const override { return name_space_; }

 private:
  Result<client::Response> checked(Result<client::Response> response) const {
    if (!response.ok()) {
      return Error(response.error().reason(), "no answer from " + url_ + ": " + response.error().message() +
                                                  "; is it running, and is this the right kubeconfig?");
    }
    TRY(client::check_response(*response));
    return response;
  }

  world_real::RealClock clock_;
  std::unique_ptr<world_real::EpollLoop> loop_;
  std::unique_ptr<world_real::ThreadPool> resolver_;
  std::unique_ptr<world_real::RealNetwork> tcp_;
  std::unique_ptr<Network> network_;
  std::shared_ptr<client::RemoteServer> server_;
  std::string url_, name_space_;
};

}  // namespace

Result<std::unique_ptr<ApiClient>> ApiClient::open(const Arguments& arguments) {
  ChosenCluster cluster = TRY(choose_cluster(arguments));
  auto client = std::make_unique<Client>();
  TRY(client->open(std::move(cluster)));
  return std::unique_ptr<ApiClient>(std::move(client));
}

}  // namespace plinth::cli

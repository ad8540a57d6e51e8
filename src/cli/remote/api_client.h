// Requests to a cluster, one command at a time: calls wait for their answers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "cli/kubeconfig_file.h"
#include "client/transport.h"

namespace plinth::cli {

class ApiClient {
 public:
  static Result<std::unique_ptr<ApiClient>> open(const Arguments& arguments);
  virtual ~ApiClient() = default;

  // An answer that is a failure Status is an error, with its message.
  virtual Result<client::Response> call(const client::Request& request) = 0;
  // At most kCallsAtOnce of them are under way; answers are in the order of the requests.
  virtual std::vector<Result<client::Response>> call_all(const std::vector<client::Request>& requests) = 0;
  // A GET; `accept` "": JSON.
  virtual Result<Document> get(const std::string& target, const std::string& accept = "") = 0;
  // Lets so much time pass.
  virtual void sleep(Duration time) = 0;

  virtual const std::string& server_url() const = 0;
  virtual const std::string& name_space() const = 0;  // of the context
  static constexpr std::size_t kCallsAtOnce = 16;
};

}  // namespace plinth::cli

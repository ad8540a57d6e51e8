// Makes and deletes the volumes of one driver: what workloads/csi/provision.h decides, carried out.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "client/cluster.h"
#include "client/controller.h"
#include "csi/csi_client.h"

namespace plinth::csi {

struct ProvisionerParts {
  Loop* loop = nullptr;
  Clock* clock = nullptr;
  std::unique_ptr<client::Cluster> cluster;  // its own view
  CsiClient* driver = nullptr;
  Logger log;
};

// On one loop. A claim or volume is looked at when it or what it depends on changes, and again with growing pauses after a failure.
class Provisioner final : private client::ClusterEvents {
 public:
  static constexpr Duration kPauseMin = std::chrono::seconds(1), kPauseMax = std::chrono::minutes(5);
  Provisioner(ProvisionerParts parts, workloads::CsiDriverInfo driver);
  ~Provisioner() override;
  void start(UniqueFunction<void(Result<void>)> done);

 private:
  struct Work {
    bool busy = false, again = false;
    int failures = 0;
    TimerId timer = 0;
  };
  void on_change(const client::Change& change, const client::View& view) override;
  void on_progress() override {}
  void on_reset() override { look_at_all(); }
  void look_at_all();
  // Keys: "claim/NAMESPACE/NAME", "volume/NAME".
  void look_at(const std::string& key);
  void look_at_claim(const std::string& key, const client::Object& claim);
  void look_at_volume(const std::string& key, const client::Object& volume);
  void create(const std::string& key, const client::Object& claim, workloads::CreateVolumeCall call);
  void created(const std::string& key, const client::Object& claim, const workloads::CreateVolumeCall& call,
               Reply<workloads::CreateVolumeAnswer> reply);
  void drop(const std::string& key, const client::Object& claim, const std::string& volume_id, const std::string& why);
  void reschedule(const std::string& key, const client::Object& claim, const std::string& why);
  void delete_volume(const std::string& key, const client::Object& volume, const workloads::DeleteVolumeCall& call);
  void tell(const client::Object& about, bool warning, std::string_view reason, const std::string& message);
  // Makes the requests one after the other, then ends the work on the key.
  void carry_out(const std::string& key, client::Plan plan);
  void finish(const std::string& key, bool ok);
  Result<StringMap> secrets(const std::optional<workloads::SecretReference>& reference);

  ProvisionerParts parts_;
  workloads::CsiDriverInfo driver_;
  std::unique_ptr<client::Transport> transport_;
  std::map<std::string, Work> work_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The values of a Secret; an error names it.
Result<StringMap> secret_values(const client::View& view, const workloads::SecretReference& reference);
// One request after the other; an optional one may fail. `done` on the transport's loop.
void run_requests(client::Transport& transport, std::shared_ptr<bool> alive, std::vector<client::Request> requests,
                  UniqueFunction<void(Result<void>)> done);

}  // namespace plinth::csi

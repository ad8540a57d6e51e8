// One of several processes leads: the one that holds a Lease (coordination.k8s.io/v1), with the record and the rules of
// client-go's leader election, so that its tools read it and its processes respect it.
#pragma once

#include <memory>
#include <string>

#include "base/world.h"
#include "client/transport.h"

namespace plinth::client {

struct LeaseElectionOptions {
  std::string name_space, name;
  std::string identity;  // of this process; no other may have it
  // client-go's defaults.
  Duration lease = std::chrono::seconds(15);     // another may take over a lease that was not renewed for so long
  Duration deadline = std::chrono::seconds(10);  // who could not renew for so long leads no more
  Duration retry = std::chrono::seconds(2);
};

class LeaseElectionEvents {
 public:
  virtual ~LeaseElectionEvents() = default;
  virtual void on_leading() = 0;
  // Not yet, and why: who holds it, or what went wrong. Told when that changes.
  virtual void on_waiting(const std::string& why) = 0;
  // Once, after on_leading(): another may lead from now on.
  virtual void on_lost(const std::string& why) = 0;
};

// Lives on the transport's loop.
class LeaseElection {
 public:
  LeaseElection(LeaseElectionOptions options, Transport& transport, Loop& loop, Clock& clock, LeaseElectionEvents& events)
      : options_(std::move(options)), transport_(transport), loop_(loop), clock_(clock), events_(events) {}
  ~LeaseElection() { *alive_ = false; }

  void start() { attempt(); }
  // Gives the lease back, so that the next one need not wait for its end. `done` runs in any case, at the latest when the
  // request times out.
  void stop(UniqueFunction<void()> done);
  bool leading() const { return leading_; }

 private:
  // The record as it was seen last.
  struct Seen {
    std::string holder, revision, acquired;
    std::int64_t transitions = 0, lease_ns = 0;
    std::int64_t since_ns = 0;  // by our own clock: those of others are not compared
    bool there = false;
  };
  void attempt();
  void look(const Response& response);
  void take();
  void took(Result<Response> response);
  void failed(const std::string& why);
  void again();
  void tell(const std::string& why);
  std::string path(bool object) const;
  std::string record(const std::string& holder, Duration lease, std::int64_t transitions, const std::string& acquired) const;

  const LeaseElectionOptions options_;
  Transport& transport_;
  Loop& loop_;
  Clock& clock_;
  LeaseElectionEvents& events_;
  Seen seen_;
  std::string acquired_;  // when we did, as the record has it
  std::int64_t renewed_ns_ = 0;
  std::string told_;
  bool leading_ = false, stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::client

// What is configured for flow control, parsed once for each revision of an object. The mandatory objects hold where they are
// not stored (any more).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/flow/flow_schema.h"
#include "server/parsed_records.h"

namespace plinth::server {

// A PriorityLevelConfiguration.
struct FlowLevel {
  std::string name, uid;
  bool exempt = false;
  std::int64_t shares = 0, lendable_percent = 0;
  std::optional<std::int64_t> borrowing_percent;
  bool queues = false;  // else what finds no seat is refused
  std::size_t waiting_max = 0, flow_waiting_max = 0;
};
using FlowLevelPtr = std::shared_ptr<const FlowLevel>;

// A schema whose priority level exists.
struct FlowRoute {
  FlowSchemaPtr schema;
  FlowLevelPtr level;
  std::shared_ptr<const FlowMarks> marks;
};

// One state of the configuration. Immutable, any thread.
struct FlowState {
  std::vector<FlowRoute> routes;  // in order of precedence, then name
  std::map<std::string, FlowLevelPtr> levels;
  // The last one matches everything, so there always is one.
  const FlowRoute& find(const auth::UserInfo& user, const RequestInfo& info) const;
};
using FlowStatePtr = std::shared_ptr<const FlowState>;

// Any thread.
class FlowBook {
 public:
  FlowBook();
  FlowStatePtr at(const store::Snapshot& snapshot);

 private:
  struct Parsed {
    FlowSchemaPtr schema;
    FlowLevelPtr level;
  };
  static Parsed parse(const Document& object, std::string uid);
  void rebuild();

  std::mutex mutex_;
  FlowStatePtr state_;
  ParsedRecords<Parsed> records_;
  std::map<std::string, Parsed> mandatory_;  // by key
};

}  // namespace plinth::server

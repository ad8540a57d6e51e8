// Which requests a FlowSchema is for, and what tells its flows apart (apiserver pkg/util/flowcontrol, rule.go).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "server/auth/user.h"
#include "server/request_info.h"

namespace plinth::server {

// What an answer says about the way of its request; shared by all requests of a schema.
struct FlowMarks {
  std::string schema_uid, level_uid;
};

class FlowSchema {
 public:
  FlowSchema(Document object, std::string uid);
  const std::string& name() const { return name_; }
  const std::string& uid() const { return uid_; }
  const std::string& level() const { return level_; }
  std::int64_t precedence() const { return precedence_; }
  bool matches(const auth::UserInfo& user, const RequestInfo& info) const;
  // Requests with the same text are one flow.
  std::string flow_of(const auth::UserInfo& user, const RequestInfo& info) const;

 private:
  Document object_;
  std::string name_, uid_, level_, distinguisher_;
  std::int64_t precedence_;
};
using FlowSchemaPtr = std::shared_ptr<const FlowSchema>;

}  // namespace plinth::server

#include "server/flow/flow_book.h"

#include <algorithm>
#include <tuple>

#include "api/strategies/flow_objects.h"
#include "base/json.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

constexpr std::string_view kPrefix = "/flowcontrol.apiserver.k8s.io/";
constexpr std::string_view kSchemas = "/flowcontrol.apiserver.k8s.io/flowschemas//";
constexpr std::string_view kLevels = "/flowcontrol.apiserver.k8s.io/prioritylevelconfigurations//";
constexpr std::int64_t kWaitingMax = 10'000;  // requests of one level, whatever its configuration says

FlowLevel level_of(const Document& object, std::string uid) {
  FlowLevel out;
  out.name = object["metadata"]["name"].as_string();
  out.uid = std::move(uid);
  out.exempt = object["spec"]["type"].as_string() == "Exempt";
  const Value part = object["spec"][out.exempt ? "exempt" : "limited"];
  out.shares = part["nominalConcurrencyShares"].as_int();
  out.lendable_percent = part["lendablePercent"].as_int();
  if (!part["borrowingLimitPercent"].is_null()) out.borrowing_percent = part["borrowingLimitPercent"].as_int();
  const Value queuing = part["limitResponse"]["queuing"];
  out.queues = queuing.is_object();
  // A flow is spread among `handSize` queues; together they hold no more than its share of what all queues hold.
  const std::int64_t length = std::min(queuing["queueLengthLimit"].as_int(), kWaitingMax);
  out.waiting_max = static_cast<std::size_t>(std::min(std::min(queuing["queues"].as_int(), kWaitingMax) * length, kWaitingMax));
  out.flow_waiting_max =
      static_cast<std::size_t>(std::min(std::min(queuing["handSize"].as_int(), kWaitingMax) * length, kWaitingMax));
  return out;
}

}  // namespace

const FlowRoute& FlowState::find(const auth::UserInfo& user, const RequestInfo& info) const {
  for (const FlowRoute& route : routes) {
    if (route.schema->matches(user, info)) return route;
  }
  return routes.back();
}

FlowBook::FlowBook() : records_(kPrefix) {
  for (const std::string_view text : api::mandatory_flow_objects()) {
    auto object = parse_json(text);
    if (!object.ok()) continue;
    const std::string_view prefix = (*object)["kind"].as_string() == "FlowSchema" ? kSchemas : kLevels;
    mandatory_[std::string(prefix) + std::string((*object)["metadata"]["name"].as_string())] = parse(*object, "");
  }
  rebuild();
}

FlowBook::Parsed FlowBook::parse(const Document& object, std::string uid) {
  Parsed out;
  if (object["spec"]["rules"].is_array() || object["spec"]["priorityLevelConfiguration"].is_object()) {
    out.schema = std::make_shared<const FlowSchema>(object, std::move(uid));
  } else {
    out.level = std::make_shared<const FlowLevel>(level_of(object, std::move(uid)));
  }
  return out;
}

void FlowBook::rebuild() {
  auto state = std::make_shared<FlowState>();
  std::map<std::string, Parsed> all = records_.by_key();
  all.insert(mandatory_.begin(), mandatory_.end());
  for (const auto& [key, parsed] : all) {
    if (parsed.level != nullptr) state->levels[parsed.level->name] = parsed.level;
  }
  for (const auto& [key, parsed] : all) {
    if (parsed.schema == nullptr) continue;
    const auto level = state->levels.find(parsed.schema->level());
    if (level == state->levels.end()) continue;
    state->routes.push_back(
        {parsed.schema, level->second, std::make_shared<const FlowMarks>(FlowMarks{parsed.schema->uid(), level->second->uid})});
  }
  // The mandatory "catch-all" goes last among those of its precedence.
  const auto rank = [](const FlowRoute& r) {
    return std::make_tuple(r.schema->precedence(), r.schema->name() == "catch-all", r.schema->name());
  };
  std::sort(state->routes.begin(), state->routes.end(),
            [&](const FlowRoute& a, const FlowRoute& b) { return rank(a) < rank(b); });
  state_ = std::move(state);
}

FlowStatePtr FlowBook::at(const store::Snapshot& snapshot) {
  std::lock_guard lock(mutex_);
  if (records_.covers(snapshot)) return state_;
  const auto read = [](const store::Record& record) {
    auto object = decode_record(record, "", false);
    return object.ok() ? parse(*object, std::string(record.uid())) : Parsed();
  };
  if (records_.follow(snapshot, read)) rebuild();
  return state_;
}

}  // namespace plinth::server

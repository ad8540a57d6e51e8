// A controller is a pure step: from a view and a key to a plan. The loop (reconcile_loop.h) does everything else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/cache.h"
#include "client/transport.h"

namespace plinth::client {

// A request of the plan before that failed.
struct Failure {
  std::string method, target;
  Reason reason = Reason::kNone;
  int code = 0;  // 0: no answer came
  std::string message;
};

// What a step may know besides the view.
struct StepContext {
  std::int64_t wall_ns = 0;
  // Of the key's last plan, so that a step can say on the object why it does not come further. After a plan that succeeds where
  // the one before had not, the key comes again without them.
  std::span<const Failure> failures;
};

// Requests to make, one after the other. The first that fails ends the plan; the key comes again later. A conflict or a missing
// object only means that the world moved on: the key comes again at once.
struct Plan {
  std::vector<Request> requests;
  // From this one on requests do not depend on each other: all of them are made, whichever fail.
  std::size_t independent_from = SIZE_MAX;
  // Looked at again after so long even if nothing changes.
  std::optional<std::int64_t> revisit_ns;
};

class Controller {
 public:
  virtual ~Controller() = default;
  // Also the name of its ServiceAccount and field manager.
  virtual std::string_view name() const = 0;
  // Keys to look at because of a change. Called for every change of every kind: cheap tests first.
  virtual void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const = 0;
  // Keys to look at after a start.
  virtual void initial_keys(const View& view, std::vector<std::string>& keys) const = 0;
  // No I/O, no clock, no ids; running it again on an unchanged view after its plan was carried out gives an empty plan.
  virtual Plan step(const View& view, const std::string& key, const StepContext& context) const = 0;
};

// Requests that plans are made of.
Request create_request(const Resource& resource, std::string_view name_space, const Value& object, std::string_view manager);
// DELETE under the condition that it is still this object (and, with `same_revision`, unchanged). `propagation` "" is the
// default.
Request delete_request(const Object& object, std::string_view propagation, bool same_revision);
// A JSON merge patch on the object (or a subresource of it), on condition of its uid and, when asked, its revision.
Request merge_patch_request(const Object& object, std::string_view subresource, Draft patch, bool same_revision,
                            std::string_view manager);
Request update_request(const Object& object, std::string_view subresource, const Value& new_object, std::string_view manager);
// A forced server-side apply; creates what is not there.
Request apply_request(const Resource& resource, std::string_view name_space, std::string_view name, const Value& configuration,
                      std::string_view manager);

// Goes on only if the server has no such object (of that uid), or no object of that kind ("" as namespace: in none).
Request check_absent(const Resource& resource, std::string_view name_space, std::string_view name, std::string_view uid);
Request check_empty(const Resource& resource, std::string_view name_space);
// Goes on only if the server still has this object, and it is not being deleted.
Request check_live(const Object& object);

// "ns/name" keys.
std::string make_key(std::string_view name_space, std::string_view name);
std::pair<std::string_view, std::string_view> split_key(std::string_view key);

}  // namespace plinth::client

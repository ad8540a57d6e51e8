// Admission: what may change or refuse a write between its decoding and its commit. Plugins are steps over a request; those
// that must ask somebody outside (webhooks) are a stage of their own, see webhooks.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "server/auth/user.h"
#include "server/context.h"
#include "server/kind_registry.h"
#include "store/store.h"

namespace plinth::server {

enum class Operation : std::uint8_t { kCreate, kUpdate, kDelete, kConnect };
std::string_view operation_name(Operation operation);  // "CREATE", ...

struct AdmissionRequest {
  Operation operation = Operation::kCreate;
  ResolvedKind kind;
  std::string name_space, name, subresource;
  auth::UserPtr user;
  bool dry_run = false;
  Document options;         // CreateOptions, DeleteOptions, ... as sent; null when there are none
  Document old_object;      // null for a creation
  Draft* object = nullptr;  // null for a deletion; mutating plugins may change it
  store::SnapshotPtr snapshot;

  // What must still hold when the write commits, and what it claims.
  std::vector<store::Precondition> preconditions;
  std::vector<store::Reservation> reservations;
  std::vector<std::string> warnings;
  // Set with a refusal: what is missing is being made by a controller, so that the same request may pass a moment later.
  bool is_awaited = false;

  // "pods" / "status" of the request, for rules and messages.
  std::string_view group() const { return kind.row->group; }
  std::string_view resource() const { return kind.row->plural; }
};

// A step. Errors refuse the request as they are (Forbidden with the plugin's words, mostly). Pure but for what `context` reads.
class AdmissionPlugin {
 public:
  virtual ~AdmissionPlugin() = default;
  virtual std::string_view name() const = 0;
  virtual Result<void> mutate(ServerContext& context, AdmissionRequest& request) const;
  // After the kind's strategy has prepared the object, before validation: what the server itself makes of it.
  virtual Result<void> prepare(ServerContext& context, AdmissionRequest& request) const;
  virtual Result<void> validate(ServerContext& context, AdmissionRequest& request) const;
};

// The built-in plugins in Kubernetes' order; quota is the last of the validating ones.
class AdmissionChain {
 public:
  explicit AdmissionChain(std::vector<std::unique_ptr<AdmissionPlugin>> plugins) : plugins_(std::move(plugins)) {}
  Result<void> mutate(ServerContext& context, AdmissionRequest& request) const;
  Result<void> prepare(ServerContext& context, AdmissionRequest& request) const;
  Result<void> validate(ServerContext& context, AdmissionRequest& request) const;

 private:
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins_;
};

// The plugins that are on by default, in order.
std::vector<std::unique_ptr<AdmissionPlugin>> default_admission_plugins();

// 403 `pods "x" is forbidden: <why>` about the request's object.
Error admission_forbidden(const AdmissionRequest& request, std::string_view why);

}  // namespace plinth::server

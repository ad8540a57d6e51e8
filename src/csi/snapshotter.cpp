#include "csi/snapshotter.h"

#include "workloads/csi/snapshot.h"
#include "workloads/snapshots/snapshot_objects.h"

namespace plinth::csi {
namespace {

using client::Object;
using client::View;

constexpr std::string_view kManager = "csi-snapshotter";

class Snapshotter final : public Role {
 public:
  Snapshotter(RoleParts parts, workloads::CsiDriverInfo driver) : parts_(std::move(parts)), driver_(std::move(driver)) {}
  std::string_view name() const override { return kManager; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    if (change.object.resource == workloads::contents_resource()) keys.push_back(change.object.name);
    if (change.object.resource == workloads::snapshot_classes_resource()) initial_keys(view, keys);
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(workloads::contents_resource(), "", [&](const Object& content) {
      if (content["spec"]["driver"].as_string() == driver_.name) keys.push_back(content.name);
      return true;
    });
  }

  RoleStep step(const std::shared_ptr<const View>& view, const std::string& key) override {
    RoleStep out;
    const auto content = view->get(workloads::contents_resource(), "", key);
    if (!content) return out;
    auto decision = workloads::decide_snapshot(*view, *content, driver_, kManager);
    if (const auto* refusal = std::get_if<workloads::Refusal>(&decision))
      refuse(*view, *content, refusal->message, out);
    else if (auto* plan = std::get_if<client::Plan>(&decision))
      out.plan = std::move(*plan);
    else if (auto* take = std::get_if<workloads::TakeSnapshot>(&decision))
      create(*view, *content, std::move(*take), out);
    else if (auto* find = std::get_if<workloads::FindSnapshot>(&decision))
      look_up(*view, *content, std::move(*find), out);
    else if (auto* gone = std::get_if<workloads::DeleteSnapshot>(&decision))
      remove(*view, *content, std::move(*gone), out);
    return out;
  }

 private:
  void refuse(const View& view, const Object& content, const std::string& message, RoleStep& out) const {
    const std::string_view reason = content.deleting() ? "SnapshotDeleteError" : "SnapshotCreationFailed";
    Teller(view, driver_.name, *parts_.clock, out.events).warn(content, reason, message);
    out.plan = workloads::snapshot_failed_plan(content, message, false, parts_.clock->wall_ns(), kManager);
    out.ok = false;
  }

  void create(const View& view, const Object& content, workloads::TakeSnapshot given, RoleStep& out) {
    auto secrets = secret_values(view, given.call.secrets);
    if (!secrets.ok()) return refuse(view, content, secrets.error().message(), out);
    out.plan = std::move(given.marks);
    out.call = [this, content, call = std::move(given.call),
                secrets = std::move(*secrets)](UniqueFunction<void(Outcome)> done) {
      parts_.driver->create_snapshot(call, secrets, [this, content, done = std::move(done)](Reply<SnapshotAnswer> reply) {
        if (reply.status.ok()) return done(taken(content, reply.value));
        const std::string source(content["spec"]["source"]["volumeHandle"].as_string());
        done(failed(content,
                    "Failed to check and update snapshot content: failed to take snapshot of the volume " + source + ": ",
                    reply.status));
      });
    };
  }

  void look_up(const View& view, const Object& content, workloads::FindSnapshot given, RoleStep& out) {
    auto secrets = secret_values(view, given.secrets);
    if (!secrets.ok()) return refuse(view, content, secrets.error().message(), out);
    out.call = [this, content, given = std::move(given), secrets = std::move(*secrets)](UniqueFunction<void(Outcome)> done) {
      if (!given.listed) {
        SnapshotAnswer answer;
        answer.id = given.handle;
        answer.created_ns = parts_.clock->wall_ns();
        answer.ready = true;
        return done(taken(content, answer));
      }
      parts_.driver->find_snapshot(given.handle, secrets, [this, content, done = std::move(done)](Reply<SnapshotAnswer> reply) {
        if (reply.status.ok()) return done(taken(content, reply.value));
        done(failed(content, "Failed to check and update snapshot content: failed to list snapshot: ", reply.status));
      });
    };
  }

  void remove(const View& view, const Object& content, workloads::DeleteSnapshot given, RoleStep& out) {
    auto secrets = secret_values(view, given.secrets);
    if (!secrets.ok()) return refuse(view, content, secrets.error().message(), out);
    out.call = [this, content, handle = given.handle, secrets = std::move(*secrets)](UniqueFunction<void(Outcome)> done) {
      parts_.driver->delete_snapshot(handle, secrets, [this, content, done = std::move(done)](Reply<Nothing> reply) {
        Outcome out;
        const auto view = parts_.view();
        const auto now = current(*view, content);
        if (reply.status.ok()) {
          if (now) out.plan = workloads::snapshot_deleted_plan(*now, kManager);
        } else {
          out.ok = false;
          const std::string why = "Failed to delete snapshot: " + net::to_error(reply.status).message();
          if (now) Teller(*view, driver_.name, *parts_.clock, out.events).warn(*now, "SnapshotDeleteError", why);
        }
        done(std::move(out));
      });
    };
  }

  Outcome taken(const Object& content, const SnapshotAnswer& answer) const {
    Outcome out;
    const auto view = parts_.view();
    const auto now = current(*view, content);
    if (!now) return out;
    if (answer.id.empty()) return failed(content, "", {net::GrpcCode::kInternal, "the driver gave no snapshot id"});
    out.plan = workloads::snapshot_taken_plan(*now, {answer.id, answer.created_ns, answer.size_bytes, answer.ready}, kManager);
    out.ok = answer.ready;  // asked again until it can be used
    return out;
  }

  Outcome failed(const Object& content, const std::string& what, const net::GrpcStatus& status) const {
    Outcome out;
    out.ok = false;
    const auto view = parts_.view();
    const auto now = current(*view, content);
    if (!now) return out;
    const std::string why = what + net::to_error(status).message();
    Teller(*view, driver_.name, *parts_.clock, out.events).warn(*now, "SnapshotCreationFailed", why);
    out.plan = workloads::snapshot_failed_plan(*now, why, !is_uncertain(status), parts_.clock->wall_ns(), kManager);
    return out;
  }

  static std::optional<Object> current(const View& view, const Object& content) {
    auto now = view.get(workloads::contents_resource(), "", content.name);
    return now && now->uid == content.uid ? std::move(now) : std::nullopt;
  }

  RoleParts parts_;
  workloads::CsiDriverInfo driver_;
};

}  // namespace

std::unique_ptr<Role> make_snapshotter(RoleParts parts, workloads::CsiDriverInfo driver) {
  return std::make_unique<Snapshotter>(std::move(parts), std::move(driver));
}

}  // namespace plinth::csi

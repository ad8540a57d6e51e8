#include "csi/attacher.h"

#include "workloads/csi/attach.h"
#include "workloads/volumes/claims.h"

namespace plinth::csi {
namespace {

using client::Object;
using client::View;

constexpr std::string_view kManager = "csi-attacher";
const client::Resource kAttachments{"storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", false};

class Attacher final : public Role {
 public:
  Attacher(RoleParts parts, workloads::CsiDriverInfo driver) : parts_(std::move(parts)), driver_(std::move(driver)) {}
  std::string_view name() const override { return kManager; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const client::Resource& resource = change.object.resource;
    if (resource == kAttachments) {
      if (change.object["spec"]["attacher"].as_string() != driver_.name) return;
      keys.push_back("attachment/" + change.object.name);
      const std::string_view volume = change.object["spec"]["source"]["persistentVolumeName"].as_string();
      if (change.deleted && !volume.empty()) keys.push_back("volume/" + std::string(volume));
    } else if (resource == workloads::volumes_resource()) {
      if (change.object.deleting()) keys.push_back("volume/" + change.object.name);
      attachments(view, change.object.name, keys);
    } else if (resource.is("storage.k8s.io", "csinodes")) {
      attachments(view, "", keys);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    attachments(view, "", keys);
    view.list(workloads::volumes_resource(), "", [&](const Object& volume) {
      if (volume.deleting()) keys.push_back("volume/" + volume.name);
      return true;
    });
  }

  RoleStep step(const std::shared_ptr<const View>& view, const std::string& key) override {
    const auto [kind, name] = client::split_key(key);
    RoleStep out;
    if (kind == "volume") {
      if (const auto volume = view->get(workloads::volumes_resource(), "", name))
        out.plan = workloads::released_volume_plan(*view, *volume, driver_, kManager);
      return out;
    }
    if (const auto attachment = view->get(kAttachments, "", name)) look_at(*view, *attachment, out);
    return out;
  }

 private:
  // Not settled ones of this driver; "" as volume: of all.
  void attachments(const View& view, const std::string& volume, std::vector<std::string>& keys) const {
    view.list(kAttachments, "", [&](const Object& attachment) {
      const Value spec = attachment["spec"];
      const bool is_it = volume.empty() || spec["source"]["persistentVolumeName"].as_string() == volume;
      if (is_it && spec["attacher"].as_string() == driver_.name) keys.push_back("attachment/" + attachment.name);
      return true;
    });
  }

  void look_at(const View& view, const Object& attachment, RoleStep& out) {
    auto decision = workloads::decide_attachment(view, attachment, driver_, kManager);
    if (const auto* refusal = std::get_if<workloads::Refusal>(&decision)) {
      out.plan = failure(attachment, refusal->message, 0);
      out.ok = false;
    } else if (auto* plan = std::get_if<client::Plan>(&decision)) {
      out.plan = std::move(*plan);
    } else if (const auto* publish = std::get_if<workloads::PublishCall>(&decision)) {
      attach(view, attachment, *publish, out);
    } else if (const auto* unpublish = std::get_if<workloads::UnpublishCall>(&decision)) {
      detach(view, attachment, *unpublish, out);
    }
  }

  void attach(const View& view, const Object& attachment, const workloads::PublishCall& given, RoleStep& out) {
    auto secrets = secret_values(view, given.secrets);
    if (!secrets.ok()) return refuse(attachment, secrets.error(), out);
    out.call = [this, attachment, given, secrets = std::move(*secrets)](UniqueFunction<void(Outcome)> done) {
      parts_.driver->controller_publish(given, secrets, [this, attachment, done = std::move(done)](Reply<StringMap> reply) {
        if (!reply.status.ok()) return done(failed(attachment, reply.status));
        Outcome out;
        if (const auto now = current(attachment)) out.plan = workloads::attached_plan(*now, reply.value, kManager);
        done(std::move(out));
      });
    };
  }

  void detach(const View& view, const Object& attachment, const workloads::UnpublishCall& given, RoleStep& out) {
    auto secrets = secret_values(view, given.secrets);
    if (!secrets.ok()) return refuse(attachment, secrets.error(), out);
    out.call = [this, attachment, given, secrets = std::move(*secrets)](UniqueFunction<void(Outcome)> done) {
      parts_.driver->controller_unpublish(given, secrets, [this, attachment, done = std::move(done)](Reply<Nothing> reply) {
        // A volume or node that the driver does not know (any more) is not attached.
        if (!reply.status.ok() && reply.status.code != net::GrpcCode::kNotFound) return done(failed(attachment, reply.status));
        Outcome out;
        if (const auto now = current(attachment)) out.plan = workloads::detached_plan(*now, driver_, kManager);
        done(std::move(out));
      });
    };
  }

  std::optional<Object> current(const Object& attachment) const {
    auto now = parts_.view()->get(kAttachments, "", attachment.name);
    return now && now->uid == attachment.uid ? std::move(now) : std::nullopt;
  }

  void refuse(const Object& attachment, const Error& error, RoleStep& out) const {
    out.plan = failure(attachment, error.message(), 0);
    out.ok = false;
  }

  Outcome failed(const Object& attachment, const net::GrpcStatus& status) const {
    Outcome out;
    out.ok = false;
    if (const auto now = current(attachment))
      out.plan = failure(*now, net::to_error(status).message(), static_cast<int>(status.code));
    return out;
  }

  // Told once for each message: its time is that of the first.
  client::Plan failure(const Object& attachment, const std::string& message, int code) const {
    const Value told = attachment["status"][attachment.deleting() ? "detachError" : "attachError"];
    if (told["message"].as_string() == message) return {};
    return workloads::attach_failed_plan(attachment, message, code, parts_.clock->wall_ns(), kManager);
  }

  RoleParts parts_;
  workloads::CsiDriverInfo driver_;
};

}  // namespace

std::unique_ptr<Role> make_attacher(RoleParts parts, workloads::CsiDriverInfo driver) {
  return std::make_unique<Attacher>(std::move(parts), std::move(driver));
}

}  // namespace plinth::csi

#include <fmt/format.h>

#include "base/time_text.h"
#include "node/pod/security.h"
#include "node/volumes/local_plugins.h"
#include "node/volumes/ownership.h"
#include "node/volumes/payload.h"
#include "node/volumes/pod_volumes.h"
#include "node/volumes/service_account_tokens.h"

namespace plinth::node {
namespace {

// "2026_01_02_03_04_05.1234567890"
std::string stamp_of(std::int64_t wall_ns, Entropy& entropy) {
  std::string stamp = format_rfc3339(wall_ns).substr(0, 19);
  for (char& c : stamp) {
    if (c == '-' || c == ':' || c == 'T') c = '_';
  }
  std::uint32_t random = 0;
  entropy.fill({reinterpret_cast<unsigned char*>(&random), sizeof(random)});
  return fmt::format("{}.{}", stamp, random);
}

class ContentPlugin final : public VolumePlugin {
 public:
  // `on_tmpfs`: what it holds must not reach a disk.
  ContentPlugin(const LocalPluginParts& parts, std::string_view name, std::string_view member, bool on_tmpfs,
                std::shared_ptr<ServiceAccountTokens> tokens)
      : parts_(parts), name_(name), member_(member), on_tmpfs_(on_tmpfs), tokens_(std::move(tokens)) {}
  ~ContentPlugin() override { *alive_ = false; }

  std::string_view name() const override { return name_; }
  bool serves(const Value& volume) const override { return volume[member_].is_object(); }
  bool follows_objects() const override { return true; }

  void set_up(VolumeRequest request, Done<VolumeReady> done) override {
    auto held = std::make_shared<VolumeRequest>(std::move(request));
    auto finish = std::make_shared<Done<VolumeReady>>(std::move(done));
    std::vector<TokenWish> wishes = tokens_wanted(held->volume);
    if (wishes.empty()) {
      // Never before the call returned.
      return parts_.loop->post([this, held, finish, alive = alive_] {
        if (*alive) write(*held, {}, std::move(*finish));
      });
    }
    tokens_->get(held->pod, std::move(wishes), [this, held, finish, alive = alive_](Result<Tokens> tokens) {
      if (!*alive) return;
      if (!tokens.ok()) {
        return (*finish)(Error(tokens.error().reason(), "failed to fetch token: " + tokens.error().message()));
      }
      write(*held, *tokens, std::move(*finish));
    });
  }

  void tear_down(std::string pod_uid, std::string directory, Done<void> done) override {
    tokens_->forget(pod_uid);
    HostFiles& files = *parts_.files;
    on_pool<void>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, directory = std::move(directory)] { return release_directory(files, directory); }, std::move(done));
  }

 private:
  void write(const VolumeRequest& request, const Tokens& tokens, Done<VolumeReady> done) {
    auto payload = make_payload(request, tokens);
    if (!payload.ok()) return done(std::move(payload).error());
    HostFiles& files = *parts_.files;
    on_pool<VolumeReady>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, payload = std::move(*payload), directory = request.directory, group = fs_group(*request.pod),
         on_tmpfs = on_tmpfs_, stamp = stamp_of(parts_.clock->wall_ns(), *parts_.entropy)]() -> Result<VolumeReady> {
          TRY(files.make_directories(directory, 0777));
          if (on_tmpfs && !TRY(files.is_mounted(directory))) {
            MountRequest mount;
            mount.source = mount.type = "tmpfs";
            mount.target = directory;
            TRY(files.mount(mount));
          }
          TRY(files.set_mode(directory, 0777));
          TRY(write_atomically(files, directory, payload, stamp, group));
          return VolumeReady{directory, true};
        },
        std::move(done));
  }

  LocalPluginParts parts_;
  std::string name_;
  std::string member_;
  bool on_tmpfs_;
  std::shared_ptr<ServiceAccountTokens> tokens_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::vector<std::unique_ptr<VolumePlugin>> make_content_plugins(const LocalPluginParts& parts) {
  auto tokens = std::make_shared<ServiceAccountTokens>(*parts.transport, *parts.clock);
  std::vector<std::unique_ptr<VolumePlugin>> out;
  out.push_back(std::make_unique<ContentPlugin>(parts, "kubernetes.io/configmap", "configMap", false, tokens));
  out.push_back(std::make_unique<ContentPlugin>(parts, "kubernetes.io/secret", "secret", true, tokens));
  out.push_back(std::make_unique<ContentPlugin>(parts, "kubernetes.io/downward-api", "downwardAPI", false, tokens));
  out.push_back(std::make_unique<ContentPlugin>(parts, "kubernetes.io/projected", "projected", true, tokens));
  return out;
}

}  // namespace plinth::node

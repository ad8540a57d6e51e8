#include "base/world.h"
#include "node/volumes/local_plugins.h"

namespace plinth::node {
namespace {

class ImageVolume final : public VolumePlugin {
 public:
  explicit ImageVolume(Loop& loop) : loop_(loop) {}
  ~ImageVolume() override { *alive_ = false; }
  std::string_view name() const override { return "kubernetes.io/image"; }
  bool serves(const Value& volume) const override { return volume["image"].is_object(); }

  void set_up(VolumeRequest, Done<VolumeReady> done) override {
    VolumeReady ready;
    ready.readonly = ready.image = true;
    later(std::move(done), std::move(ready));
  }

  void tear_down(std::string, std::string, Done<void> done) override { later(std::move(done), Result<void>()); }

 private:
  template <typename T, typename Outcome>
  void later(Done<T> done, Outcome outcome) {
    loop_.post([done = std::move(done), outcome = std::move(outcome), alive = alive_]() mutable {
      if (*alive) done(std::move(outcome));
    });
  }

  Loop& loop_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<VolumePlugin> make_image_plugin(const LocalPluginParts& parts) {
  return std::make_unique<ImageVolume>(*parts.loop);
}

}  // namespace plinth::node

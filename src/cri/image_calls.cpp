// Images of a CRI runtime.
#include "cri/cri_driver.h"

namespace plinth::cri {
namespace {

constexpr Duration kPullTimeout = std::chrono::minutes(30);

}  // namespace

void CriRuntime::image_status(std::string image, Done<std::optional<node::Image>> done) {
  wire::ImageStatusRequest request;
  request.mutable_image()->set_image(image);
  call<wire::ImageStatusResponse>(*channel_, image_path("ImageStatus"), request, kCallTimeout, std::move(done),
                                  [](const wire::ImageStatusResponse& r) {
                                    return r.has_image() ? std::optional<node::Image>(read(r.image())) : std::nullopt;
                                  });
}

void CriRuntime::list_images(Done<std::vector<node::Image>> done) {
  call<wire::ListImagesResponse>(*channel_, image_path("ListImages"), wire::ListImagesRequest(), kCallTimeout, std::move(done),
                                 [](const wire::ListImagesResponse& r) {
                                   std::vector<node::Image> out;
                                   for (const auto& image : r.images()) out.push_back(read(image));
                                   return out;
                                 });
}

void CriRuntime::pull_image(std::string image, node::ImageAuth auth, node::SandboxConfig sandbox, Done<std::string> done) {
  wire::PullImageRequest request;
  request.mutable_image()->set_image(image);
  fill(*request.mutable_auth(), auth);
  fill(*request.mutable_sandbox_config(), sandbox);
  call<wire::PullImageResponse>(*channel_, image_path("PullImage"), request, kPullTimeout, std::move(done),
                                [](const wire::PullImageResponse& r) { return r.image_ref(); });
}

void CriRuntime::remove_image(std::string image, Done<void> done) {
  wire::RemoveImageRequest request;
  request.mutable_image()->set_image(image);
  call<wire::Empty>(*channel_, image_path("RemoveImage"), request, kCallTimeout, gone_is_done(std::move(done)), kNothing);
}

void CriRuntime::image_filesystem(Done<node::FilesystemUsage> done) {
  call<wire::ImageFsInfoResponse>(*channel_, image_path("ImageFsInfo"), wire::ImageFsInfoRequest(), kCallTimeout,
                                  std::move(done), [](const wire::ImageFsInfoResponse& r) {
                                    return r.image_filesystems_size() > 0 ? read(r.image_filesystems(0))
                                                                          : node::FilesystemUsage();
                                  });
}

}  // namespace plinth::cri

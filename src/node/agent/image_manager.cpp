#include "node/agent/image_manager.h"

#include <fmt/format.h>

#include "api/strategies/pod_defaults.h"
#include "base/quoted.h"
#include "base/text.h"
#include "base/time_text.h"
#include "node/agent/event_recorder.h"
#include "node/agent/pull_secrets.h"

namespace plinth::node {

struct ImageManager::Wish {
  std::shared_ptr<const Pod> pod;
  std::string image, policy, key, field_path;
  SandboxConfig sandbox;
  std::vector<ImageAuth> auths;
  std::size_t auth = 0;
  std::int64_t asked_ns = 0, begun_ns = 0;
  std::optional<Image> present;
  std::function<void(ImageOutcome)> done;
};

bool is_image_name(std::string_view image) {
  if (image.empty() || image.front() == '/' || image.back() == '/' || image.back() == ':') return false;
  const std::string_view path = image.substr(0, image.find('@'));
  const std::size_t slash = path.rfind('/');
  const std::size_t tag = path.find(':', slash == std::string_view::npos ? 0 : slash);
  const std::string_view repository = path.substr(0, tag);
  const std::size_t first_slash = repository.find('/');
  for (std::size_t i = 0; i < repository.size(); ++i) {
    const char c = repository[i];
    const bool in_host = first_slash != std::string_view::npos && i < first_slash;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (in_host && c >= 'A' && c <= 'Z');
    if (!letter && c != '.' && c != '-' && c != '_' && c != '/' && !(in_host && (c == ':' || c == '[' || c == ']')))
      return false;
  }
  return repository.find("//") == std::string_view::npos;
}

void ImageManager::tell(const Wish& wish, bool warning, const char* reason, std::string message) {
  EventSubject subject;
  subject.name_space = wish.pod->name_space;
  subject.name = wish.pod->name;
  subject.uid = wish.pod->uid;
  subject.field_path = wish.field_path;
  parts_.events->record(subject, warning, reason, std::move(message));
}

void ImageManager::finish(const WishPtr& wish, ImageOutcome outcome) { wish->done(std::move(outcome)); }

void ImageManager::ensure(std::shared_ptr<const Pod> pod, ImageAsk ask, SandboxConfig sandbox,
                          std::function<void(ImageOutcome)> done) {
  auto wish = std::make_shared<Wish>();
  wish->image = std::move(ask.image);
  wish->field_path = std::move(ask.field_path);
  wish->policy = std::move(ask.policy);
  if (wish->policy.empty()) wish->policy = api::is_latest_image(wish->image) ? "Always" : "IfNotPresent";
  wish->key = pod->uid + "_" + wish->image;
  wish->pod = std::move(pod);
  wish->sandbox = std::move(sandbox);
  wish->asked_ns = parts_.clock->wall_ns();
  wish->done = std::move(done);
  if (!is_image_name(wish->image)) {
    std::string message = fmt::format(
        "Failed to apply default image tag {0}: couldn't parse image name {0}: invalid reference format", quoted(wish->image));
    tell(*wish, true, "InspectFailed", message);
    parts_.loop->post([this, wish, message, alive = alive_] {
      if (*alive) finish(wish, {false, {}, "", "InvalidImageName", message, parts_.clock->wall_ns() + kBackoffFirst});
    });
    return;
  }
  parts_.runtime->image_status(wish->image, [this, wish, alive = alive_](Result<std::optional<Image>> status) {
    if (!*alive) return;
    if (!status.ok()) {
      const std::string message = fmt::format("Failed to inspect image {}: {}", quoted(wish->image), status.error().message());
      tell(*wish, true, "InspectFailed", message);
      return finish(wish, {false, {}, "", "ImageInspectError", message, parts_.clock->wall_ns() + kBackoffFirst});
    }
    wish->present = std::move(*status);
    decide(wish);
  });
}

void ImageManager::decide(const WishPtr& wish) {
  const std::int64_t now = parts_.clock->wall_ns();
  if (wish->present && wish->policy != "Always") {
    tell(*wish, false, "Pulled",
         fmt::format("Container image {} already present on machine and can be accessed by the pod", quoted(wish->image)));
    const std::string id = wish->present->id;
    return finish(wish, {true, *wish->present, id, "", "", 0});
  }
  if (wish->policy == "Never") {
    const std::string message = fmt::format("Container image {} is not present with pull policy of Never", quoted(wish->image));
    tell(*wish, true, "ErrImageNeverPull", message);
    return finish(wish, {false, {}, "", "ErrImageNeverPull", message, now + kBackoffFirst});
  }
  if (const auto backoff = backoffs_.find(wish->key); backoff != backoffs_.end() && backoff->second.until_ns > now) {
    tell(*wish, false, "BackOff", fmt::format("Back-off pulling image {}", quoted(wish->image)));
    const std::string message =
        fmt::format("Back-off pulling image {}: ErrImagePull: {}", quoted(wish->image), backoff->second.error);
    return finish(wish, {false, {}, "", "ImagePullBackOff", message, backoff->second.until_ns});
  }
  if (waiting_.size() >= kPullsWaitingMax)
    return finish(wish, {false, {}, "", "ErrImagePull", "too many image pulls are waiting", now + kBackoffFirst});
  tell(*wish, false, "Pulling", fmt::format("Pulling image {}", quoted(wish->image)));
  waiting_.push_back(wish);
  start_next_pull();
}

void ImageManager::start_next_pull() {
  while (pulling_ < kPullsMax && !waiting_.empty()) {
    const WishPtr wish = waiting_.front();
    waiting_.pop_front();
    ++pulling_;
    wish->begun_ns = parts_.clock->wall_ns();
    wish->auths = pull_auths(*wish->pod, wish->image, *parts_.view());
    try_auths(wish);
  }
}

// Each set of credentials that fits the image's registry, in order, until one is accepted.
void ImageManager::try_auths(const WishPtr& wish) {
  ImageAuth auth = wish->auth < wish->auths.size() ? wish->auths[wish->auth] : ImageAuth();
  parts_.runtime->pull_image(wish->image, std::move(auth), wish->sandbox,
                             [this, wish, alive = alive_](Result<std::string> ref) {
                               if (!*alive) return;
                               if (!ref.ok() && wish->auth + 1 < wish->auths.size()) {
                                 ++wish->auth;
                                 return try_auths(wish);
                               }
                               --pulling_;
                               if (ref.ok())
                                 pulled(wish, *ref);
                               else
                                 fail_pull(wish, ref.error());
                               start_next_pull();
                             });
}

void ImageManager::pulled(const WishPtr& wish, const std::string& ref) {
  backoffs_.erase(wish->key);
  parts_.runtime->image_status(ref, [this, wish, ref, alive = alive_](Result<std::optional<Image>> status) {
    if (!*alive) return;
    Image image;
    if (status.ok() && *status) image = std::move(**status);
    const auto rounded = [](std::int64_t ns) { return format_duration(Duration(ns / 1'000'000 * 1'000'000)); };
    const std::int64_t now = parts_.clock->wall_ns();
    tell(*wish, false, "Pulled",
         fmt::format("Successfully pulled image {} in {} ({} including waiting). Image size: {} bytes.", quoted(wish->image),
                     rounded(now - wish->begun_ns), rounded(now - wish->asked_ns), image.size_bytes));
    finish(wish, {true, std::move(image), ref, "", "", 0});
  });
}

void ImageManager::fail_pull(const WishPtr& wish, const Error& error) {
  const std::int64_t now = parts_.clock->wall_ns();
  Backoff& backoff = backoffs_[wish->key];
  backoff.delay_ns = backoff.delay_ns == 0 ? kBackoffFirst : std::min(2 * backoff.delay_ns, kBackoffMax);
  backoff.until_ns = now + backoff.delay_ns;
  backoff.error = error.message();
  tell(*wish, true, "Failed", fmt::format("Failed to pull image {}: {}", quoted(wish->image), error.message()));
  // Looked at once more before the back-off ends, which turns the reason into ImagePullBackOff.
  constexpr std::int64_t kSoon = 1'000'000'000;
  finish(wish, {false, {}, "", "ErrImagePull", error.message(), now + kSoon});
}

void ImageManager::forget(const std::string& pod_uid) {
  std::erase_if(backoffs_, [&](const auto& entry) { return entry.first.rfind(pod_uid + "_", 0) == 0; });
}

}  // namespace plinth::node

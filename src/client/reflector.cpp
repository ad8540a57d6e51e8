#include "client/reflector.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace plinth::client {
namespace {

std::uint64_t revision_of(const Value& object) {
  return parse_integer<std::uint64_t>(object["metadata"]["resourceVersion"].as_string()).value_or(0);
}

}  // namespace

Reflector::Reflector(std::shared_ptr<RemoteServer> server, Resource resource, ReflectorEvents& events)
    : Reflector(std::move(server), std::move(resource), events, Limits()) {}

Reflector::Reflector(std::shared_ptr<RemoteServer> server, Resource resource, ReflectorEvents& events, Limits limits)
    : server_(std::move(server)), resource_(std::move(resource)), events_(events), limits_(limits) {}

void Reflector::stop() {
  *alive_ = false;
  if (cancel_) std::exchange(cancel_, nullptr)();
}

// Items of a list come without their type.
Object Reflector::object_of(const Value& item) const {
  Draft draft;
  draft.root() = draft.clone(item);
  draft.set(draft.root(), "apiVersion", resource_.api_version());
  draft.set(draft.root(), "kind", resource_.kind);
  Object object;
  object.resource = resource_;
  const Value metadata = item["metadata"];
  object.name_space = metadata["namespace"].as_string();
  object.name = metadata["name"].as_string();
  object.uid = metadata["uid"].as_string();
  object.revision = revision_of(item);
  object.document = std::move(draft).finish();
  return object;
}

void Reflector::list(const std::string& continue_token) {
  if (continue_token.empty()) listed_.clear();
  Request request;
  request.method = "GET";
  request.target = object_path(resource_, "", "") + "?limit=" + std::to_string(limits_.page);
  if (!continue_token.empty()) request.target += "&continue=" + escape_query(continue_token);
  server_->send(request, "", [this, alive = alive_](Result<Response> response) {
    if (!*alive) return;
    if (!response.ok()) return again(true, response.error());
    take_page(std::move(*response));
  });
}

void Reflector::take_page(Response response) {
  const auto checked = check_response(response);
  if (!checked.ok()) return again(true, checked.error());
  auto page = parse_json(response.body);
  if (!page.ok()) return again(true, page.error());
  for (const Value& item : (*page)["items"].items()) listed_.push_back(object_of(item));
  const std::string more((*page)["metadata"]["continue"].as_string());
  if (!more.empty()) return list(more);
  revision_ = revision_of(page->root());
  failures_ = 0;
  events_.on_list(resource_, std::exchange(listed_, {}), revision_);
  if (*alive_) watch();
}

void Reflector::watch() {
  input_.clear();
  status_ = 0;
  expired_ = overlong_ = progressed_ = false;
  const std::string target = object_path(resource_, "", "") +
                             "?watch=1&allowWatchBookmarks=true&resourceVersion=" + std::to_string(revision_) +
                             "&timeoutSeconds=" + std::to_string(limits_.watch_seconds);
  cancel_ = server_->stream(
      target,
      [this, alive = alive_](int status) {
        if (*alive) status_ = status;
      },
      [this, alive = alive_](std::string_view bytes) {
        if (*alive && status_ == 200) take(bytes);
      },
      [this, alive = alive_](Result<void> outcome) {
        if (*alive) watch_ended(outcome);
      });
}

void Reflector::take(std::string_view bytes) {
  if (expired_ || overlong_) return;
  input_ += bytes;
  std::size_t begin = 0;
  const auto alive = alive_;
  for (std::size_t end; (end = input_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    take_event(std::string_view(input_).substr(begin, end - begin));
    if (!*alive) return;
  }
  input_.erase(0, begin);
  overlong_ = input_.size() > limits_.event_bytes_max;
}

void Reflector::take_event(std::string_view line) {
  auto event = parse_json(line);
  if (!event.ok()) {
    overlong_ = true;  // not what a watch sends: go on from the last event that was
    return;
  }
  const std::string_view type = (*event)["type"].as_string();
  const Value object = (*event)["object"];
  if (type == "ERROR") {
    expired_ = object["code"].as_int() == 410;
    overlong_ = !expired_;
    return;
  }
  progressed_ = true;
  revision_ = std::max(revision_, revision_of(object));
  if (type == "BOOKMARK") return events_.on_bookmark(resource_, revision_);
  events_.on_object(object_of(object), type == "DELETED");
}

void Reflector::watch_ended(const Result<void>& outcome) {
  cancel_ = nullptr;
  if (expired_ || status_ == 410) return again(true, Error(Reason::kExpired, "the watch's place is no longer known"));
  if (progressed_) failures_ = 0;
  if (status_ != 0 && status_ != 200)
    return again(false, Error(Reason::kServiceUnavailable, "a watch was answered with " + std::to_string(status_)));
  if (!outcome.ok()) return again(false, outcome.error());
  if (progressed_ || failures_ == 0) {  // a clean end, as at its time limit
    ++failures_;
    return watch();
  }
  again(false, Error(Reason::kServiceUnavailable, "a watch ended at once"));
}

void Reflector::again(bool list_anew, const Error& error) {
  events_.on_trouble(resource_, error);
  const int failures = std::min(failures_++, 16);
  const Duration delay = std::min<Duration>(limits_.backoff_first * (std::int64_t{1} << failures), limits_.backoff_max);
  server_->loop().after(delay, [this, list_anew, alive = alive_] {
    if (!*alive) return;
    if (list_anew)
      list("");
    else
      watch();
  });
}

}  // namespace plinth::client

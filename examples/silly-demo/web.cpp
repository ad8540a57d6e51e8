#include "web.h"

#include "fibonacci.h"

namespace silly_demo {
namespace {

HttpAnswer failed(int status, const std::string& reason) {
  std::fprintf(stderr, "%s\n", reason.c_str());
  return {.status = status, .body = reason};
}

HttpAnswer greeting(const HttpRequest& request) {
  if (!request.parameter("fail").empty() || !environment("FAIL").empty())
    return {.status = 500, .body = "Something terrible happened"};
  auto text = environment("MESSAGE");
  if (text.empty()) text = "This is a silly demo";
  if (const auto version = environment("VERSION"); !version.empty()) text += " version " + version;
  if (!request.parameter("html").empty()) text = "<h1>" + text + "</h1>";
  return {.body = text + "\n"};
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) {
      out += c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    }
  }
  return out + "\"";
}

HttpAnswer list(Videos& store) {
  std::vector<Video> videos;
  if (const auto failure = store.list(videos); !failure.empty()) {
    return failed(failure.starts_with("Environment") ? 400 : 500, failure);
  }
  std::string body;
  for (const auto& video : videos) {
    body += std::string(body.empty() ? "[" : ",") + R"({"id":)" + quoted(video.id) + R"(,"title":)" + quoted(video.title) + "}";
  }
  return {.content_type = "application/json; charset=utf-8", .body = body.empty() ? "null" : body + "]"};
}

HttpAnswer add(const HttpRequest& request, Videos& store) {
  const Video video{request.parameter("id"), request.parameter("title")};
  if (video.id.empty()) return failed(400, "id is empty");
  if (video.title.empty()) return failed(400, "title is empty");
  if (const auto failure = store.add(video); !failure.empty()) {
    return failed(failure.starts_with("Environment") ? 400 : 500, failure);
  }
  return {};
}

HttpAnswer fibonacci_number(const HttpRequest& request) {
  const auto text = request.parameter("number");
  const auto number = parse_number(text);
  if (!number) return {.status = 400, .body = text + " is not a number"};
  return {.body = std::to_string(fibonacci(*number))};
}

}  // namespace

HttpAnswer answer(const HttpRequest& request, Videos& videos) {
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (get && request.path == "/") return greeting(request);
  if (get && request.path == "/ping") return {.body = "pong"};
  if (get && request.path == "/fibonacci") return fibonacci_number(request);
  if (get && request.path == "/videos") return list(videos);
  if (request.method == "POST" && request.path == "/video") return add(request, videos);
  return {.status = 404, .body = "404 page not found"};
}

}  // namespace silly_demo

#include "server/paths/health.h"

#include <algorithm>
#include <vector>

namespace plinth::server {
namespace {

HealthAnswer one(std::string_view name, std::span<const HealthCheck> checks) {
  for (const HealthCheck& check : checks) {
    if (check.name != name) continue;
    if (check.problem.empty()) return {200, "ok"};
    return {500, "internal server error: " + check.problem + "\n"};
  }
  return {404, ""};
}

}  // namespace

HealthAnswer health_answer(std::string_view path, const Query& query, std::span<const HealthCheck> checks) {
  const std::size_t slash = path.find('/', 1);
  if (slash != std::string_view::npos) return one(path.substr(slash + 1), checks);
  std::vector<std::string_view> excluded = query.all("exclude");
  bool failed = false;
  std::string text;
  for (const HealthCheck& check : checks) {
    const auto at = std::find(excluded.begin(), excluded.end(), check.name);
    if (at != excluded.end()) {
      excluded.erase(at);
      text.append("[+]").append(check.name).append(" excluded: ok\n");
    } else if (check.problem.empty()) {
      text.append("[+]").append(check.name).append(" ok\n");
    } else {
      failed = true;
      text.append("[-]").append(check.name).append(" failed: ").append(check.problem).append("\n");
    }
  }
  for (std::string_view name : excluded) {
    text.append("warn: some health checks cannot be excluded: no matches for \"").append(name).append("\"\n");
  }
  const std::string_view endpoint = path.substr(1);
  if (failed) return {500, text.append(endpoint).append(" check failed\n")};
  if (!query.has("verbose")) return {200, "ok"};
  return {200, text.append(endpoint).append(" check passed\n")};
}

}  // namespace plinth::server

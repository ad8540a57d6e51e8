#include "server/admission/pod_security_policy.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace plinth::server {
namespace {

constexpr std::string_view kPrefix = "pod-security.kubernetes.io/";
constexpr std::string_view kLevels[] = {"privileged", "baseline", "restricted"};

std::optional<PodSecurityLevel> parse_level(std::string_view text) {
  const auto* found = std::find(std::begin(kLevels), std::end(kLevels), text);
  if (found == std::end(kLevels)) return std::nullopt;
  return static_cast<PodSecurityLevel>(found - std::begin(kLevels));
}

// "latest" or "v1.x", x without a leading zero.
std::optional<PodSecurityVersion> parse_version(std::string_view text) {
  if (text == "latest") return PodSecurityVersion{};
  if (!text.starts_with("v1.")) return std::nullopt;
  const std::string_view minor = text.substr(3);
  if (minor.size() > 1 && minor.front() == '0') return std::nullopt;
  const auto number = parse_integer<std::uint16_t>(minor);
  if (!number || minor.front() == '+') return std::nullopt;
  return PodSecurityVersion{*number};
}

class Reader {
 public:
  Reader(const Value& labels, api::FieldErrors& errors) : labels_(labels), errors_(errors) {}

  // Whether the mode's level is said, and understood.
  struct Said {
    bool level = false, understood = false, version = false;
  };
  Said read(std::string_view mode, PodSecurityLevel otherwise, LevelVersion& out) {
    Said said;
    const std::string level_label = std::string(kPrefix) + std::string(mode), version_label = level_label + "-version";
    if (const Value* level = labels_.find(level_label)) {
      said.level = true;
      const auto parsed = parse_level(level->as_string());
      said.understood = parsed.has_value();
      out.level = parsed.value_or(otherwise);
      if (!parsed) refuse(level_label, *level, "must be one of privileged, baseline, restricted");
    }
    if (const Value* version = labels_.find(version_label)) {
      said.version = true;
      const auto parsed = parse_version(version->as_string());
      out.version = parsed.value_or(PodSecurityVersion{});
      if (!parsed) refuse(version_label, *version, R"(must be "latest" or "v1.x")");
    }
    return said;
  }

 private:
  void refuse(const std::string& label, const Value& value, std::string why) {
    errors_.push_back(api::field_invalid("metadata.labels[" + label + "]", value, std::move(why)));
  }
  const Value& labels_;
  api::FieldErrors& errors_;
};

}  // namespace

std::string LevelVersion::text() const {
  const std::string version_text =
      version.minor == PodSecurityVersion::kLatest ? "latest" : "v1." + std::to_string(version.minor);
  return std::string(kLevels[static_cast<std::size_t>(level)]) + ":" + version_text;
}

PodSecurityPolicy pod_security_policy(const Value& labels) {
  PodSecurityPolicy policy;
  Reader reader(labels, policy.errors);
  const Reader::Said enforce = reader.read("enforce", PodSecurityLevel::kRestricted, policy.enforce);
  reader.read("audit", PodSecurityLevel::kPrivileged, policy.audit);
  const Reader::Said warn = reader.read("warn", PodSecurityLevel::kPrivileged, policy.warn);
  if (!warn.level && enforce.understood && policy.enforce.level > policy.warn.level) {
    policy.warn.level = policy.enforce.level;
    if (!warn.version) policy.warn.version = policy.enforce.version;
  }
  return policy;
}

}  // namespace plinth::server

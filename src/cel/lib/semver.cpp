// Semantic versions 2.0.0: semver(), isSemver() and what can be asked of them.
#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

struct Semver : Opaque {
  std::uint64_t numbers[3];
  std::string_view prerelease;  // dotted identifiers
  std::string_view text;
};

const Semver& semver_of(const Value& value) { return static_cast<const Semver&>(value.as_opaque()); }

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint64_t> number(std::string_view text) {
  if (!is_number(text) || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  return parse_integer<std::uint64_t>(text);
}

bool identifiers_ok(std::string_view text, bool leading_zeros) {
  auto allowed = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; };
  for (std::string_view part : split(text, '.')) {
    if (part.empty() || !std::all_of(part.begin(), part.end(), allowed)) return false;
    if (!leading_zeros && is_number(part) && part.size() > 1 && part[0] == '0') return false;
  }
  return true;
}

// False when the text is no version. Views into `text`.
bool parse(std::string_view text, Semver& out) {
  out.text = text;
  auto [with_prerelease, build] = cut(text, "+");
  if (build && !identifiers_ok(*build, true)) return false;
  auto [core, prerelease] = cut(with_prerelease, "-");
  if (prerelease && !identifiers_ok(*prerelease, false)) return false;
  out.prerelease = prerelease.value_or("");
  auto parts = split(core, '.');
  if (parts.size() != 3) return false;
  for (std::size_t i = 0; i < 3; ++i) {
    auto n = number(parts[i]);
    if (!n) return false;
    out.numbers[i] = *n;
  }
  return true;
}

// "v1.02" to "1.2.0"; empty when a short version has a prerelease or build part.
std::optional<std::string> normalized(std::string_view text) {
  if (!text.empty() && text[0] == 'v') text.remove_prefix(1);
  std::vector<std::string> parts;
  while (parts.size() < 2) {
    auto [part, rest] = cut(text, ".");
    if (!rest) break;
    parts.emplace_back(part);
    text = *rest;
  }
  parts.emplace_back(text);
  for (std::string& part : parts) {
    std::size_t digit = std::min(part.find_first_not_of('0'), part.size());
    if (part.size() > 1) part = part.substr(digit);
    if (part.empty() || part[0] < '0' || part[0] > '9') part = "0" + part;
  }
  if (parts.size() < 3 && parts.back().find_first_of("+-") != std::string::npos) return std::nullopt;
  while (parts.size() < 3) parts.emplace_back("0");
  return join(parts, ".");
}

int compare_identifiers(std::string_view a, std::string_view b) {
  bool numeric_a = is_number(a), numeric_b = is_number(b);
  if (numeric_a != numeric_b) return numeric_a ? -1 : 1;
  if (numeric_a && a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

int compare_prereleases(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() == b.empty() ? 0 : a.empty() ? 1 : -1;
  auto x = split(a, '.'), y = split(b, '.');
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (int order = compare_identifiers(x[i], y[i])) return order;
  }
  return x.size() < y.size() ? -1 : x.size() > y.size() ? 1 : 0;
}

// Build parts do not count.
int compare_versions(const Semver& a, const Semver& b) {
  for (std::size_t i = 0; i < 3; ++i) {
    if (a.numbers[i] != b.numbers[i]) return a.numbers[i] < b.numbers[i] ? -1 : 1;
  }
  return compare_prereleases(a.prerelease, b.prerelease);
}

constexpr OpaqueType kType = {
    "kubernetes.Semver",
    [](const Opaque& a, const Opaque& b) {
      return compare_versions(static_cast<const Semver&>(a), static_cast<const Semver&>(b)) == 0;
    },
    [](const Opaque& v, std::string& out) { out += static_cast<const Semver&>(v).text; },
};

std::optional<Semver> read(CallContext& context, Args args) {
  std::string_view text = args[0].as_string();
  if (args.size() > 1 && args[1].as_bool()) {
    auto full = normalized(text);
    if (!full) return std::nullopt;
    text = context.memory.copy(*full);
  }
  Semver version{Opaque{&kType}, {}, {}, {}};
  if (!parse(text, version)) return std::nullopt;
  return version;
}

Value to_semver(CallContext& context, Args args) {
  auto version = read(context, args);
  if (!version) return context.error(fmt::format("invalid semantic version '{}'", args[0].as_string()));
  return Value::opaque(context.memory.make<Semver>(*version));
}

Value is_semver(CallContext& context, Args args) { return Value::of(read(context, args).has_value()); }

template <int kPart>
Value part(CallContext&, Args args) {
  return Value::of(static_cast<std::int64_t>(semver_of(args[0]).numbers[kPart]));
}

Value compare_to(CallContext&, Args args) { return Value::of(compare_versions(semver_of(args[0]), semver_of(args[1]))); }
Value is_less(CallContext&, Args args) { return Value::of(compare_versions(semver_of(args[0]), semver_of(args[1])) < 0); }
Value is_greater(CallContext&, Args args) { return Value::of(compare_versions(semver_of(args[0]), semver_of(args[1])) > 0); }

}  // namespace

Library semver_library() {
  Library l("kubernetes.semver");
  const Type s = Type::string(), b = Type::boolean(), i = Type::integer(), version = Type::opaque("kubernetes.Semver");
  l.add_type("kubernetes.Semver", version);
  l.global("semver", "string_to_semver", {s}, version, to_semver).with_cost(cost_of_first);
  l.global("semver", "string_bool_to_semver", {s, b}, version, to_semver).with_cost(cost_of_first);
  l.global("isSemver", "is_semver_string", {s}, b, is_semver).with_cost(cost_of_first);
  l.global("isSemver", "is_semver_string_bool", {s, b}, b, is_semver).with_cost(cost_of_first);
  l.member("isGreaterThan", "semver_is_greater_than", {version, version}, b, is_greater);
  l.member("isLessThan", "semver_is_less_than", {version, version}, b, is_less);
  l.member("compareTo", "semver_compare_to", {version, version}, i, compare_to);
  l.member("major", "semver_major", {version}, i, part<0>);
  l.member("minor", "semver_minor", {version}, i, part<1>);
  l.member("patch", "semver_patch", {version}, i, part<2>);
  return l;
}

}  // namespace plinth::cel

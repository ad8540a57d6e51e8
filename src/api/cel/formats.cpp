#include "api/formats.h"

#include <algorithm>

#include "api/cel/libraries.h"
#include "api/names.h"
#include "cel/cost.h"

namespace plinth::api {
namespace {

using Args = std::span<const cel::Value>;

struct NamedFormat {
  std::string_view name;
  Complaints (*check)(std::string_view text);
  std::uint64_t pattern_size;  // for costs: how long a pattern of it would be
};

// A name that something is going to be appended to: it may end with a dash.
template <Complaints (*kCheck)(std::string_view)>
Complaints check_prefix(std::string_view text) {
  std::string whole(text);
  if (!whole.empty() && whole.back() == '-') whole.back() = 'a';
  return kCheck(whole);
}

Complaints schema_format(std::string_view format, std::string_view text, std::string_view complaint) {
  if (format_matches(format, text)) return {};
  return {std::string(complaint)};
}

constexpr NamedFormat kFormats[] = {
    {"dns1123Label", check_dns1123_label, 30},
    {"dns1123Subdomain", check_dns1123_subdomain, 60},
    {"dns1035Label", check_dns1035_label, 30},
    {"qualifiedName", check_label_key, 60},
    {"dns1123LabelPrefix", check_prefix<check_dns1123_label>, 30},
    {"dns1123SubdomainPrefix", check_prefix<check_dns1123_subdomain>, 60},
    {"dns1035LabelPrefix", check_prefix<check_dns1035_label>, 30},
    {"labelValue", check_label_value, 40},
    {"uri", [](std::string_view t) { return schema_format("uri", t, "invalid URI"); }, 1103},
    {"uuid", [](std::string_view t) { return schema_format("uuid", t, "does not match the UUID format"); }, 84},
    {"byte", [](std::string_view t) { return schema_format("byte", t, "invalid base64"); }, 84},
    {"date", [](std::string_view t) { return schema_format("date", t, "invalid date"); }, 80},
    {"datetime", [](std::string_view t) { return schema_format("datetime", t, "invalid datetime"); }, 80},
};

struct FormatValue : cel::Opaque {
  const NamedFormat* format;
};

const NamedFormat& format_in(const cel::Opaque& opaque) { return *static_cast<const FormatValue&>(opaque).format; }

constexpr cel::OpaqueType kType = {
    "kubernetes.NamedFormat",
    [](const cel::Opaque& a, const cel::Opaque& b) { return &format_in(a) == &format_in(b); },
    [](const cel::Opaque& v, std::string& out) { out += format_in(v).name; },
};

cel::Value format_value(cel::CallContext& context, const NamedFormat& format) {
  return cel::Value::opaque(context.memory.make<FormatValue>(cel::Opaque{&kType}, &format));
}

cel::Value some(cel::CallContext& context, const cel::Value& value) {
  return cel::Value::optional(context.memory.make<cel::Value>(value));
}

cel::Value named(cel::CallContext& context, Args args) {
  for (const NamedFormat& format : kFormats) {
    if (format.name == args[0].as_string()) return some(context, format_value(context, format));
  }
  return cel::Value::none();
}

// format.dns1123Label() and the like: the overload's id says which.
cel::Value constant(cel::CallContext& context, Args) {
  for (const NamedFormat& format : kFormats) {
    if (std::string_view(context.overload.id).substr(7) == format.name) return format_value(context, format);
  }
  return context.error("unknown format");
}

std::uint64_t cost_of_matching(std::uint64_t text_size, std::uint64_t pattern_size) {
  return cel::saturating_multiply(cel::traversal_cost(cel::saturating_add(text_size, 1)), (pattern_size + 3) / 4);
}

cel::Value validate(cel::CallContext& context, Args args) {
  const NamedFormat& format = format_in(args[0].as_opaque());
  if (context.cost != nullptr) *context.cost += cost_of_matching(cel::actual_size(args[1]), format.pattern_size);
  Complaints complaints = format.check(args[1].as_string());
  if (complaints.empty()) return cel::Value::none();
  cel::ListBody* out = cel::new_list(context.memory, complaints.size());
  for (const std::string& complaint : complaints) out->items[out->size++] = context.string(complaint);
  return some(context, cel::Value::list(out));
}

// Which format it is, is not known before; what it really costs is counted when it is.
std::uint64_t validate_cost(std::span<const std::uint64_t>, std::uint64_t) { return 0; }

cel::CallEstimate validate_estimate(const cel::CallSizes& sizes) {
  constexpr std::uint64_t kPatternSize = 128;  // upstream's guess for names
  const auto cost = [](std::uint64_t size) { return cel::saturating_multiply(cel::traversal_cost(size), kPatternSize / 4); };
  return {{cost(sizes.arguments[1].min), cost(sizes.arguments[1].max)}, {}};
}

}  // namespace

cel::Library formats_library() {
  using cel::Type;
  cel::Library l("kubernetes.format");
  const Type s = Type::string(), format = Type::opaque(std::string(kType.name));
  l.add_type(kType.name, format);
  l.global("format.named", "format-named", {s}, Type::optional(format), named);
  l.member("validate", "format-validate", {format, s}, Type::optional(Type::list(s)), validate)
      .with_cost(validate_cost)
      .estimated(validate_estimate);
  for (const NamedFormat& f : kFormats) {
    std::string name = "format." + std::string(f.name);
    l.global(name, name, {}, format, constant);
  }
  return l;
}

}  // namespace plinth::api

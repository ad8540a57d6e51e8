#include "api/field_selector.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/go_text.h"

namespace plinth::api {
namespace {

bool needs_escape(char c) { return c == '\\' || c == ',' || c == '='; }

// Parts between commas that no backslash escapes, sorted: the order of terms is part of no contract but of error messages.
std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  bool escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (escaped) {
      escaped = false;
    } else if (text[i] == '\\') {
      escaped = true;
    } else if (text[i] == ',') {
      out.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  out.push_back(text.substr(begin));
  std::sort(out.begin(), out.end());
  return out;
}

struct Term {
  std::string_view field, value;
  bool equals;
};

// The first operator splits; field names know no escapes.
std::optional<Term> split_term(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string_view rest = text.substr(i);
    if (rest.substr(0, 2) == "!=") return Term{text.substr(0, i), rest.substr(2), false};
    if (rest.substr(0, 2) == "==") return Term{text.substr(0, i), rest.substr(2), true};
    if (rest[0] == '=') return Term{text.substr(0, i), rest.substr(1), true};
  }
  return std::nullopt;
}

bool is_known(std::string_view field, const SelectableFields& known) {
  if (field == "metadata.name") return true;
  // Upstream's own conversions know metadata.namespace for cluster-scoped kinds too; custom resources do not.
  if (field == "metadata.namespace") return known.namespaced || !known.custom_resource;
  return std::find(known.extra.begin(), known.extra.end(), field) != known.extra.end();
}

}  // namespace

std::string escape_field_value(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (needs_escape(c)) out += '\\';
    out += c;
  }
  return out;
}

Result<std::string> unescape_field_value(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == ',' || c == '=') return bad_request(fmt::format("invalid field selector: unescaped character in value: {:d}", c));
    if (c == '\\') {
      if (i + 1 == text.size()) return bad_request("invalid field selector: invalid escape sequence: \\");
      c = text[++i];
      if (!needs_escape(c)) return bad_request(fmt::format("invalid field selector: invalid escape sequence: \\{}", c));
    }
    out += c;
  }
  return out;
}

Result<FieldSelector> FieldSelector::parse(std::string_view text) {
  FieldSelector out;
  for (std::string_view part : split_terms(text)) {
    if (part.empty()) continue;
    std::optional<Term> term = split_term(part);
    if (!term) return bad_request(fmt::format("invalid selector: '{}'; can't understand '{}'", text, part));
    std::string value = TRY(unescape_field_value(term->value));
    if (term->field.empty() && value.empty()) continue;  // "=" asks nothing
    out.requirements_.push_back({std::string(term->field), std::move(value), term->equals});
  }
  return out;
}

bool FieldSelector::matches(std::span<const std::pair<std::string, std::string>> fields) const {
  return matches_with([&](std::string_view name) {
    for (const auto& [field, value] : fields) {
      if (field == name) return std::string_view(value);
    }
    return std::string_view();
  });
}

std::optional<std::string_view> FieldSelector::exact(std::string_view field) const {
  for (const FieldRequirement& r : requirements_) {
    if (r.equals && r.field == field) return r.value;
  }
  return std::nullopt;
}

std::string FieldSelector::to_string() const {
  std::string out;
  for (const FieldRequirement& r : requirements_) {
    if (!out.empty()) out += ',';
    out += r.field;
    out += r.equals ? "=" : "!=";
    out += escape_field_value(r.value);
  }
  return out;
}

Result<void> FieldSelector::check(const SelectableFields& known) const {
  for (const FieldRequirement& r : requirements_) {
    if (is_known(r.field, known)) continue;
    if (known.custom_resource || !known.extra.empty()) return bad_request("field label not supported: " + r.field);
    return bad_request(
        fmt::format(R"({} is not a known field selector: only "metadata.name", "metadata.namespace")", go_quoted(r.field)));
  }
  return {};
}

}  // namespace plinth::api

#include "server/auth/attributes.h"

#include "api/go_text.h"
#include "server/status.h"

namespace plinth::server::auth {
namespace {

// Names come from the request and the message may be shown by a browser.
std::string escape_markup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else out += c;
  }
  return out;
}

std::string refusal(const Attributes& a) {
  std::string out = "User " + api::go_quoted(a.user ? a.user->name : "") + " cannot " + a.verb;
  if (!a.is_resource_request) return out + " path " + api::go_quoted(a.path);
  std::string resource = a.resource;
  if (!a.subresource.empty()) resource += "/" + a.subresource;
  out += " resource " + api::go_quoted(resource) + " in API group " + api::go_quoted(a.group);
  if (a.name_space.empty()) return out + " at the cluster scope";
  return out + " in the namespace " + api::go_quoted(a.name_space);
}

// One term of a field selector, unescaped: backslash protects ',', '=' and itself.
struct Term {
  std::string field, value;
  bool exact = false;
};

Term parse_term(std::string_view text) {
  Term term;
  bool in_value = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& target = in_value ? term.value : term.field;
    if (c == '\\' && i + 1 < text.size()) {
      target += text[++i];
    } else if (c == '=' && !in_value) {
      in_value = true;
      term.exact = term.field.empty() || term.field.back() != '!';
      if (i + 1 < text.size() && text[i + 1] == '=') ++i;
    } else {
      target += c;
    }
  }
  return term;
}

}  // namespace

Error forbidden_error(const Attributes& attributes, std::string_view reason) {
  std::string why = escape_markup(refusal(attributes));
  if (!reason.empty()) why.append(": ").append(reason);
  if (attributes.is_resource_request) return forbidden(attributes.group, attributes.resource, attributes.name, why);
  return Error(Reason::kForbidden, "forbidden: " + why);
}

std::string name_of_field_selector(std::string_view selector) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= selector.size(); ++i) {
    if (i < selector.size() && selector[i] == '\\') {
      ++i;
      continue;
    }
    if (i < selector.size() && selector[i] != ',') continue;
    const Term term = parse_term(selector.substr(begin, i - begin));
    if (term.exact && term.field == "metadata.name") return term.value;
    begin = i + 1;
  }
  return "";
}

}  // namespace plinth::server::auth

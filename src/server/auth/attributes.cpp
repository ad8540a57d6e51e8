#include "server/auth/attributes.h"

#include "api/field_selector.h"
#include "api/go_text.h"
#include "server/status.h"

namespace plinth::server::auth {
namespace {

// Names come from the request and the message may be shown by a browser.
std::string escape_markup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
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

}  // namespace

Error forbidden_error(const Attributes& attributes, std::string_view reason) {
  std::string why = escape_markup(refusal(attributes));
  if (!reason.empty()) why.append(": ").append(reason);
  if (attributes.is_resource_request) return forbidden(attributes.group, attributes.resource, attributes.name, why);
  return Error(Reason::kForbidden, "forbidden: " + why);
}

std::string name_of_field_selector(std::string_view selector) {
  const Result<api::FieldSelector> parsed = api::FieldSelector::parse(selector);
  if (!parsed.ok()) return "";
  return std::string(parsed->exact("metadata.name").value_or(""));
}

}  // namespace plinth::server::auth

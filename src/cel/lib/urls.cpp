// Kubernetes' URL functions.
#include "cel/lib/go_url.h"
#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

// The parts are in the evaluation's memory.
struct Url : Opaque {
  std::string_view scheme, host, hostname, port, escaped_path, query, text;
};

const Url& url_of(const Value& value) { return static_cast<const Url&>(value.as_opaque()); }

constexpr OpaqueType kType = {
    "kubernetes.URL",
    [](const Opaque& a, const Opaque& b) { return static_cast<const Url&>(a).text == static_cast<const Url&>(b).text; },
    [](const Opaque& v, std::string& out) { out += static_cast<const Url&>(v).text; },
};

Value to_url(CallContext& context, Args args) {
  std::string error;
  auto url = parse_url(args[0].as_string(), &error);
  if (!url) return context.error("URL parse error during conversion from string: " + error);
  auto kept = [&](std::string_view text) { return context.memory.copy(text); };
  return Value::opaque(context.memory.make<Url>(Opaque{&kType}, kept(url->scheme), kept(url->host), kept(url->hostname()),
                                                kept(url->port()), kept(url->escaped_path), kept(url->query), kept(url->text)));
}

Value is_url(CallContext&, Args args) {
  std::string error;
  return Value::of(parse_url(args[0].as_string(), &error).has_value());
}

template <std::string_view Url::*kPart>
Value part(CallContext&, Args args) {
  return Value::string(url_of(args[0]).*kPart);
}

Value query(CallContext& context, Args args) {
  GoUrl url;
  url.query = std::string(url_of(args[0]).query);
  auto parameters = url.parameters();
  MapBuilder out(context.memory, parameters.size());
  for (const auto& [name, value] : parameters) {
    ListBody* values = new_list(context.memory, parameters.size());
    for (const auto& [other, text] : parameters) {
      if (other == name) values->items[values->size++] = context.string(text);
    }
    out.insert(context.string(name), Value::list(values));  // the first of a name has all of its values
  }
  return Value::map(out.finish());
}

}  // namespace

Library urls_library() {
  Library l("kubernetes.urls");
  const Type s = Type::string(), url = Type::opaque("kubernetes.URL");
  l.add_type("kubernetes.URL", url);
  l.global("url", "string_to_url", {s}, url, to_url).with_cost(cost_of_first);
  l.global("isURL", "is_url_string", {s}, Type::boolean(), is_url).with_cost(cost_of_first);
  l.member("getScheme", "url_get_scheme", {url}, s, part<&Url::scheme>);
  l.member("getHost", "url_get_host", {url}, s, part<&Url::host>);
  l.member("getHostname", "url_get_hostname", {url}, s, part<&Url::hostname>);
  l.member("getPort", "url_get_port", {url}, s, part<&Url::port>);
  l.member("getEscapedPath", "url_get_escaped_path", {url}, s, part<&Url::escaped_path>);
  l.member("getQuery", "url_get_query", {url}, Type::map(s, Type::list(s)), query);
  return l;
}

}  // namespace plinth::cel

#include "cli/remote/one_object.h"

#include "cli/fail.h"
#include "cli/output.h"

namespace plinth::cli {

std::optional<OneObject> open_object(const Arguments& arguments, std::string_view command, std::string_view verb, int& status) {
  auto failed = [&](int exit_status, const std::string& message) {
    status = fail(exit_status, message);
    return std::nullopt;
  };
  OneObject out;
  auto format = data_format(arguments);
  if (!format.ok()) return failed(2, format.error().message());
  out.format = std::move(*format);
  auto api = ApiClient::open(arguments);
  if (!api.ok()) return failed(1, api.error().message());
  out.api = std::move(*api);
  auto kinds = ServedKinds::discover(*out.api);
  if (!kinds.ok()) return failed(1, kinds.error().message());
  out.kinds = std::move(*kinds);
  const auto what = find_named(out.kinds, argument(arguments, "kind"), argument(arguments, "name"));
  if (!what.ok()) return failed(1, what.error().message());
  out.resource = what->kind.resource;
  if (what->name.empty()) {
    return failed(2, "name which of the " + out.resource.plural + " to " + std::string(verb) + ": plinth " +
                         std::string(command) + " KIND NAME");
  }
  out.name = what->name;
  out.name_space = namespace_for(out.resource, arguments, *out.api);
  return out;
}

std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string out;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.size() <= bytes_max) return out;
  std::size_t end = bytes_max;
  while ((static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;  // not within a character
  return out.substr(0, end) + "...";
}

}  // namespace plinth::cli

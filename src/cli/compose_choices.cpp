#include "cli/compose_choices.h"

#include "base/text.h"

namespace plinth::cli {

Result<platform::ComposeChoices> compose_choices(const Arguments& arguments) {
  platform::ComposeChoices out;
  out.allow_crd_deletion = has_flag(arguments, "allow-crd-deletion");
  const std::string text = argument(arguments, "graph-revisions");
  const auto number = parse_integer<std::int64_t>(text);
  if (!number || *number < 1) return bad_request("--graph-revisions " + text + ": a whole number of at least 1 is needed");
  out.graph_revisions = *number;
  return out;
}

}  // namespace plinth::cli

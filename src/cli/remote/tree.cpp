// tree: an object with everything that belongs to it, and how it is.
#include <cstdio>

#include <unistd.h>

#include "cli/fail.h"
#include "cli/output.h"
#include "cli/remote/family.h"
#include "cli/remote/one_object.h"
#include "world_real/real_clock.h"

namespace plinth::cli {
namespace {

struct Line {
  std::string name;  // with what leads to it
  std::string name_space, ready, reason, age;
  Health::State state;
};

std::string short_text(const Health& health) {
  constexpr std::size_t kShown = 100;
  return one_line(health.reason + (health.reason.empty() || health.message.empty() ? "" : ": ") + health.message, kShown);
}

void add_lines(const FamilyMember& member, const std::string& lead, const std::string& below, std::int64_t now,
               std::vector<Line>& out) {
  const Value metadata = member.object["metadata"];
  const Health health = health_of(member.resource, member.object.root());
  const char* ready = health.state == Health::State::kNone ? "-" : health.state == Health::State::kReady ? "True" : "False";
  out.push_back({lead + member.resource.kind + "/" + std::string(metadata["name"].as_string()),
                 std::string(metadata["namespace"].as_string()), ready, short_text(health),
                 age_text(metadata["creationTimestamp"].as_string(), now), health.state});
  for (std::size_t i = 0; i < member.children.size(); ++i) {
    const bool last = i + 1 == member.children.size();
    add_lines(member.children[i], below + (last ? "└─" : "├─"), below + (last ? "  " : "│ "), now, out);
  }
}

// Colours only where somebody looks.
std::string coloured(const std::string& text, const std::vector<Line>& lines) {
  constexpr const char *kRed = "\x1b[31m", *kGreen = "\x1b[32m", *kReset = "\x1b[0m";
  std::string out;
  std::size_t at = text.find('\n') + 1;
  out += text.substr(0, at);
  for (const Line& line : lines) {
    const std::size_t end = text.find('\n', at);
    const bool plain = line.state == Health::State::kNone;
    out += (plain                                 ? ""
            : line.state == Health::State::kReady ? kGreen
                                                  : kRed) +
           text.substr(at, end - at) + (plain ? "" : kReset) + "\n";
    at = end + 1;
  }
  return out;
}

Value as_value(const FamilyMember& member, Draft& draft) {
  const Value metadata = member.object["metadata"];
  const Health health = health_of(member.resource, member.object.root());
  Value out = draft.object();
  draft.set(out, "apiVersion", member.resource.api_version());
  draft.set(out, "kind", member.resource.kind);
  if (!metadata["namespace"].as_string().empty()) draft.set(out, "namespace", metadata["namespace"].as_string());
  draft.set(out, "name", metadata["name"].as_string());
  if (health.state != Health::State::kNone) draft.set(out, "ready", Value::of(health.state == Health::State::kReady));
  if (!health.reason.empty()) draft.set(out, "reason", health.reason);
  if (!health.message.empty()) draft.set(out, "message", health.message);
  Value children = draft.array();
  for (const FamilyMember& child : member.children) draft.push(children, as_value(child, draft));
  draft.member(out, "children") = children;
  return out;
}

void print(const FamilyMember& root, const std::string& format) {
  if (!format.empty()) {
    Draft draft;
    draft.root() = as_value(root, draft);
    std::fputs(data_text(draft.root(), format).c_str(), stdout);
    return;
  }
  std::vector<Line> lines;
  add_lines(root, "", "", world_real::RealClock().wall_ns(), lines);
  TextTable table({"NAMESPACE", "NAME", "READY", "REASON", "AGE"});
  for (const Line& line : lines) table.add({line.name_space, line.name, line.ready, line.reason, line.age});
  const std::string text = table.text();
  std::fputs((isatty(1) != 0 ? coloured(text, lines) : text).c_str(), stdout);
}

int run(const Arguments& arguments) {
  int status = 0;
  const auto what = open_object(arguments, "tree", "show", status);
  if (!what) return status;
  std::vector<std::string> unseen;
  const auto family = find_family(*what->api, what->kinds, what->resource, what->name_space, what->name, unseen);
  if (!family.ok()) return fail(1, family.error().message());
  print(*family, what->format);
  for (const std::string& kind : unseen)
    std::fprintf(stderr, "plinth: %s could not be listed and may be missing here\n", kind.c_str());
  return 0;
}

}  // namespace

Command tree_command() {
  return {"tree",
          "print an object with all that belongs to it, and how it is: plinth tree KIND NAME",
          {{"kind", "KIND", "kind, or KIND/NAME", "", true},
           {"name", "NAME", "the object", "", false},
           kKubeconfigOption,
           kContextOption,
           kNamespaceOption,
           kDataOutput},
          run};
}

}  // namespace plinth::cli

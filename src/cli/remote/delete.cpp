// delete: objects by name, or those in files.
#include <cstdio>

#include "base/json.h"
#include "base/text.h"
#include "cli/fail.h"
#include "cli/offline/definitions.h"
#include "cli/remote/kind_lookup.h"

namespace plinth::cli {
namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds(100);
constexpr Duration kTellAfter = std::chrono::seconds(2);

struct Target {
  client::Resource resource;
  std::string name_space, name;
  std::string shown() const { return typed_name(resource, name); }
  std::string path() const { return client::object_path(resource, name_space, name); }
};

Result<std::vector<Target>> targets_of(const Arguments& arguments, ApiClient& api) {
  const ServedKinds kinds = TRY(ServedKinds::discover(api));
  std::vector<Target> out;
  if (const std::string files = argument(arguments, "filename"); !files.empty()) {
    for (const FileObject& object : TRY(read_objects(files))) {
      const ServedKind kind = TRY(kinds.find(object.document["apiVersion"].as_string(), object.document["kind"].as_string()));
      std::string where(object.document["metadata"]["namespace"].as_string());
      if (where.empty() || !kind.resource.namespaced) where = namespace_for(kind.resource, arguments, api);
      out.push_back({kind.resource, where, object.name()});
    }
    return out;
  }
  if (argument(arguments, "kind").empty()) return bad_request("name what to delete: KIND NAME, or files with -f");
  NamedKind what = TRY(find_named(kinds, argument(arguments, "kind"), argument(arguments, "name")));
  if (what.name.empty())
    return bad_request("name which " + what.kind.resource.plural + " to delete; all of them is never meant");
  out.push_back({what.kind.resource, namespace_for(what.kind.resource, arguments, api), what.name});
  return out;
}

// What keeps an object that is being deleted, in words.
std::string what_keeps(const Document& object) {
  std::string out;
  for (const Value& f : object["metadata"]["finalizers"].items())
    out += (out.empty() ? "finalizers " : ", ") + std::string(f.as_string());
  for (const Value& c : object["status"]["conditions"].items()) {
    if (c["reason"].as_string() == "UnderDeletion") out += ": " + std::string(c["message"].as_string());
  }
  return out.empty() ? "its grace period" : out;
}

// Until it is gone, or another of that name is there.
Result<void> wait_for_end(ApiClient& api, const Target& target, const std::string& uid, Duration limit) {
  std::string told;
  for (Duration waited{0};; waited += kLookEvery) {
    auto object = api.get(target.path());
    if (!object.ok() && object.error().code() == 404) return {};
    if (!object.ok()) return std::move(object).error();
    if ((*object)["metadata"]["uid"].as_string() != uid) return {};
    const std::string keeps = what_keeps(*object);
    if (waited >= limit) {
      return Error(Reason::kTimeout, target.shown() + " is still there after " +
                                         std::to_string(limit / std::chrono::seconds(1)) + " s; it waits for " + keeps);
    }
    if (waited >= kTellAfter && std::exchange(told, keeps) != keeps)
      std::fprintf(stderr, "%s waits for %s\n", target.shown().c_str(), keeps.c_str());
    api.sleep(kLookEvery);
  }
}

int delete_one(ApiClient& api, const Target& target, const std::string& policy, Duration limit, bool wait) {
  client::Request request{"DELETE", target.path(), "",
                          R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":")" + policy + "\"}"};
  auto answer = api.call(request);
  if (!answer.ok()) return fail(1, answer.error().message());
  std::printf("%s deleted\n", target.shown().c_str());
  std::fflush(stdout);
  auto document = parse_json(answer->body);
  if (!wait || !document.ok()) return 0;
  const bool status = (*document)["kind"].as_string() == "Status";
  const std::string uid((status ? (*document)["details"]["uid"] : (*document)["metadata"]["uid"]).as_string());
  auto ended = wait_for_end(api, target, uid, limit);
  return ended.ok() ? 0 : fail(1, ended.error().message());
}

int run(const Arguments& arguments) {
  const std::string cascade = argument(arguments, "cascade");
  const std::string policy = cascade == "background"   ? "Background"
                             : cascade == "foreground" ? "Foreground"
                             : cascade == "orphan"     ? "Orphan"
                                                       : "";
  if (policy.empty()) return fail(2, "--cascade " + cascade + ": use background, foreground or orphan");
  const auto seconds = parse_integer<std::int64_t>(argument(arguments, "timeout"));
  if (!seconds || *seconds < 1)
    return fail(2, "--timeout " + argument(arguments, "timeout") + ": a number of seconds is needed");
  auto api = ApiClient::open(arguments);
  if (!api.ok()) return fail(1, api.error().message());
  const auto targets = targets_of(arguments, **api);
  if (!targets.ok()) return fail(targets.error().reason() == Reason::kBadRequest ? 2 : 1, targets.error().message());
  int status = 0;
  for (const Target& target : *targets) {
    const int one = delete_one(**api, target, policy, std::chrono::seconds(*seconds), !has_flag(arguments, "no-wait"));
    status = status != 0 ? status : one;
  }
  return status;
}

}  // namespace

Command delete_command() {
  return {"delete",
          "delete objects, and wait until they are gone: plinth delete KIND NAME, or -f FILE",
          {{"kind", "KIND", "kind, or KIND/NAME", "", false},
           {"name", "NAME", "one object", "", false},
           {"-f,--filename", "FILE...", "the objects in YAML or JSON; - is standard input", "", false},
           kKubeconfigOption,
           kContextOption,
           kNamespaceOption,
           {"--cascade", "HOW", "what becomes of what it owns: background, foreground or orphan", "background", false},
           {"--no-wait", "", "end as soon as the deletion is accepted", "", false},
           {"--timeout", "SECONDS", "wait no longer", "300", false}},
          run};
}

}  // namespace plinth::cli

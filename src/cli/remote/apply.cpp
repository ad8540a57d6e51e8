// apply: server-side apply of objects in files.
#include <cstdio>

#include "base/json.h"
#include "base/text.h"
#include "cli/fail.h"
#include "cli/offline/definitions.h"
#include "cli/output.h"
#include "cli/remote/kind_lookup.h"

namespace plinth::cli {
namespace {

struct Applying {
  std::string query;  // of every request
  bool dry_run = false;
};

Result<Document> apply_one(ApiClient& api, const ServedKinds& kinds, const Arguments& arguments, const FileObject& object,
                           const Applying& how, std::string& shown) {
  const ServedKind kind = TRY(kinds.find(object.document["apiVersion"].as_string(), object.document["kind"].as_string()));
  if (object.name().empty()) return bad_request(object.kind() + ": metadata.name is empty; server-side apply needs it");
  shown = typed_name(kind.resource, object.name());
  std::string where(object.document["metadata"]["namespace"].as_string());
  const std::string asked = argument(arguments, "namespace");
  if (kind.resource.namespaced && !asked.empty() && !where.empty() && where != asked)
    return bad_request(shown + ": its namespace " + where + " is not that of --namespace " + asked);
  if (where.empty() || !kind.resource.namespaced) where = namespace_for(kind.resource, arguments, api);
  client::Request request{"PATCH", client::object_path(kind.resource, where, object.name()) + how.query,
                          "application/apply-patch+yaml", to_json(object.document.root())};
  const client::Response response = TRY(api.call(request));
  return parse_json(response.body);
}

int apply_all(ApiClient& api, const Arguments& arguments, const std::vector<FileObject>& objects, const Applying& how) {
  const std::string format = argument(arguments, "output");
  int status = 0;
  auto kinds = ServedKinds::discover(api);
  if (!kinds.ok()) return fail(1, kinds.error().message());
  for (const FileObject& object : objects) {
    std::string shown;
    auto applied = apply_one(api, *kinds, arguments, object, how, shown);
    // A kind that an object before it has made.
    for (int tries = 0; !applied.ok() && shown.empty() && tries < 20 && objects.size() > 1; ++tries) {
      api.sleep(std::chrono::milliseconds(100));
      if (auto again = ServedKinds::discover(api); again.ok()) kinds = std::move(again);
      applied = apply_one(api, *kinds, arguments, object, how, shown);
    }
    if (!applied.ok()) {
      status = fail(1, object.file + ": " + (shown.empty() ? object.kind() + " " + object.name() : shown) + ": " +
                           applied.error().message());
      continue;
    }
    if (!format.empty())
      std::printf("%s%s", format == "yaml" ? "---\n" : "", data_text(applied->root(), format).c_str());
    else
      std::printf("%s serverside-applied%s\n", shown.c_str(), how.dry_run ? " (server dry run)" : "");
  }
  return status;
}

int run(const Arguments& arguments) {
  if (const auto format = data_format(arguments); !format.ok()) return fail(2, format.error().message());
  const std::string dry_run = argument(arguments, "dry-run");
  if (dry_run != "none" && dry_run != "server") return fail(2, "--dry-run " + dry_run + ": use none or server");
  const auto objects = read_objects(argument(arguments, "filename"));
  if (!objects.ok()) return fail(1, objects.error().message());
  auto api = ApiClient::open(arguments);
  if (!api.ok()) return fail(1, api.error().message());
  Applying how;
  how.dry_run = dry_run == "server";
  how.query = "?fieldValidation=Strict&fieldManager=" + escape_query(argument(arguments, "field-manager"));
  if (has_flag(arguments, "force-conflicts")) how.query += "&force=true";
  if (how.dry_run) how.query += "&dryRun=All";
  return apply_all(**api, arguments, *objects, how);
}

}  // namespace

Command apply_command() {
  return {"apply",
          "apply objects in files, by server-side apply",
          {{"-f,--filename", "FILE...", "YAML or JSON; - is standard input", "", true},
           kKubeconfigOption,
           kContextOption,
           kNamespaceOption,
           {"--server-side", "", "what is done in any case; for commands written for kubectl", "", false},
           {"--force-conflicts", "", "take over fields that others manage", "", false},
           {"--field-manager", "NAME", "who manages the fields that are set", "plinth", false},
           {"--dry-run", "MODE", "none, or server: everything but storing", "none", false},
           kDataOutput},
          run};
}

}  // namespace plinth::cli

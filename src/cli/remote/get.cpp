// get: objects as the server prints them.
#include <cstdio>

#include "base/json.h"
#include "base/text.h"
#include "cli/fail.h"
#include "cli/output.h"
#include "cli/remote/kind_lookup.h"

namespace plinth::cli {
namespace {

constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

std::string cell(const Value& value) {
  if (value.is_string()) return std::string(value.as_string());
  return value.is_null() ? "<none>" : to_json(value);
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

std::string table_text(const Document& table, bool wide, bool namespaces) {
  std::vector<std::string> head;
  std::vector<std::size_t> shown;
  if (namespaces) head.emplace_back("NAMESPACE");
  const auto columns = table["columnDefinitions"].items();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!wide && columns[i]["priority"].as_int() > 0) continue;
    shown.push_back(i);
    head.push_back(upper(columns[i]["name"].as_string()));
  }
  TextTable out(std::move(head));
  for (const Value& row : table["rows"].items()) {
    std::vector<std::string> cells;
    if (namespaces) cells.emplace_back(row["object"]["metadata"]["namespace"].as_string());
    for (std::size_t i : shown) cells.push_back(i < row["cells"].size() ? cell(row["cells"].items()[i]) : "");
    out.add(std::move(cells));
  }
  return out.text();
}

struct Wanted {
  NamedKind what;
  std::string name_space, format, target;
  bool everywhere = false;
};

Result<Wanted> wanted_of(const Arguments& arguments, ApiClient& api, const ServedKinds& kinds) {
  Wanted out{TRY(find_named(kinds, argument(arguments, "kind"), argument(arguments, "name"))), "",
             argument(arguments, "output"), "", has_flag(arguments, "all-namespaces")};
  const client::Resource& resource = out.what.kind.resource;
  const std::string selector = argument(arguments, "selector");
  if (!out.what.name.empty() && (out.everywhere || !selector.empty()))
    return bad_request("a name cannot be given together with --all-namespaces or --selector");
  if (!out.everywhere) out.name_space = namespace_for(resource, arguments, api);
  out.target = client::object_path(resource, out.name_space, out.what.name);
  if (!selector.empty()) out.target += "?labelSelector=" + escape_query(selector);
  return out;
}

int print_data(const Wanted& wanted, const Document& answer) {
  if (wanted.format != "name") {
    std::fputs(data_text(answer.root(), wanted.format).c_str(), stdout);
    return 0;
  }
  if (!wanted.what.name.empty()) {
    std::puts(typed_name(wanted.what.kind.resource, wanted.what.name).c_str());
    return 0;
  }
  for (const Value& item : answer["items"].items())
    std::puts(typed_name(wanted.what.kind.resource, item["metadata"]["name"].as_string()).c_str());
  return 0;
}

int run(const Arguments& arguments) {
  if (const auto format = data_format(arguments, {"wide", "name"}); !format.ok()) return fail(2, format.error().message());
  auto api = ApiClient::open(arguments);
  if (!api.ok()) return fail(1, api.error().message());
  const auto kinds = ServedKinds::discover(**api);
  if (!kinds.ok()) return fail(1, kinds.error().message());
  const auto wanted = wanted_of(arguments, **api, *kinds);
  if (!wanted.ok()) return fail(wanted.error().reason() == Reason::kBadRequest ? 2 : 1, wanted.error().message());
  const bool table = wanted->format.empty() || wanted->format == "wide";
  const auto answer = (*api)->get(wanted->target, table ? kTable : "");
  if (!answer.ok()) return fail(1, answer.error().message());
  if (!table) return print_data(*wanted, *answer);
  if ((*answer)["rows"].size() == 0) {
    const std::string where = wanted->name_space.empty() ? "" : " in namespace " + wanted->name_space;
    std::fprintf(stderr, "No %s found%s.\n", wanted->what.kind.resource.plural.c_str(), where.c_str());
    return 0;
  }
  const bool namespaces = wanted->everywhere && wanted->what.kind.resource.namespaced;
  std::fputs(table_text(*answer, wanted->format == "wide", namespaces).c_str(), stdout);
  return 0;
}

}  // namespace

Command get_command() {
  return {
      "get",
      "print objects: plinth get KIND [NAME]; a KIND is a plural, singular, short name or kind, with .GROUP where it is needed",
      {{"kind", "KIND", "kind, or KIND/NAME", "", true},
       {"name", "NAME", "one object", "", false},
       kKubeconfigOption,
       kContextOption,
       kNamespaceOption,
       {"-A,--all-namespaces", "", "of all namespaces", "", false},
       {"-l,--selector", "SELECTOR", "with these labels (a=b,c!=d)", "", false},
       {"-o,--output", "FORMAT", "wide, json, yaml or name", "", false, "wide,json,yaml,name"}},
      run};
}

}  // namespace plinth::cli

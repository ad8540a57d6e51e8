// Config maps, secrets and service accounts.
#include <string>

#include <fmt/core.h>

#include "api/go_base64.h"
#include "api/strategies/base64.h"
#include "api/strategies/draft_tools.h"
#include "api/strategies/field_ref.h"
#include "api/strategies/strategy_tables.h"
#include "api/strategies/text_checks.h"
#include "base/json.h"

namespace plinth::api {
namespace {

constexpr std::size_t kDataBytesMax = 1024 * 1024;
constexpr std::string_view kFrozen = "field is immutable when `immutable` is set";
constexpr std::string_view kRedacted = "<secret contents redacted>";

void validate_key(const FieldRef& entry, std::string_view key) {
  for (std::string& problem : check_config_key(key)) entry.invalid(key, std::move(problem));
}

void validate_config_map(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  std::size_t bytes = 0;
  const FieldRef binary = root["binaryData"];
  root["data"].each_entry([&](const FieldRef& entry, std::string_view key) {
    validate_key(entry, key);
    if (binary.key(key).present()) entry.invalid(key, "duplicate of key present in binaryData");
    bytes += entry.text().size();
  });
  binary.each_entry([&](const FieldRef& entry, std::string_view key) {
    validate_key(entry, key);
    bytes += decoded_size(entry.text());
  });
  if (bytes > kDataBytesMax) errors.push_back(field_too_long("", static_cast<std::int64_t>(kDataBytesMax)));
}

// Once `immutable` is set it and the data stay as they are.
void validate_frozen(const FieldRef& root, const Value& old, std::initializer_list<std::string_view> members) {
  if (!old["immutable"].as_bool()) return;
  if (!root["immutable"].flag()) root["immutable"].forbidden(std::string(kFrozen));
  for (const std::string_view member : members) {
    if (!same(root[member].value(), old[member])) root[member].forbidden(std::string(kFrozen));
  }
}

void validate_config_map_update(const Value& object, const Value& old, FieldErrors& errors) {
  validate_frozen(FieldRef(object, errors), old, {"data", "binaryData"});
}

// stringData is written over data and never kept.
void merge_string_data(Draft& draft) {
  const Value texts = draft.root()["stringData"];
  if (texts.is_null()) return;
  if (texts.size() > 0) {
    Value& data = object_member(draft, draft.root(), "data");
    for (const Member& m : texts.members()) draft.set(data, m.key(), encode_base64(m.value.as_string()));
  }
  draft.remove(draft.root(), "stringData");
}

void default_secret(Draft& draft) { merge_string_data(draft); }

// What Go's decoder says of a text that is no JSON object; the text itself must not show.
std::string json_object_problem(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "unexpected end of JSON input";
  if (std::string_view("{[\"-0123456789tfn").find(text[begin]) == std::string_view::npos) {
    return fmt::format("invalid character '{}' looking for beginning of value", text[begin]);
  }
  return "must be a JSON object";
}

void validate_docker_config(const FieldRef& data, std::string_view key) {
  const FieldRef entry = data.key(key);
  if (!entry.present()) return entry.required();
  const auto text = go_base64_decode(entry.text());
  const std::string_view json = text.ok() ? std::string_view(*text) : std::string_view();
  const auto parsed = parse_json(json);
  if (!parsed.ok() || (!parsed->root().is_object() && !parsed->root().is_null()))
    entry.invalid(kRedacted, json_object_problem(json));
}

void validate_keys_of_type(const FieldRef& root) {
  const FieldRef type = root["type"];
  const FieldRef data = root["data"];
  if (type.is("kubernetes.io/service-account-token")) {
    const FieldRef annotations = root["metadata.annotations"];
    annotations.key("kubernetes.io/service-account.name").require();
  } else if (type.is("kubernetes.io/dockercfg")) {
    validate_docker_config(data, ".dockercfg");
  } else if (type.is("kubernetes.io/dockerconfigjson")) {
    validate_docker_config(data, ".dockerconfigjson");
  } else if (type.is("kubernetes.io/basic-auth")) {
    const FieldRef user = data.key("username");
    const FieldRef password = data.key("password");
    if (user.present() || password.present()) return;
    user.required();
    password.required();
  } else if (type.is("kubernetes.io/ssh-auth")) {
    data.key("ssh-privatekey").require();
  } else if (type.is("kubernetes.io/tls")) {
    for (const std::string_view key : {"tls.crt", "tls.key"}) {
      if (!data.key(key).present()) data.key(key).required();
    }
  }
}

void validate_secret(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef data = root["data"];
  std::size_t bytes = 0;
  data.each_entry([&](const FieldRef& entry, std::string_view key) {
    validate_key(entry, key);
    bytes += decoded_size(entry.text());
  });
  if (bytes > kDataBytesMax) data.too_long(static_cast<std::int64_t>(kDataBytesMax));
  validate_keys_of_type(root);
}

void validate_secret_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["type"].immutable(old["type"]);
  validate_frozen(root, old, {"data"});
}

// References to secrets are names; nothing else of them is kept.
void prepare_service_account(Draft& draft) {
  change_items(draft, draft.root(), "secrets", [&](Value& secret) {
    Value name = draft.object();
    draft.set(name, "name", secret["name"]);
    secret = name;
  });
}

void prepare_service_account_update(Draft& draft, const Value& /*old*/) { prepare_service_account(draft); }

constexpr Strategy kStrategies[] = {
    {.group = "",
     .kind = "ServiceAccount",
     .prepare_for_create = prepare_service_account,
     .prepare_for_update = prepare_service_account_update},
    {.group = "", .kind = "ConfigMap", .validate = validate_config_map, .validate_update = validate_config_map_update},
    {.group = "",
     .kind = "Secret",
     .default_ = default_secret,
     .validate = validate_secret,
     .validate_update = validate_secret_update},
};

}  // namespace

std::span<const Strategy> config_strategies() { return kStrategies; }

}  // namespace plinth::api

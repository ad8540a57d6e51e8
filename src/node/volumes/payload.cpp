#include "node/volumes/payload.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "node/pod/security.h"

namespace plinth::node {
namespace {

constexpr std::uint32_t kDefaultMode = 0644;
constexpr std::int64_t kTokenSecondsDefault = 3600;

std::uint32_t mode_of(const Value& own, std::uint32_t otherwise) {
  return own.is_int() ? static_cast<std::uint32_t>(own.as_int()) : otherwise;
}

class PayloadMaker {
 public:
  PayloadMaker(const VolumeRequest& request, const Tokens& tokens) : request_(request), tokens_(tokens) {}

  Result<Payload> make() {
    const Value& volume = request_.volume;
    if (const Value source = volume["configMap"]; source.is_object()) {
      TRY(add_config_map(source, mode_of(source["defaultMode"], kDefaultMode)));
    } else if (const Value secret = volume["secret"]; secret.is_object()) {
      TRY(add_secret(secret, secret["secretName"].as_string(), mode_of(secret["defaultMode"], kDefaultMode)));
    } else if (const Value downward = volume["downwardAPI"]; downward.is_object()) {
      TRY(add_downward(downward, mode_of(downward["defaultMode"], kDefaultMode)));
    } else {
      TRY(add_projected(volume["projected"]));
    }
    return std::move(out_);
  }

 private:
  Result<void> add_projected(const Value& projected) {
    const std::uint32_t mode = mode_of(projected["defaultMode"], kDefaultMode);
    for (const Value& source : projected["sources"].items()) {
      if (source["configMap"].is_object())
        TRY(add_config_map(source["configMap"], mode));
      else if (source["secret"].is_object())
        TRY(add_secret(source["secret"], source["secret"]["name"].as_string(), mode));
      else if (source["downwardAPI"].is_object())
        TRY(add_downward(source["downwardAPI"], mode));
      else if (source["serviceAccountToken"].is_object())
        TRY(add_token(source["serviceAccountToken"], mode));
      else
        return Error(Reason::kMethodNotAllowed,
                     "a projected source is of a kind that this node does not serve (clusterTrustBundle, podCertificate)");
    }
    return {};
  }

  void put(std::string path, std::string data, std::uint32_t mode) {
    ProjectedFile file;
    file.data = std::move(data);
    file.mode = mode;
    out_[std::move(path)] = std::move(file);
  }

  // Either all keys or those of `items`.
  Result<void> add_keys(const Value& source, const std::map<std::string, std::string>& data, bool optional, std::uint32_t mode,
                        std::string_view title) {
    if (source["items"].size() == 0) {
      for (const auto& [key, value] : data) put(key, value, mode);
      return {};
    }
    for (const Value& item : source["items"].items()) {
      const auto it = data.find(std::string(item["key"].as_string()));
      if (it == data.end()) {
        if (optional) continue;
        return Error(Reason::kNotFound,
                     fmt::format("{} references non-existent config key: {}", title, item["key"].as_string()));
      }
      put(std::string(item["path"].as_string()), it->second, mode_of(item["mode"], mode));
    }
    return {};
  }

  Result<std::optional<client::Object>> object(std::string_view plural, std::string_view kind, std::string_view name,
                                               bool optional) const {
    const auto resource = request_.view->find_resource("", plural);
    auto found = resource ? request_.view->get(*resource, request_.pod->name_space, name) : std::nullopt;
    if (!found && !optional) return Error(Reason::kNotFound, fmt::format("{} \"{}\" not found", kind, name));
    return found;
  }

  Result<void> add_config_map(const Value& source, std::uint32_t mode) {
    const bool optional = source["optional"].as_bool();
    const auto map = TRY(object("configmaps", "configmap", source["name"].as_string(), optional));
    if (!map) return {};
    std::map<std::string, std::string> data;
    for (const Member& m : (*map)["data"].members()) data[std::string(m.key())] = m.value.as_string();
    for (const Member& m : (*map)["binaryData"].members())
      data[std::string(m.key())] = base64_decode(m.value.as_string()).value_or("");
    return add_keys(source, data, optional, mode, "configmap");
  }

  Result<void> add_secret(const Value& source, std::string_view name, std::uint32_t mode) {
    const bool optional = source["optional"].as_bool();
    const auto secret = TRY(object("secrets", "secret", name, optional));
    if (!secret) return {};
    std::map<std::string, std::string> data;
    for (const Member& m : (*secret)["data"].members())
      data[std::string(m.key())] = base64_decode(m.value.as_string()).value_or("");
    return add_keys(source, data, optional, mode, "secret");
  }

  Result<void> add_downward(const Value& source, std::uint32_t mode) {
    for (const Value& item : source["items"].items()) {
      std::string value;
      if (item["fieldRef"].is_object()) {
        value = TRY(field_value(*request_.pod, item["fieldRef"]["fieldPath"].as_string(), request_.facts));
      } else {
        const Value ref = item["resourceFieldRef"];
        const PodContainer* container = request_.pod->find(ref["containerName"].as_string());
        if (container == nullptr) return bad_request(fmt::format("container {} not found", ref["containerName"].as_string()));
        value = TRY(resource_value(*container, ref, request_.facts));
      }
      put(std::string(item["path"].as_string()), std::move(value), mode_of(item["mode"], mode));
    }
    return {};
  }

  // Readable by its user alone where that is known, or by the group of the volume.
  Result<void> add_token(const Value& source, std::uint32_t mode) {
    const TokenWish wish{std::string(source["audience"].as_string()),
                         source["expirationSeconds"].is_int() ? source["expirationSeconds"].as_int() : kTokenSecondsDefault};
    const auto token = tokens_.find(wish);
    if (token == tokens_.end()) return internal_error("a token is missing");
    ProjectedFile file;
    file.data = token->second.token;
    file.mode = mode;
    if (fs_group(*request_.pod)) {
      file.mode = 0600;
    } else if (const auto user = the_one_user()) {
      file.mode = 0600;
      file.owner = *user;
    }
    out_[std::string(source["path"].as_string())] = std::move(file);
    return {};
  }

  std::optional<std::int64_t> the_one_user() const {
    std::optional<std::int64_t> user;
    for (const PodContainer& container : request_.pod->containers) {
      Value own = container.spec["securityContext"]["runAsUser"];
      if (!own.is_int()) own = request_.pod->spec()["securityContext"]["runAsUser"];
      if (!own.is_int() || (user && *user != own.as_int())) return std::nullopt;
      user = own.as_int();
    }
    return user;
  }

  const VolumeRequest& request_;
  const Tokens& tokens_;
  Payload out_;
};

}  // namespace

std::vector<TokenWish> tokens_wanted(const Value& volume) {
  std::vector<TokenWish> out;
  for (const Value& source : volume["projected"]["sources"].items()) {
    const Value token = source["serviceAccountToken"];
    if (!token.is_object()) continue;
    out.push_back({std::string(token["audience"].as_string()),
                   token["expirationSeconds"].is_int() ? token["expirationSeconds"].as_int() : kTokenSecondsDefault});
  }
  return out;
}

Result<Payload> make_payload(const VolumeRequest& request, const Tokens& tokens) {
  return PayloadMaker(request, tokens).make();
}

}  // namespace plinth::node

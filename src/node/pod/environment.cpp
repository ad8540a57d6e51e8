#include "node/pod/environment.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/text.h"

namespace plinth::node {
namespace {

constexpr std::size_t kVariablesMax = 10'000;  // of one container

class EnvironmentMaker {
 public:
  EnvironmentMaker(const Pod& pod, const PodContainer& container, const client::View& view, const DownwardFacts& facts,
                   ServiceLinksPtr services)
      : pod_(pod), container_(container), view_(view), facts_(facts), services_(std::move(services)) {}

  Result<Environment> make() {
    for (const Value& source : container_.spec["envFrom"].items()) TRY(add_source(source));
    for (const Value& variable : container_.spec["env"].items()) TRY(add_variable(variable));
    Environment out{std::move(out_), services_->shared()};
    const auto hides_link = [&](const KeyValue& variable) { return services_->find(variable.key) != nullptr; };
    if (std::any_of(out.own.begin(), out.own.end(), hides_link)) keep_seen(out);
    if (out.own.size() + (out.shared ? out.shared->size() : 0) > kVariablesMax)
      return bad_request("the container has too many environment variables");
    return out;
  }

 private:
  // A list of this container alone: what it names itself is not told a second time.
  void keep_seen(Environment& out) const {
    for (const KeyValue& link : *std::exchange(out.shared, nullptr)) {
      if (places_.count(link.key) == 0) out.own.push_back(link);
    }
  }

  void put(const std::string& name, std::string value) {
    const auto [place, added] = places_.emplace(name, out_.size());
    if (added)
      out_.push_back({name, std::move(value)});
    else
      out_[place->second].value = std::move(value);
  }

  // Nothing when it is missing and may be.
  Result<std::optional<client::Object>> object(std::string_view plural, const Value& ref, std::string_view kind) const {
    const std::string_view name = ref["name"].as_string();
    const auto resource = view_.find_resource("", plural);
    auto found = resource ? view_.get(*resource, pod_.name_space, name) : std::nullopt;
    if (!found && !ref["optional"].as_bool()) return Error(Reason::kNotFound, fmt::format("{} \"{}\" not found", kind, name));
    return found;
  }

  static std::string decoded(const Value& base64) { return base64_decode(base64.as_string()).value_or(""); }

  Result<void> add_source(const Value& source) {
    const std::string prefix(source["prefix"].as_string());
    if (const Value ref = source["configMapRef"]; ref.is_object()) {
      const auto map = TRY(object("configmaps", ref, "configmap"));
      if (map) {
        for (const Member& m : (*map)["data"].members()) put(prefix + std::string(m.key()), std::string(m.value.as_string()));
      }
    } else if (const Value secret_ref = source["secretRef"]; secret_ref.is_object()) {
      const auto secret = TRY(object("secrets", secret_ref, "secret"));
      if (secret) {
        for (const Member& m : (*secret)["data"].members()) put(prefix + std::string(m.key()), decoded(m.value));
      }
    }
    return {};
  }

  Result<void> add_variable(const Value& variable) {
    const std::string name(variable["name"].as_string());
    const Value from = variable["valueFrom"];
    if (!from.is_object()) {
      put(name, expand_variables(variable["value"].as_string(), [this](std::string_view v) { return lookup(v); }));
      return {};
    }
    auto value = TRY(value_from(from));
    if (value) put(name, std::move(*value));
    return {};
  }

  std::optional<std::string> lookup(std::string_view name) {
    if (const auto place = places_.find(std::string(name)); place != places_.end()) return out_[place->second].value;
    const std::string* link = services_->find(name);
    return link != nullptr ? std::optional(*link) : std::nullopt;
  }

  Result<std::optional<std::string>> value_from(const Value& from) const {
    using Found = std::optional<std::string>;
    if (const Value ref = from["fieldRef"]; ref.is_object())
      return Found(TRY(field_value(pod_, ref["fieldPath"].as_string(), facts_)));
    if (const Value ref = from["resourceFieldRef"]; ref.is_object()) {
      const std::string_view of = ref["containerName"].as_string();
      const PodContainer* container = of.empty() ? &container_ : pod_.find(of);
      if (container == nullptr) return bad_request("container " + std::string(of) + " not found");
      return Found(TRY(resource_value(*container, ref, facts_)));
    }
    if (const Value ref = from["configMapKeyRef"]; ref.is_object())
      return TRY(key_of("configmaps", "configmap", "ConfigMap", ref));
    if (const Value ref = from["secretKeyRef"]; ref.is_object()) return TRY(key_of("secrets", "secret", "Secret", ref));
    return bad_request("a variable has a source of a kind that is not known");
  }

  Result<std::optional<std::string>> key_of(std::string_view plural, std::string_view kind, std::string_view title,
                                            const Value& ref) const {
    using Found = std::optional<std::string>;
    const auto holder = TRY(object(plural, ref, kind));
    if (!holder) return Found();
    const std::string_view key = ref["key"].as_string();
    const Value value = (*holder)["data"][key];
    if (value.is_string()) return plural == "secrets" ? Found(decoded(value)) : Found(value.as_string());
    if (ref["optional"].as_bool()) return Found();
    return Error(Reason::kNotFound,
                 fmt::format("couldn't find key {} in {} {}/{}", key, title, pod_.name_space, ref["name"].as_string()));
  }

  const Pod& pod_;
  const PodContainer& container_;
  const client::View& view_;
  const DownwardFacts& facts_;
  const ServiceLinksPtr services_;
  std::vector<KeyValue> out_;
  std::unordered_map<std::string, std::size_t> places_;  // in out_, by name
};

}  // namespace

Result<Environment> make_environment(const Pod& pod, const PodContainer& container, const client::View& view,
                                     const DownwardFacts& facts, ServiceVariables& services) {
  const Value links = pod.spec()["enableServiceLinks"];
  const bool all = !links.is_bool() || links.as_bool();
  return EnvironmentMaker(pod, container, view, facts, services.of_pod(view, pod.name_space, all, kVariablesMax)).make();
}

std::string expand_variables(std::string_view text, const std::function<std::optional<std::string>(std::string_view)>& lookup) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
    } else if (text[i + 1] == '$') {
      out += '$';
      ++i;
    } else if (text[i + 1] == '(' && text.find(')', i) != std::string_view::npos) {
      const std::size_t end = text.find(')', i);
      const std::string_view name = text.substr(i + 2, end - i - 2);
      const auto value = lookup(name);
      out += value ? *value : std::string(text.substr(i, end - i + 1));
      i = end;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> expand_all(const Value& texts, const Environment& environment) {
  std::vector<std::string> out;
  for (const Value& text : texts.items()) {
    out.push_back(expand_variables(text.as_string(), [&](std::string_view name) { return environment.find(name); }));
  }
  return out;
}

}  // namespace plinth::node

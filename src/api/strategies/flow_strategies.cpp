// Flow schemas and priority levels (upstream: pkg/apis/flowcontrol/validation).
#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/core.h>

#include "api/strategies/field_ref.h"
#include "api/strategies/flow_objects.h"
#include "api/strategies/strategy_tables.h"
#include "base/json.h"

namespace plinth::api {
namespace {

constexpr std::int64_t kPrecedenceMax = 10000;
constexpr std::int64_t kQueuesMax = 10'000'000;
constexpr int kHashBitsMax = 60;
constexpr std::string_view kVerbs[] = {"create", "delete", "deletecollection", "get",  "list",
                                       "patch",  "proxy",  "update",           "watch"};

bool has_wildcard(const Value& list) {
  for (const Value& item : list.items()) {
    if (item.as_string() == "*") return true;
  }
  return false;
}

// A list with at least one entry, of which "*" must be the only one.
bool check_wildcard_list(const FieldRef& list, std::string missing, std::string_view others) {
  if (list.size() == 0) {
    list.required(std::move(missing));
    return false;
  }
  if (!has_wildcard(list.value())) return true;
  if (list.size() > 1) list.invalid(to_json(list.value()), fmt::format("if '*' is present, must not specify other {}", others));
  return false;
}

void validate_verbs(const FieldRef& verbs) {
  if (!check_wildcard_list(verbs, "verbs must contain at least one value", "verbs")) return;
  for (const Value& verb : verbs.value().items()) {
    if (std::find(std::begin(kVerbs), std::end(kVerbs), verb.as_string()) == std::end(kVerbs))
      return verbs.not_supported(kVerbs);
  }
}

void validate_resource_rule(const FieldRef& rule) {
  validate_verbs(rule["verbs"]);
  check_wildcard_list(rule["apiGroups"], "resource rules must supply at least one api group", "api groups");
  check_wildcard_list(rule["resources"], "resource rules must supply at least one resource", "resources");
  const FieldRef namespaces = rule["namespaces"];
  if (namespaces.size() == 0 && rule["clusterScope"].flag()) return;
  if (!check_wildcard_list(namespaces, "resource rules that are not cluster scoped must supply at least one namespace",
                           "namespaces"))
    return;
  namespaces.each_item([](const FieldRef& name, std::size_t) {
    for (const std::string& problem : check_dns1123_label(name.text())) {
      name.invalid("each member of this list must be '*' or a DNS-1123 label; " + problem);
    }
  });
}

void validate_url(const FieldRef& url) {
  const std::string_view path = url.text();
  if (path == "/") return;
  const std::size_t star = path.find('*');
  if (path.empty())
    url.invalid("must not be empty");
  else if (path.front() != '/')
    url.invalid("must start with slash");
  else if (path.find(' ') != std::string_view::npos)
    url.invalid("must not contain white-space");
  else if (path.find("//") != std::string_view::npos)
    url.invalid("must not contain double slash");
  else if (star != std::string_view::npos && (star + 1 != path.size() || !path.ends_with("/*")))
    url.invalid("wildcard can only do suffix matching");
}

void validate_path_rule(const FieldRef& rule) {
  validate_verbs(rule["verbs"]);
  const FieldRef urls = rule["nonResourceURLs"];
  if (!check_wildcard_list(urls, "nonResourceURLs must contain at least one value", "non-resource URLs")) return;
  urls.each_item([](const FieldRef& url, std::size_t) { validate_url(url); });
}

void validate_account(const FieldRef& account) {
  const FieldRef name = account["name"];
  const FieldRef name_space = account["namespace"];
  if (name.require() && !name.is("*")) name.check(check_dns1123_subdomain);
  name_space.check_required(check_dns1123_label, "must specify namespace for service account");
}

// Exactly the member that the kind names.
void validate_subject(const FieldRef& subject) {
  struct Choice {
    std::string_view kind, member;
  };
  constexpr Choice kChoices[] = {{"ServiceAccount", "serviceAccount"}, {"User", "user"}, {"Group", "group"}};
  const FieldRef kind = subject["kind"];
  if (!kind.is("ServiceAccount") && !kind.is("User") && !kind.is("Group"))
    return kind.not_supported({"Group", "ServiceAccount", "User"});
  for (const Choice& choice : kChoices) {
    const FieldRef member = subject[choice.member];
    if (!kind.is(choice.kind)) {
      if (member.present())
        member.forbidden(fmt::format("{} is forbidden when subject kind is not '{}'", choice.member, choice.kind));
    } else if (!member.present()) {
      member.required(fmt::format("{} is required when subject kind is '{}'", choice.member, choice.kind));
    } else if (choice.kind == "ServiceAccount") {
      validate_account(member);
    } else {
      member["name"].require();
    }
  }
}

// What a mandatory object's spec must be; nothing for others.
std::optional<Document> fixed_object(std::string_view kind, std::string_view name) {
  for (const std::string_view text : mandatory_flow_objects()) {
    auto object = parse_json(text);
    if (object.ok() && (*object)["kind"].as_string() == kind && (*object)["metadata"]["name"].as_string() == name)
      return std::move(*object);
  }
  return std::nullopt;
}

void validate_conditions(const FieldRef& conditions) {
  conditions.each_item([&](const FieldRef& condition, std::size_t at) {
    const FieldRef type = condition["type"];
    if (!type.require()) return;
    for (std::size_t i = 0; i < at; ++i) {
      if (conditions.value().items()[i]["type"].as_string() == type.text()) return type.duplicate();
    }
  });
}

void validate_flow_schema(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const std::string_view name = object["metadata"]["name"].as_string();
  const FieldRef precedence = spec["matchingPrecedence"];
  if (precedence.number() <= 0) precedence.invalid("must be a positive value");
  if (precedence.number() > kPrecedenceMax) precedence.invalid(fmt::format("must not be greater than {}", kPrecedenceMax));
  if (precedence.number() == 1 && name != "exempt")
    precedence.invalid("only the schema named 'exempt' may have matchingPrecedence 1");
  const FieldRef method = spec["distinguisherMethod.type"];
  if (spec["distinguisherMethod"].present() && !method.is("ByUser") && !method.is("ByNamespace"))
    method.not_supported({"ByNamespace", "ByUser"});
  spec["priorityLevelConfiguration.name"].check_required(check_dns1123_subdomain, "must reference a priority level");
  spec["rules"].each_item([](const FieldRef& rule, std::size_t) {
    const FieldRef subjects = rule["subjects"];
    if (subjects.size() == 0) subjects.required("subjects must contain at least one value");
    subjects.each_item([](const FieldRef& subject, std::size_t) { validate_subject(subject); });
    if (rule["resourceRules"].size() == 0 && rule["nonResourceRules"].size() == 0) {
      rule.required("at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    rule["resourceRules"].each_item([](const FieldRef& r, std::size_t) { validate_resource_rule(r); });
    rule["nonResourceRules"].each_item([](const FieldRef& r, std::size_t) { validate_path_rule(r); });
  });
  const auto fixed = fixed_object("FlowSchema", name);
  if (fixed && !same(spec.value(), (*fixed)["spec"]))
    spec.invalid(to_json(spec.value()), fmt::format("spec of '{}' must equal the fixed value", name));
  validate_conditions(root["status.conditions"]);
}

void validate_queuing(const FieldRef& queuing) {
  const FieldRef queues = queuing["queues"];
  const FieldRef hand = queuing["handSize"];
  const FieldRef length = queuing["queueLengthLimit"];
  if (length.number() <= 0) length.invalid("must be positive");
  if (queues.number() <= 0)
    queues.invalid("must be positive");
  else if (queues.number() > kQueuesMax)
    queues.invalid(fmt::format("must not be greater than {}", kQueuesMax));
  if (hand.number() <= 0) return hand.invalid("must be positive");
  if (hand.number() > queues.number())
    return hand.invalid(fmt::format("should not be greater than queues ({})", queues.number()));
  const auto bits =
      static_cast<int>(std::ceil(std::log2(static_cast<double>(queues.number())) * static_cast<double>(hand.number())));
  if (bits > kHashBitsMax) {
    hand.invalid(fmt::format("required entropy bits of deckSize {} and handSize {} should not be greater than {}",
                             queues.number(), hand.number(), kHashBitsMax));
  }
}

void validate_shares(const FieldRef& part) {
  const FieldRef shares = part["nominalConcurrencyShares"];
  const FieldRef lendable = part["lendablePercent"];
  if (shares.number() < 0) shares.invalid("must be a non-negative integer");
  if (lendable.number() < 0 || lendable.number() > 100) lendable.invalid("must be between 0 and 100, inclusive");
}

void validate_limited(const FieldRef& limited) {
  validate_shares(limited);
  const FieldRef response = limited["limitResponse"];
  const FieldRef type = response["type"];
  const FieldRef queuing = response["queuing"];
  if (type.is("Reject")) {
    if (queuing.present()) queuing.forbidden("must be nil if limited.limitResponse.type is not Limited");
  } else if (type.is("Queue")) {
    if (!queuing.present())
      queuing.required("must not be empty if limited.limitResponse.type is Limited");
    else
      validate_queuing(queuing);
  } else if (type.require()) {
    type.not_supported({"Queue", "Reject"});
  }
  const FieldRef borrowing = limited["borrowingLimitPercent"];
  if (borrowing.number() < 0) borrowing.invalid("if specified, must be a non-negative integer");
}

void validate_fixed_level(const FieldRef& spec, std::string_view name) {
  const auto fixed = fixed_object("PriorityLevelConfiguration", name);
  if (!fixed) return;
  const bool exempt = name == "exempt";
  const bool equal = exempt ? same(spec["type"].value(), (*fixed)["spec"]["type"]) && !spec["limited"].present()
                            : same(spec.value(), (*fixed)["spec"]);
  if (!equal)
    spec.invalid(to_json(spec.value()), fmt::format("spec of '{}' {}must equal the fixed value", name,
                                                    exempt ? "except the 'spec.exempt' field " : ""));
}

void validate_priority_level(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const std::string_view name = object["metadata"]["name"].as_string();
  const FieldRef type = spec["type"];
  const FieldRef limited = spec["limited"];
  const FieldRef exempt = spec["exempt"];
  if ((name == "exempt") != type.is("Exempt")) type.invalid("must be 'Exempt' if and only if `name` is 'exempt'");
  if (type.is("Exempt")) {
    if (limited.present()) limited.forbidden("must be nil if the type is not Limited");
    if (exempt.present()) validate_shares(exempt);
  } else if (type.is("Limited")) {
    if (exempt.present()) exempt.forbidden("must be nil if the type is Limited");
    if (!limited.present())
      limited.required("must not be empty when type is Limited");
    else
      validate_limited(limited);
  } else if (type.require()) {
    type.not_supported({"Exempt", "Limited"});
  }
  validate_fixed_level(spec, name);
  validate_conditions(root["status.conditions"]);
}

void validate_status(const Value& object, const Value& /*old*/, FieldErrors& errors) {
  const FieldRef root(object, errors);
  validate_conditions(root["status.conditions"]);
}

constexpr Strategy kStrategies[] = {
    {.group = "flowcontrol.apiserver.k8s.io",
     .kind = "FlowSchema",
     .status_resets = StatusResets::kMetadata,
     .validate = validate_flow_schema,
     .validate_status_update = validate_status},
    {.group = "flowcontrol.apiserver.k8s.io",
     .kind = "PriorityLevelConfiguration",
     .status_resets = StatusResets::kMetadata,
     .validate = validate_priority_level,
     .validate_status_update = validate_status},
};

}  // namespace

std::span<const Strategy> flow_strategies() { return kStrategies; }

}  // namespace plinth::api

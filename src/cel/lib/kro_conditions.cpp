// kro's `runtime`: conditions made and looked up by the author of a definition.
#include <algorithm>

#include <fmt/core.h>

#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

constexpr std::string_view kKeys[] = {"type", "status", "reason", "message"};

class ConditionType final : public ObjectType {
 public:
  std::string_view name() const override { return kConditionType; }
  std::optional<Type> field(std::string_view field) const override {
    for (std::string_view key : kKeys) {
      if (key == field) return Type::string();
    }
    return std::nullopt;
  }
  std::vector<std::string> field_names() const override { return {std::begin(kKeys), std::end(kKeys)}; }
};

const Type& condition_type() {
  static const Type type = Type::object(std::make_shared<ConditionType>());
  return type;
}

bool is_status(std::string_view text) { return text == "True" || text == "False" || text == "Unknown"; }

// The keys of newCondition's argument are bare words; they become text, so that the checker does not take them for variables.
NodeId expand_new_condition(const MacroCall& c) {
  if (!c.target_is("runtime")) return kNoNode;
  const Node map = c.ast.node(c.args[0]);
  if (map.kind != NodeKind::kMap) return c.fail(c.args[0], "runtime.newCondition: argument must be a map literal");
  const auto children = c.ast.children(map);
  std::vector<NodeId> parts(children.begin(), children.end());
  std::vector<std::string_view> seen;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    const Node key = c.ast.node(parts[i]);
    if (key.kind != NodeKind::kIdent) {
      return c.fail(parts[i],
                    "runtime.newCondition: keys must be bare identifiers (type, status, reason, message); quoted or computed "
                    "keys are not allowed");
    }
    if (std::find(std::begin(kKeys), std::end(kKeys), key.name) == std::end(kKeys)) {
      return c.fail(parts[i],
                    fmt::format("runtime.newCondition: unknown key \"{}\" (allowed: type, status, reason, message)", key.name));
    }
    if (std::find(seen.begin(), seen.end(), key.name) != seen.end())
      return c.fail(parts[i], fmt::format("runtime.newCondition: duplicate key \"{}\"", key.name));
    seen.push_back(key.name);
    parts[i] = c.literal(Value::string(key.name));
  }
  for (std::string_view required : {"type", "status"}) {
    if (std::find(seen.begin(), seen.end(), required) == seen.end())
      return c.fail(c.args[0], fmt::format("runtime.newCondition: '{}' is required", required));
  }
  const NodeId argument = c.ast.add(Node{.kind = NodeKind::kMap, .position = map.position}, parts);
  return c.call(kNewCondition, {&argument, 1});
}

std::string_view text_of(const Map& map, std::string_view key, Memory& memory) {
  Value value;
  return map.find(key, memory, &value) && value.is(Kind::kString) ? value.as_string() : std::string_view();
}

Value make_condition(std::string_view type, std::string_view status, std::string_view reason, std::string_view message,
                     Memory& memory) {
  MapBuilder out(memory, 4);
  const std::string_view values[] = {type, status, reason, message};
  for (std::size_t i = 0; i < 4; ++i) out.insert(Value::string(kKeys[i]), Value::string(values[i]));
  return Value::map(out.finish());
}

Value new_condition(CallContext& context, Args args) {
  const Map map(args[0]);
  for (std::size_t i = 0; i < map.size(); ++i) {
    const MapEntry entry = map.entry(i, context.memory);
    if (entry.value.is_error()) return entry.value;
    if (!entry.value.is(Kind::kString)) {
      return context.error(
          fmt::format("runtime.newCondition: {} must be a string, got {}", entry.key.as_string(), type_name(entry.value)));
    }
  }
  Memory& memory = context.memory;
  const std::string_view type = text_of(map, "type", memory), status = text_of(map, "status", memory);
  if (type.empty()) return context.error("runtime.newCondition: type must not be empty");
  if (!is_status(status)) {
    return context.error(fmt::format("runtime.newCondition: status must be one of True, False, Unknown (got \"{}\")", status));
  }
  return make_condition(type, status, text_of(map, "reason", memory), text_of(map, "message", memory), memory);
}

// One that is not there is one of empty fields.
Value find_condition(CallContext& context, Args args) {
  Memory& memory = context.memory;
  const std::string_view wanted = args[1].as_string();
  if (!args[0].is(Kind::kMap)) {
    return context.error(fmt::format("runtime.condition: obj must be an object, got {}", type_name(args[0])));
  }
  Value status, conditions;
  const bool told = Map(args[0]).find("status", memory, &status);
  if (told && !status.is(Kind::kMap)) return context.error("runtime.condition: obj.status must be an object");
  if (told && Map(status).find("conditions", memory, &conditions)) {
    if (!conditions.is(Kind::kList)) return context.error("runtime.condition: obj.status.conditions must be a list");
    const List list(conditions);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Value item = list.at(i, memory);
      if (!item.is(Kind::kMap)) {
        return context.error(fmt::format("runtime.condition: unexpected condition element type {}", type_name(item)));
      }
      const Map map(item);
      if (text_of(map, "type", memory) != wanted) continue;
      return make_condition(wanted, text_of(map, "status", memory), text_of(map, "reason", memory),
                            text_of(map, "message", memory), memory);
    }
  }
  return make_condition("", "", "", "", memory);
}

}  // namespace

Library kro_conditions_library() {
  static const Macros macros = {{"newCondition", MacroStyle::kReceiver, 1, expand_new_condition}};
  Library l("kro.runtime");
  l.add_macros(macros);
  l.global(kNewCondition, "runtime_newCondition_map", {Type::map(Type::string(), Type::string())}, condition_type(),
           new_condition);
  l.global(kFindCondition, "runtime_condition_dyn_string", {Type::dyn(), Type::string()}, condition_type(), find_condition);
  return l;
}

}  // namespace plinth::cel

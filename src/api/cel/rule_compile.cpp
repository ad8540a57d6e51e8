// One rule: its environment, its programs, its field path.
#include <algorithm>

#include <fmt/core.h>

#include "api/cel/environments.h"
#include "api/cel/schema_rules.h"
#include "base/text.h"

namespace plinth::api {
namespace {

bool names_old_self(const cel::Program& program) {
  const auto& paths = program.references();
  return std::any_of(paths.begin(), paths.end(), [](const cel::VariablePath& path) { return path.variable == "oldSelf"; });
}

// The expression as a program of that type, or what is wrong with it.
std::optional<cel::Program> compile_as(std::string_view expression, const cel::Environment& environment, const cel::Type& type,
                                       std::string_view failed, std::string_view wrong_type, std::string& error) {
  auto program = cel::compile(expression, environment);
  if (!program.ok()) {
    error = std::string(failed) + program.error().message();
    return std::nullopt;
  }
  if (!(program->result_type() == type)) {
    error = wrong_type;
    return std::nullopt;
  }
  return std::move(*program);
}

// Tokens of a field path: the delimiters '.', '[' and ']', texts in single quotes, and what stands between.
class PathTokens {
 public:
  explicit PathTokens(std::string_view text) : rest_(text) {}
  bool next(std::string_view& token) {
    if (rest_.empty()) return false;
    std::size_t size = rest_.find_first_of(".[]");
    if (rest_[0] == '\'')
      size = quoted_size();
    else if (size == 0)
      size = 1;
    size = std::min(size, rest_.size());
    token = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

 private:
  std::size_t quoted_size() const {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\'' && rest_[i - 1] != '\\') return i + 1;
    }
    return rest_.size();
  }
  std::string_view rest_;
};

Result<std::string> unescape(std::string_view quoted) {
  static constexpr std::pair<char, char> kEscapes[] = {{'a', '\a'}, {'b', '\b'}, {'f', '\f'},  {'n', '\n'}, {'r', '\r'},
                                                       {'t', '\t'}, {'v', '\v'}, {'\'', '\''}, {'\\', '\\'}};
  std::string out;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] != '\\' || i + 1 == quoted.size()) {
      out += quoted[i];
      continue;
    }
    const char name = quoted[++i];
    const auto* known = std::find_if(std::begin(kEscapes), std::end(kEscapes), [&](const auto& e) { return e.first == name; });
    if (known == std::end(kEscapes))
      return Error(Reason::kInvalid, fmt::format("invalid string literal: invalid escape char \\{}", name));
    out += known->second;
  }
  return out;
}

Result<std::string> bracketed(PathTokens& tokens) {
  std::string_view token;
  if (!tokens.next(token)) return Error(Reason::kInvalid, "unexpected end of JSON path");
  if (token.size() < 2 || token.front() != '\'' || token.back() != '\'') {
    return Error(Reason::kInvalid, fmt::format("expected single quoted string but got {}", token));
  }
  std::string name = TRY(unescape(token.substr(1, token.size() - 2)));
  if (!tokens.next(token)) return Error(Reason::kInvalid, "unexpected end of JSON path");
  if (token != "]") return Error(Reason::kInvalid, fmt::format("expected ] but got {}", token));
  return name;
}

}  // namespace

cel::Environment rule_environment(RulePlace place, const std::shared_ptr<const void>& keeper, bool optional_old_self) {
  const cel::Type type = *rule_type(place, "selfType", keeper);
  cel::Environment environment = rules_environment();
  environment.declare("self", type);
  environment.declare("oldSelf", optional_old_self ? cel::Type::optional(type) : type);
  return environment;
}

CompiledRule compile_rule(RulePlace place, const ValidationRule& rule, const cel::Environment& environment) {
  CompiledRule out;
  out.source = &rule;
  if (trim(rule.rule).empty()) return out;
  out.program = compile_as(rule.rule, environment, cel::Type::boolean(),
                           "compilation failed: ", "cel expression must evaluate to a bool", out.error);
  if (!out.program) return out;
  out.uses_old_self = names_old_self(*out.program);
  if (!rule.message_expression.empty()) {
    out.message =
        compile_as(rule.message_expression, environment, cel::Type::string(),
                   "messageExpression compilation failed: ", "messageExpression must evaluate to a string", out.message_error);
  }
  if (!rule.field_path.empty()) {
    if (auto path = rule_field_path(*place.schema, rule.field_path); path.ok()) out.field_path = std::move(*path);
  }
  return out;
}

Result<std::string> rule_field_path(const Schema& schema, std::string_view path) {
  const Schema* at = &schema;
  std::string out;
  PathTokens tokens(path);
  for (std::string_view token; tokens.next(token);) {
    std::string name;
    if (token == "[") {
      name = TRY(bracketed(tokens));
    } else if (token == ".") {
      if (!tokens.next(token)) return Error(Reason::kInvalid, "unexpected end of JSON path");
      name = token;
    } else {
      return Error(Reason::kInvalid, fmt::format("expected [ or . but got: {}", token));
    }
    if (!at->fields.empty()) {
      const Field* field = at->field(name);
      if (field == nullptr) return Error(Reason::kInvalid, "does not refer to a valid field");
      out = child(out, name);
      at = field->schema;
    } else if (at->additional != nullptr) {
      out = keyed(out, name);
      at = at->additional;
    } else {
      return Error(Reason::kInvalid, "does not refer to a valid field");
    }
  }
  return out;
}

}  // namespace plinth::api

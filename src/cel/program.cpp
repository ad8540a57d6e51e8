#include "cel/program.h"

#include <fmt/core.h>

#include "cel/checker.h"
#include "cel/op.h"
#include "cel/parser.h"
#include "cel/planner.h"

namespace plinth::cel {

struct Program::Body {
  std::string source;
  Type result_type;
  std::vector<VariablePath> references;
  std::uint32_t local_count = 0;
  std::shared_ptr<const TimeZones> zones;
  static constexpr std::size_t kFirstConstantsBytes = 256;  // there are many programs, with few constants each
  Memory constants{kFirstConstantsBytes};
  OpPtr root;
};

namespace {

Result<CheckedAst> parse_and_check(std::string_view expression, const Environment& environment, const CompileOptions& options) {
  ParseOptions parsing;
  if (options.macros) parsing.macros = environment.macros();
  parsing.optional_syntax = environment.settings().optional_syntax;
  Ast ast = TRY(parse(expression, parsing));
  CheckedAst checked = TRY(check(std::move(ast), environment, options.check ? CheckMode::kStrict : CheckMode::kLenient));
  const Type& type = checked.types[checked.ast.root()];
  if (options.result_type && !options.result_type->is_dyn() && !type.is_dyn() && !(type == *options.result_type)) {
    Issues issues;
    issues.add(checked.ast.node(checked.ast.root()).position,
               fmt::format("expected type '{}' but found '{}'", options.result_type->text(), type.text()));
    return issues.error(checked.ast.source());
  }
  return checked;
}

}  // namespace

Result<Type> check_expression(std::string_view expression, const Environment& environment, const CompileOptions& options) {
  CheckedAst checked = TRY(parse_and_check(expression, environment, options));
  return checked.types[checked.ast.root()];
}

Result<Program> compile(std::string_view expression, const Environment& environment, const CompileOptions& options) {
  CheckedAst checked = TRY(parse_and_check(expression, environment, options));
  auto body = std::make_shared<Program::Body>();
  body->root = TRY(plan(checked, environment, body->constants));
  body->source = std::string(expression);
  body->result_type = checked.types[checked.ast.root()];
  body->references = variable_paths(checked, environment);
  body->local_count = checked.local_count;
  body->zones = environment.settings().zones;
  return Program(std::move(body));
}

Value Program::run(std::span<const Value> variables, Memory& memory, const Budget& budget, Report* report) const {
  auto* locals = static_cast<Value*>(memory.allocate(body_->local_count * sizeof(Value)));
  Frame frame{memory, variables.data(), variables.size(), locals, body_->zones.get(), budget.cost_limit, budget.cancelled};
  Value value = body_->root->eval(frame);
  if (frame.over_budget() && !(value.is_error() && value.as_error().fatal)) value = over_budget_error(frame);
  if (report != nullptr) {
    report->cost = frame.cost;
    report->error_position.reset();
    if (value.is_error() && value.as_error().position != ErrorBody::kNowhere)
      report->error_position = value.as_error().position;
  }
  return value;
}

Result<Value> Program::evaluate(const Activation& activation, Memory& memory, const Budget& budget, Report* report) const {
  Value value = run(activation.values(), memory, budget, report);
  if (value.is_error()) return Error(Reason::kInvalid, std::string(value.as_error().message));
  return value;
}

std::string_view Program::source() const { return body_->source; }
const Type& Program::result_type() const { return body_->result_type; }
const std::vector<VariablePath>& Program::references() const { return body_->references; }

}  // namespace plinth::cel

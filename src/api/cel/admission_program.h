// Expressions of admission, compiled once and evaluated for each request that matches: matchConditions of webhooks and
// policies, the spec of a ValidatingAdmissionPolicy. What is decided, and in which words, is upstream's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cel/admission_environment.h"
#include "api/cel/authorizer.h"
#include "api/cel/cost_allowance.h"
#include "api/cel_types.h"
#include "base/value.h"
#include "cel/program.h"

namespace plinth::api {

// Budget of all matchConditions of one webhook or policy.
constexpr std::uint64_t kConditionsCostMax = 2'500'000;

// An expression, or why it does not compile.
struct AdmissionExpression {
  std::string text;
  std::optional<cel::Program> program;  // empty: `error` says why
  std::string error;
};

// Compiled; `types` are what it may give (none: anything).
AdmissionExpression compile_admission(std::string_view text, const cel::Environment& environment,
                                      std::span<const cel::Type> types);

// What is known of one request. Documents are null where there is none.
struct AdmissionInput {
  Document object, old_object, name_space, request, params;
  const RuleAuthorizer* authorizer = nullptr;
  AuthorizationQuestion resource;  // what the request is about, for authorizer.requestResource
};

// The variables of one request, converted once. Single-threaded; the input and the shapes outlive it.
class AdmissionActivation {
 public:
  AdmissionActivation(const AdmissionInput& input, CelShapes& shapes);
  cel::Memory& memory() { return memory_; }
  std::vector<cel::Value>& values() { return values_; }

 private:
  cel::Memory memory_;
  std::vector<cel::Value> values_;
};

// matchConditions: a request that does not meet all of them is none of the webhook's or policy's business.
class MatchConditions {
 public:
  struct Outcome {
    bool matches = true;
    std::string error;  // when it could not be said; failurePolicy decides then
  };
  MatchConditions() = default;
  MatchConditions(const Value& list, bool has_params);
  bool empty() const { return expressions_.empty(); }
  // Counts for nothing when `allowance` is spent.
  Outcome evaluate(AdmissionActivation& activation, CostAllowance& allowance) const;

 private:
  std::vector<AdmissionExpression> expressions_;
};

// What a policy says of a request, expression by expression.
struct PolicyDecision {
  enum class Kind : std::uint8_t { kAdmit, kDeny, kError };
  Kind kind = Kind::kAdmit;
  std::string reason;  // of kDeny: "Invalid" and the like
  std::string message;
};

// The spec of a ValidatingAdmissionPolicy. Immutable; any thread.
class PolicyProgram {
 public:
  explicit PolicyProgram(const Document& policy);

  bool has_params() const { return has_params_; }
  bool ignores_failure() const { return ignores_failure_; }
  // Empty when the request is admitted, or none of the policy's business. Counts for nothing when `allowance` is spent.
  std::vector<PolicyDecision> evaluate(const AdmissionInput& input, CostAllowance& allowance) const;

  // The expressions with their paths below spec, for complaints about them.
  struct Part {
    std::string path;
    const AdmissionExpression* expression;
  };
  std::vector<Part> parts() const;

 private:
  struct Validation {
    AdmissionExpression expression;
    std::optional<AdmissionExpression> message;
    std::string text, reason;
  };
  struct Variable {
    std::string name;
    AdmissionExpression expression;
  };
  struct Annotation {
    std::string key;
    AdmissionExpression value;
  };
  class Run;

  void compile(const Value& spec);

  bool has_params_, ignores_failure_;
  MatchConditions conditions_;
  std::vector<Variable> variables_;
  std::vector<Validation> validations_;
  std::vector<Annotation> annotations_;
  mutable CelShapes shapes_;
};

}  // namespace plinth::api

#include "server/admission/admission_policies.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "server/admission/admission_attributes.h"
#include "server/admission/admission_book.h"
#include "server/object_codec.h"
#include "server/read/decoded_objects.h"

namespace plinth::server {
namespace {

constexpr std::string_view kGroup = "admissionregistration.k8s.io";

// Policies never decide about policies: nobody could take back what they refuse.
bool is_policy(const AdmissionRequest& request) {
  return request.group() == kGroup && request.resource().find("admissionpolic") != std::string_view::npos;
}

Reason reason_of(std::string_view name) {
  if (name == "Forbidden") return Reason::kForbidden;
  if (name == "Unauthorized") return Reason::kUnauthorized;
  return name == "RequestEntityTooLarge" ? Reason::kRequestEntityTooLarge : Reason::kInvalid;
}

struct Denial {
  std::string message, reason;
};

Error denied(const AdmissionRequest& request, const Denial& denial) {
  const Error words = admission_forbidden(request, denial.message);
  Error error(reason_of(denial.reason), words.message());
  error.mutable_details() = words.details();
  error.add_cause("", denial.message, "");
  return error;
}

std::string printed(const Value& param_kind) {
  return fmt::format("&ParamKind{{APIVersion:{},Kind:{},}}", param_kind["apiVersion"].as_string(),
                     param_kind["kind"].as_string());
}

// The kind of a policy's parameters, as it is served.
Result<ResolvedKind> param_kind(ServerContext& context, const Value& param_kind) {
  const std::string_view api_version = param_kind["apiVersion"].as_string();
  const auto [first, second] = cut(api_version, "/");
  ResolvedKind kind =
      context.registry->table()->find_kind(second ? first : "", second ? *second : first, param_kind["kind"].as_string());
  if (kind.row == nullptr) return Error(Reason::kInvalid, fmt::format("paramKind kind `{}` not known", printed(param_kind)));
  if (kind.custom) kind.custom->ensure_schema(*kind.version);
  return kind;
}

Result<std::vector<Document>> selected(ServerContext& context, const AdmissionRequest& request, const ResolvedKind& kind,
                                       const Value& selector, const std::string& name_space) {
  const api::LabelSelector labels = TRY(api::LabelSelector::from_object(selector));
  std::vector<store::RecordPtr> records;
  request.snapshot->scan(object_key(*kind.row, name_space, ""), "", [&](const store::RecordPtr& record) {
    records.push_back(record);
    return true;
  });
  std::vector<Document> out;
  for (const store::RecordPtr& record : records) {
    Document object = TRY(context.decoded->object(kind, record));
    if (labels.matches(object["metadata"]["labels"])) out.push_back(std::move(object));
  }
  return out;
}

// The parameters of a binding: one null document where the policy takes none. Errors say why the binding cannot be used.
Result<std::vector<Document>> parameters(ServerContext& context, const AdmissionRequest& request, const AdmissionPolicy& policy,
                                         const PolicyBinding& binding) {
  const Value wanted = policy.object()["spec"]["paramKind"];
  const Value ref = binding.object["spec"]["paramRef"];
  if (wanted.is_null() || ref.is_null()) return std::vector<Document>{Document()};
  const ResolvedKind kind = TRY(param_kind(context, wanted));
  std::string name_space;
  const std::string_view given = ref["namespace"].as_string();
  if (kind.row->scope == api::Scope::kNamespaced) {
    name_space = given.empty() ? request.name_space : std::string(given);
    if (name_space.empty())
      return Error(Reason::kInvalid, "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
  } else if (!given.empty()) {
    return Error(Reason::kInvalid, "paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  std::vector<Document> out;
  const std::string_view name = ref["name"].as_string();
  if (!name.empty()) {
    if (store::RecordPtr record = request.snapshot->get(object_key(*kind.row, name_space, name)))
      out.push_back(TRY(context.decoded->object(kind, record)));
  } else {
    out = TRY(selected(context, request, kind, ref["selector"], name_space));
  }
  if (out.empty() && ref["parameterNotFoundAction"].as_string() == "Deny") {
    return Error(Reason::kInvalid, "no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  return out;
}

class Evaluation {
 public:
  Evaluation(ServerContext& context, const AdmissionRequest& request, api::CostAllowance& allowance)
      : context_(context), request_(request), allowance_(allowance) {}

  void evaluate(const BoundPolicy& bound) {
    const AdmissionPolicy& policy = *bound.policy;
    if (!policy.match().matches(request_)) return;
    for (const auto& binding : bound.bindings) {
      if (binding->match && !binding->match->matches(request_)) continue;
      auto params = parameters(context_, request_, policy, *binding);
      if (!params.ok()) {
        if (!policy.ignores_failure()) deny(policy, *binding, "failed to configure binding: " + params.error().message(), "");
        continue;
      }
      for (Document& param : *params) {
        apply(policy, *binding, std::move(param));
        if (allowance_.spent) return;
      }
    }
  }

  PolicyFindings outcome() && {
    PolicyFindings out;
    if (denial_) out.refused = denied(request_, *denial_);
    out.warnings = std::move(warnings_);
    return out;
  }

 private:
  void apply(const AdmissionPolicy& policy, const PolicyBinding& binding, Document param) {
    if (!input_) input_.emplace(context_, request_, /*with_namespace=*/true);
    input_->input().params = std::move(param);
    const auto actions = binding.object["spec"]["validationActions"].items();
    for (const api::PolicyDecision& decision : policy.program().evaluate(input_->input(), allowance_)) {
      for (const Value& action : actions) {
        if (action.as_string() == "Deny") deny(policy, binding, decision.message, decision.reason);
        if (action.as_string() == "Warn") {
          warnings_.push_back(fmt::format("Validation failed for ValidatingAdmissionPolicy '{}' with binding '{}': {}",
                                          policy.name(), binding.name, decision.message));
        }
      }
    }
  }

  void deny(const AdmissionPolicy& policy, const PolicyBinding& binding, const std::string& message,
            const std::string& reason) {
    if (denial_) return;
    denial_ = Denial{fmt::format("ValidatingAdmissionPolicy '{}' with binding '{}' denied request: {}", policy.name(),
                                 binding.name, message),
                     reason};
  }

  ServerContext& context_;
  const AdmissionRequest& request_;
  api::CostAllowance& allowance_;
  std::vector<std::string> warnings_;
  std::optional<ExpressionInput> input_;
  std::optional<Denial> denial_;
};

}  // namespace

bool concerns_policies(ServerContext& context, const AdmissionRequest& request) {
  if (context.admission_book == nullptr) return false;
  return !context.admission_book->at(*request.snapshot)->policies.empty() && !is_policy(request);
}

PolicyFindings evaluate_policies(ServerContext& context, const AdmissionRequest& request, api::CostAllowance& allowance) {
  const AdmissionStatePtr state = context.admission_book->at(*request.snapshot);
  Evaluation evaluation(context, request, allowance);
  for (const BoundPolicy* bound : state->policies.find(resource_key(request))) {
    evaluation.evaluate(*bound);
    if (allowance.spent) break;
  }
  return std::move(evaluation).outcome();
}

}  // namespace plinth::server

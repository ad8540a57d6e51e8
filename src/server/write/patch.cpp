#include "api/field_error.h"
#include "api/json_patch.h"
#include "api/merge_patch.h"
#include "api/strategic_merge.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "server/object_codec.h"
#include "server/read/decoded_objects.h"
#include "server/status.h"
#include "server/write/metadata.h"
#include "server/write/object_form.h"
#include "server/write/update.h"

namespace plinth::server {
namespace {

enum class PatchType : std::uint8_t { kJson, kMerge, kStrategic, kApply };

Result<PatchType> patch_type(std::string_view content_type, bool builtin) {
  const std::string type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  if (type == "application/json-patch+json") return PatchType::kJson;
  if (type == "application/merge-patch+json") return PatchType::kMerge;
  if (type == "application/strategic-merge-patch+json" && builtin) return PatchType::kStrategic;
  if (type == "application/apply-patch+yaml") return PatchType::kApply;
  return unsupported_media_type(
      content_type, builtin ? "application/json-patch+json, application/merge-patch+json, "
                              "application/strategic-merge-patch+json, application/apply-patch+yaml"
                            : "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
}

Error bad_options(std::string field, std::string detail) {
  return api::invalid("meta.k8s.io", "PatchOptions", "", {api::field_forbidden(std::move(field), std::move(detail))});
}

class PatchOperation : public ReplaceOperation {
 public:
  using ReplaceOperation::ReplaceOperation;

 protected:
  Result<Proposal> propose() override {
    if (!patch_read_) TRY(read_patch());
    store::RecordPtr old_record = stored();
    if (type_ == PatchType::kApply) return apply(std::move(old_record));
    if (old_record == nullptr) return missing();
    Document old_object = TRY(context_.decoded->object(kind_, old_record));
    std::vector<std::string> duplicates = duplicates_;
    Document patched = TRY(patched_object(old_object, *old_record));
    // A JSON patch may move things.
    const Arena* in_form = type_ == PatchType::kJson ? nullptr : storage_in_form(kind_, *old_record, old_object);
    Draft object = TRY(form_object(*exchange_, kind_, patched, options_.field_validation, duplicates, in_form));
    Draft& d = object;
    Value& metadata = d.member(d.root(), "metadata");
    // The revision is a condition only where the patch itself names one.
    if (metadata["resourceVersion"].as_string() == std::to_string(old_record->revision()) && !patch_names_revision()) {
      d.remove(metadata, "resourceVersion");
    }
    Proposal proposal = TRY(replace(std::move(object), &patched, std::move(old_record), std::move(old_object)));
    proposal.in_form = in_form;
    return proposal;
  }

 private:
  Result<void> read_patch() {
    type_ = TRY(patch_type(exchange_->request.headers.get("content-type"), kind_.row->builtin));
    if (type_ == PatchType::kApply) {
      if (options_.field_manager.empty()) {
        return api::invalid("meta.k8s.io", "PatchOptions", "",
                            {api::field_required("fieldManager", "is required for apply patch")});
      }
      YamlParseOptions options;
      options.duplicates = &duplicates_;
      patch_ = TRY(parse_yaml(exchange_->request.body, options));
      if (!patch_->is_object()) return bad_request("error decoding YAML: the apply configuration is not an object");
    } else {
      if (options_.force) return bad_options("force", "may not be specified for non-apply patch");
      JsonParseOptions options;
      options.duplicates = &duplicates_;
      patch_ = TRY(parse_json(exchange_->request.body, options));
    }
    patch_read_ = true;
    return {};
  }

  bool patch_names_revision() const {
    if (type_ == PatchType::kJson) {
      for (const Value& op : patch_->items()) {
        if (op["path"].as_string() == "/metadata/resourceVersion") return true;
      }
      return false;
    }
    return !patch_["metadata"]["resourceVersion"].as_string().empty();
  }

  Result<Document> patched_object(const Document& old_object, const store::Record& record) {
    // Clients may patch managedFields (to reset them), so the patch sees the object with them.
    Document current = old_object;
    std::string_view managed = managed_fields_text(record);
    if (!managed.empty()) {
      Document fields = TRY(parse_json(managed));
      Draft draft(old_object);
      Value& metadata = draft.member(draft.root(), "metadata");
      draft.member(metadata, "managedFields") = draft.adopt(fields);
      current = std::move(draft).finish();
    }
    switch (type_) {
      case PatchType::kJson:
        return api::json_patch(current, patch_);
      case PatchType::kMerge:
        return api::merge_patch(current, patch_);
      case PatchType::kStrategic:
        return api::strategic_merge_patch(current, patch_, *kind_.version->schema);
      case PatchType::kApply:
        break;
    }
    return internal_error("an apply patch is no patch of this kind");
  }

  Result<Proposal> apply(store::RecordPtr old_record) {
    if (old_record == nullptr && !exchange_->info.subresource.empty()) return missing();
    const Value config_metadata = patch_["metadata"];
    if (config_metadata["managedFields"].size() > 0) return bad_request("metadata.managedFields must be nil");
    const std::string uid(config_metadata["uid"].as_string());
    if (old_record == nullptr && !uid.empty()) {
      return conflict(kind_.row->group, kind_.row->plural, exchange_->info.name,
                      "uid mismatch: the provided object specified uid " + uid + ", and no existing object was found");
    }
    Document old_object;
    if (old_record != nullptr) old_object = TRY(context_.decoded->object(kind_, old_record));
    // Fields that are not declared are errors of the configuration's types, whatever fieldValidation says.
    Applied applied =
        TRY(Ownership::apply(kind_, old_record, old_object, patch_, write_context(context_, *exchange_, options_)));
    TRY(check_duplicates());
    const Arena* in_form = old_record == nullptr ? nullptr : storage_in_form(kind_, *old_record, old_object);
    Draft object = TRY(form_object(*exchange_, kind_, applied.merged, FieldValidation::kIgnore, {}, in_form));
    Proposal proposal = old_record == nullptr
                            ? TRY(creation(std::move(object)))
                            : TRY(replace(std::move(object), nullptr, std::move(old_record), std::move(old_object)));
    proposal.ownership = std::move(applied.ownership);
    proposal.in_form = in_form;
    return proposal;
  }

  // Of an apply configuration only keys that come twice are left to complain about. A parser that forbids them says where the
  // first is.
  Result<void> check_duplicates() {
    if (duplicates_.empty() || options_.field_validation == FieldValidation::kIgnore) return {};
    auto strict = parse_yaml(exchange_->request.body);
    if (strict.ok()) return {};
    if (options_.field_validation == FieldValidation::kStrict)
      return bad_request("error strict decoding YAML: " + strict.error().message());
    exchange_->warn(strict.error().message());
    return {};
  }

  PatchType type_ = PatchType::kJson;
  Document patch_;
  std::vector<std::string> duplicates_;
  bool patch_read_ = false;
};

}  // namespace

void serve_patch(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind) {
  std::make_shared<PatchOperation>(context, std::move(exchange), kind)->start();
}

}  // namespace plinth::server

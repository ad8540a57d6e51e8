// From a body to an object in form (decoded, pruned, defaulted), and whether it is valid: the one place where built-in kinds
// and custom ones take their different paths through the schema functions of `api`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/cel/cost_allowance.h"
#include "api/field_error.h"
#include "base/result.h"
#include "base/value.h"
#include "server/exchange.h"
#include "server/kind_registry.h"
#include "server/write/ownership.h"
#include "store/store.h"

namespace plinth::server {

// The request's body as a document. `duplicates` gets the paths of fields that stand twice.
Result<Document> read_body(const Exchange& exchange, const ResolvedKind& kind, std::vector<std::string>& duplicates);

// A document that a client sent (or a patch made) as an object of `kind`: apiVersion and kind checked, wrong types refused,
// unknown fields dropped and, as fieldValidation says, refused or warned about. Without managedFields.
Result<Draft> decode_object(Exchange& exchange, const ResolvedKind& kind, const Document& document, FieldValidation validation,
                            const std::vector<std::string>& duplicates);
// Defaulted too. `in_form`: see storage_in_form().
Result<Draft> form_object(Exchange& exchange, const ResolvedKind& kind, const Document& document, FieldValidation validation,
                          const std::vector<std::string>& duplicates, const Arena* in_form = nullptr);

// Where the lists and objects of `stored`, which is `record`'s object, are kept. What a merge into it shares with it was
// decoded, defaulted and validated when it was stored, and need not be again. Null when that is not so: it was stored under
// another schema, or a conversion may have put it elsewhere.
const Arena* storage_in_form(const ResolvedKind& kind, const store::Record& record, const Document& stored);

// An object that webhooks changed: unknown fields are dropped; an error where a field is of the wrong type.
Result<void> decode_changed(const ResolvedKind& kind, Draft& object);

// Defaults of the schema and of the kind's strategy; idempotent.
Result<void> default_object(const ResolvedKind& kind, Draft& object, const Arena* in_form = nullptr);

// What is wrong with an object; `old` null for a creation. `warnings` gets what is wrong and was so before. All of it counts
// for nothing when `allowance`, for the rules of custom kinds, is spent.
api::FieldErrors validate_object(const ResolvedKind& kind, std::string_view subresource, const Value& object, const Value* old,
                                 std::vector<std::string>& warnings, const Arena* in_form, api::CostAllowance& allowance);
std::vector<std::string> object_warnings(const ResolvedKind& kind, const Value& object, const Value* old);

// In the storage version's shape, with everything that the store's index needs.
store::EncodedObject encode_for_storage(const ResolvedKind& kind, const Value& object, const Ownership& ownership);

}  // namespace plinth::server

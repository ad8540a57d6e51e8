// A record in the shape that a version has today.
#pragma once

#include "base/result.h"
#include "server/kind_registry.h"
#include "store/store.h"

namespace plinth::server {

// Decoded, converted, pruned, defaulted and encoded again under the version's schema; same key and revisions. A custom object
// is pruned and defaulted by the version that it is stored in, then pruned by the one that is asked for, as upstream.
Result<store::RecordPtr> upgrade_record(const ResolvedKind& kind, const store::Record& record);

// Whether that would change nothing.
bool is_in_shape(const ResolvedKind& kind, const store::Record& record);

// The record itself when it is in shape, the upgraded one otherwise.
Result<store::RecordPtr> current_form(const ResolvedKind& kind, const store::RecordPtr& record);

// What a version's conversion is made of; null when only apiVersion changes.
const api::Conversion* conversion_of(const api::KindVersion& version);

}  // namespace plinth::server

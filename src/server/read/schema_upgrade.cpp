#include "server/read/schema_upgrade.h"

#include "api/conversions/conversions.h"
#include "api/decode.h"
#include "api/default.h"
#include "api/prune.h"
#include "api/strategies/strategy.h"
#include "server/object_codec.h"

namespace plinth::server {

const api::Conversion* conversion_of(const api::KindVersion& version) {
  return version.conversion.empty() ? nullptr : api::find_conversion(version.conversion);
}

Result<store::RecordPtr> upgrade_record(const ResolvedKind& kind, const store::Record& record) {
  Document stored = TRY(decode_record(record, type_header(kind.row->group, kind.version->name, kind.row->kind), false));
  Draft draft(stored);
  if (const api::Conversion* conversion = conversion_of(*kind.version)) conversion->from_storage(draft);
  const api::Schema& schema = *kind.version->schema;
  if (kind.row->builtin) {
    const api::DecodeTarget target{&schema, kind.row->kind, kind.version->name};
    TRY(api::decode(draft, target, api::FieldValidation::kIgnore));
  } else {
    api::prune(draft, draft.root(), schema);
  }
  api::apply_defaults(draft, draft.root(), schema);
  const api::Strategy* strategy = api::find_strategy(*kind.row);
  if (strategy != nullptr && strategy->default_ != nullptr) strategy->default_(draft);
  store::EncodedObject encoded = encode_object(draft.root(), managed_fields_text(record), *kind.row, *kind.version, kind.version->stamp);
  return make_record(record.key(), record.revision(), record.create_revision(), encoded);
}

Result<store::RecordPtr> current_form(const ResolvedKind& kind, const store::RecordPtr& record) {
  if (kind.version->conversion.empty() && kind.version->stamp == record->schema_stamp()) return record;
  return upgrade_record(kind, *record);
}

}  // namespace plinth::server

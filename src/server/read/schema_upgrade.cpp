#include "server/read/schema_upgrade.h"

#include "api/conversions/conversions.h"
#include "api/decode.h"
#include "api/default.h"
#include "api/prune.h"
#include "api/strategies/strategy.h"
#include "server/custom_kind.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

void bring_up_to_date(const ResolvedKind& kind, std::uint64_t stamp, Draft& draft) {
  const api::KindVersion& from = version_of_stamp(*kind.row, stamp);
  if (!same_shape(from.stamp, stamp)) {
    kind.custom->ensure_schema(from);
    api::prune(draft, draft.root(), *from.schema);
    api::apply_defaults(draft, draft.root(), *from.schema);
  }
  if (!same_shape(from.stamp, kind.version->stamp)) api::prune(draft, draft.root(), *kind.version->schema);
}

}  // namespace

const api::Conversion* conversion_of(const api::KindVersion& version) {
  return version.conversion.empty() ? nullptr : api::find_conversion(version.conversion);
}

Result<store::RecordPtr> upgrade_record(const ResolvedKind& kind, const store::Record& record) {
  Document stored = TRY(decode_record(record, type_header(kind.row->group, kind.version->name, kind.row->kind), false));
  Draft draft(stored);
  if (const api::Conversion* conversion = conversion_of(*kind.version)) conversion->from_storage(draft);
  if (kind.row->builtin) {
    const api::Schema& schema = *kind.version->schema;
    const api::DecodeTarget target{&schema, kind.row->kind, kind.version->name};
    TRY(api::decode(draft, target, api::FieldValidation::kIgnore));
    api::apply_defaults(draft, draft.root(), schema);
  } else {
    bring_up_to_date(kind, record.schema_stamp(), draft);
  }
  const api::Strategy* strategy = api::find_strategy(*kind.row);
  if (strategy != nullptr && strategy->default_ != nullptr) strategy->default_(draft);
  store::EncodedObject encoded =
      encode_object(draft.root(), managed_fields_text(record), *kind.row, *kind.version, kind.version->stamp);
  return make_record(record.key(), record.revision(), record.create_revision(), encoded);
}

bool is_in_shape(const ResolvedKind& kind, const store::Record& record) {
  const std::uint64_t stamp = record.schema_stamp();
  if (kind.version->stamp == stamp) return kind.version->conversion.empty();
  return kind.custom && same_shape(kind.version->stamp, stamp) && same_shape(version_of_stamp(*kind.row, stamp).stamp, stamp);
}

Result<store::RecordPtr> current_form(const ResolvedKind& kind, const store::RecordPtr& record) {
  if (is_in_shape(kind, *record)) return record;
  return upgrade_record(kind, *record);
}

}  // namespace plinth::server

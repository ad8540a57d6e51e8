#include "server/read/representation.h"

#include "api/json_path.h"
#include "api/printers/custom_printer.h"
#include "api/printers/printer.h"
#include "base/json.h"
#include "server/object_codec.h"
#include "server/read/current_forms.h"
#include "server/status.h"

namespace plinth::server {
namespace {

// The first value that a column's path leads to. Paths were checked when the definition was written.
const Value* column_value(const void*, const Value& object, std::string_view json_path) {
  auto path = api::JsonPath::compile(json_path);
  if (!path.ok()) return nullptr;
  return path->first(object);
}

}  // namespace

Representation::Representation(ServerContext& context, ResolvedKind kind, Accepted accepted)
    : context_(context),
      kind_(std::move(kind)),
      accepted_(accepted),
      header_(std::make_shared<const std::string>(type_header(kind_.row->group, kind_.version->name, kind_.row->kind))) {}

void Representation::choose_columns() {
  if (!kind_.row->builtin) {
    columns_ = api::custom_columns(kind_.version->columns);
    return;
  }
  printer_ = api::find_printer(kind_.row->group, kind_.row->kind);
  if (printer_ == nullptr) printer_ = &api::generic_printer();
  columns_.assign(printer_->columns.begin(), printer_->columns.end());
}

Result<RepresentationPtr> Representation::make(ServerContext& context, ResolvedKind kind, Accepted accepted,
                                               const Query& query) {
  RepresentationPtr made(new Representation(context, std::move(kind), accepted));
  if (!made->is_table()) return made;
  made->choose_columns();
  auto include = query_value(query, "includeObject");
  if (!include || include->empty() || *include == "Metadata")
    made->include_ = Include::kMetadata;
  else if (*include == "Object")
    made->include_ = Include::kObject;
  else if (*include == "None")
    made->include_ = Include::kNone;
  else
    return bad_request("unrecognized includeObject value: \"" + std::string(*include) + "\" (known: None, Metadata, Object)");
  return made;
}

bool Representation::is_partial() const {
  return accepted_.transform == Transform::kPartialObjectMetadata ||
         accepted_.transform == Transform::kPartialObjectMetadataList;
}

void Representation::append_partial(std::string& out, const store::Record& record) const {
  out += R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/)";
  out += accepted_.meta_version;
  out += "\",";
  out += metadata_text(record);
}

void Representation::append_columns(std::string& out) const {
  out += "\"columnDefinitions\":[";
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out += ',';
    out += "{\"name\":";
    append_json_string(out, columns_[i].name);
    out += ",\"type\":";
    append_json_string(out, columns_[i].type);
    out += ",\"format\":";
    append_json_string(out, columns_[i].format);
    out += ",\"description\":";
    append_json_string(out, columns_[i].description);
    out += ",\"priority\":" + std::to_string(columns_[i].priority) + "}";
  }
  out += "],";
}

Result<void> Representation::append_row(std::string& out, const store::RecordPtr& record) const {
  Document object = TRY(decode_record(*record, *header_, include_ == Include::kObject));
  out += "{\"cells\":[";
  api::CellWriter cells(out);
  if (printer_ != nullptr)
    printer_->row(object.root(), context_.now_s(), cells);
  else
    api::print_custom(object.root(), columns_, context_.now_s(), column_value, nullptr, cells);
  out += ']';
  const std::string_view conditions = cells.conditions();
  if (!conditions.empty()) {
    out += ",\"conditions\":";
    out += conditions;
  }
  if (include_ == Include::kMetadata) {
    out += ",\"object\":";
    append_partial(out, *record);
  } else if (include_ == Include::kObject) {
    out += ",\"object\":{";
    out += *header_;
    out += record->body();
  }
  out += '}';
  return {};
}

std::string Representation::table_head(bool columns) const {
  std::string out = R"({"kind":"Table","apiVersion":"meta.k8s.io/)";
  out += accepted_.meta_version;
  out += "\",";
  if (columns)
    append_columns(out);
  else
    out += "\"columnDefinitions\":null,";
  return out;
}

Result<ByteChain> Representation::object(const store::RecordPtr& stored) const {
  store::RecordPtr record = TRY(context_.forms->get(kind_, stored));
  if (is_table()) {
    std::string out = table_head(true);
    out += "\"metadata\":{\"resourceVersion\":\"" + std::to_string(record->revision()) + "\"},\"rows\":[";
    TRY(append_row(out, record));
    out += "]}";
    return ByteChain{SharedBytes(std::move(out))};
  }
  if (is_partial()) {
    std::string out;
    append_partial(out, *record);
    return ByteChain{SharedBytes(std::move(out))};
  }
  return object_bytes(record, *header_, header_);
}

Result<ByteChain> Representation::watch_object(const store::RecordPtr& stored, bool first) const {
  if (!is_table()) return object(stored);
  store::RecordPtr record = TRY(context_.forms->get(kind_, stored));
  std::string out = table_head(first);
  out += "\"metadata\":{\"resourceVersion\":\"" + std::to_string(record->revision()) + "\"},\"rows\":[";
  TRY(append_row(out, record));
  out += "]}";
  return ByteChain{SharedBytes(std::move(out))};
}

ByteChain Representation::bookmark(store::Revision revision, bool initial_events_end) const {
  std::string metadata = "\"metadata\":{\"resourceVersion\":\"" + std::to_string(revision) + "\",\"creationTimestamp\":null";
  if (initial_events_end) metadata += R"(,"annotations":{"k8s.io/initial-events-end":"true"})";
  metadata += "}";
  std::string out;
  if (is_table()) {
    out = table_head(false) + "\"metadata\":{\"resourceVersion\":\"" + std::to_string(revision) +
          "\"},\"rows\":[{\"cells\":[],\"object\":";
    out += "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\"," + metadata + "}}]}";
  } else if (is_partial()) {
    out = "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/" + std::string(accepted_.meta_version) + "\"," +
          metadata + "}";
  } else {
    out = "{" + *header_ + metadata + "}";
  }
  return ByteChain{SharedBytes(std::move(out))};
}

std::string Representation::list_head() const {
  if (is_table()) return table_head(true) + "\"rows\":[";
  if (is_partial()) {
    return R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/)" + std::string(accepted_.meta_version) +
           "\",\"items\":[";
  }
  return "{" + type_header(kind_.row->group, kind_.version->name, kind_.row->list_kind) + "\"items\":[";
}

Result<void> Representation::append_item(std::string& out, const store::RecordPtr& stored) const {
  store::RecordPtr record = TRY(context_.forms->get(kind_, stored));
  if (is_table()) return append_row(out, record);
  if (is_partial()) {
    append_partial(out, *record);
    return {};
  }
  out += '{';
  if (!kind_.row->builtin) out += *header_;  // items of built-in lists carry no kind, those of custom ones do
  out += record->body();
  return {};
}

std::string Representation::list_tail(store::Revision revision, std::string_view continue_token, std::int64_t remaining) const {
  std::string out = "],\"metadata\":{\"resourceVersion\":\"" + std::to_string(revision) + "\"";
  if (!continue_token.empty()) {
    out += ",\"continue\":";
    append_json_string(out, continue_token);
  }
  if (remaining > 0) out += ",\"remainingItemCount\":" + std::to_string(remaining);
  out += "}}";
  return out;
}

}  // namespace plinth::server

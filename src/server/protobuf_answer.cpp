#include "server/protobuf_answer.h"

#include "api/kind.h"
#include "base/json.h"

namespace plinth::server {
namespace {

constexpr std::size_t kPartBytes = 64 * 1024;
constexpr std::uint32_t kItemsNumber = 2;  // of every list

struct Named {
  std::string_view api_version, kind, type;
};

// What answers are besides kinds that have rows.
constexpr Named kOthers[] = {
    {"v1", "Status", "meta.v1.Status"},
    {"meta.k8s.io/v1", "PartialObjectMetadata", "meta.v1.PartialObjectMetadata"},
    {"meta.k8s.io/v1beta1", "PartialObjectMetadata", "meta.v1.PartialObjectMetadata"},
    {"meta.k8s.io/v1", "PartialObjectMetadataList", "meta.v1.PartialObjectMetadataList"},
    {"meta.k8s.io/v1beta1", "PartialObjectMetadataList", "meta.v1.PartialObjectMetadataList"},
    {"autoscaling/v1", "Scale", "autoscaling.v1.Scale"},
    {"authentication.k8s.io/v1", "TokenRequest", "authentication.v1.TokenRequest"},
};

const api::Schema* list_schema(const api::Schema& item, std::string_view list_kind) {
  return api::builtin_type(std::string(item.name.substr(0, item.name.rfind('.') + 1)).append(list_kind));
}

struct Parsed {
  Document document;
  const api::Schema* schema = nullptr;
  std::string_view api_version() const { return document["apiVersion"].as_string(); }
  std::string_view kind() const { return document["kind"].as_string(); }
};

Result<Parsed> parse_answer(std::string_view json) {
  Parsed parsed{TRY(parse_json(json)), nullptr};
  parsed.schema = answer_schema(parsed.api_version(), parsed.kind());
  if (parsed.schema == nullptr) return internal_error("there is no protobuf form of " + std::string(parsed.kind()));
  return parsed;
}

}  // namespace

const api::Schema* answer_schema(std::string_view api_version, std::string_view kind) {
  for (const Named& other : kOthers) {
    if (other.api_version == api_version && other.kind == kind) return api::builtin_type(other.type);
  }
  const std::size_t slash = api_version.find('/');
  const std::string_view group = slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
  const std::string_view version = api_version.substr(slash + 1);  // npos + 1 is 0
  for (const api::KindRow& row : api::builtin_kinds()) {
    if (row.group != group || (row.kind != kind && row.list_kind != kind)) continue;
    for (const api::KindVersion& v : row.versions) {
      if (v.name == version) return row.kind == kind ? v.schema : list_schema(*v.schema, row.list_kind);
    }
  }
  return nullptr;
}

Result<std::string> protobuf_answer(std::string_view json) {
  const Parsed answer = TRY(parse_answer(json));
  std::string raw;
  api::ProtobufEncoder().message(answer.document.root(), *answer.schema, raw);
  return api::seal_protobuf(answer.api_version(), answer.kind(), raw);
}

Result<std::string> protobuf_event(std::string_view type, std::string_view object_json) {
  const std::string object = TRY(protobuf_answer(object_json));
  std::string extension, event;
  api::append_bytes_field(extension, 1, object);
  api::append_bytes_field(event, 1, type);
  api::append_bytes_field(event, 2, extension);
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(event.size() >> shift);
  return out + event;
}

Result<ProtobufList> ProtobufList::begin(std::string_view json) {
  const Parsed list = TRY(parse_answer(json));
  const api::Field* items = list.schema->field("items");
  if (items == nullptr || items->schema->items == nullptr) return internal_error("no list: " + std::string(list.kind()));
  return ProtobufList(*list.schema);
}

Result<void> ProtobufList::add(std::string_view item_json) {
  const Document item = TRY(parse_json(item_json));
  std::string raw;
  encoder_.message(item.root(), *schema_->field("items")->schema->items, raw);
  const std::size_t before = part_.size();
  api::append_bytes_field(part_, kItemsNumber, raw);
  bytes_ += part_.size() - before;
  if (part_.size() >= kPartBytes) items_.push_back(SharedBytes(std::exchange(part_, {})));
  return {};
}

// metadata is field 1 and comes first.
Result<ByteChain> ProtobufList::finish(std::string_view json) && {
  const Parsed list = TRY(parse_answer(json));
  std::string raw;
  encoder_.message(list.document.root(), *schema_, raw);
  ByteChain out;
  out.push_back(SharedBytes(api::protobuf_head(list.api_version(), list.kind(), raw.size() + bytes_) + raw));
  for (SharedBytes& part : items_) out.push_back(std::move(part));
  out.push_back(SharedBytes(std::move(part_)));
  out.push_back(SharedBytes::literal(api::protobuf_tail()));
  return out;
}

}  // namespace plinth::server

#include "server/write/request_body.h"

#include "api/protobuf.h"
#include "base/json.h"
#include "base/yaml.h"
#include "server/media_type.h"

namespace plinth::server {

Result<Document> read_document(const Exchange& exchange, std::string_view protobuf_type, std::vector<std::string>& duplicates) {
  const std::string& body = exchange.request.body;
  const BodyFormat format = TRY(request_format(exchange.request.headers.get("content-type"), !protobuf_type.empty()));
  if (body.empty()) return bad_request("the request has no body");
  switch (format) {
    case BodyFormat::kProtobuf: {
      const api::Schema* schema = api::builtin_type(protobuf_type);
      if (schema == nullptr) return internal_error("no schema for the protobuf message " + std::string(protobuf_type));
      const api::ProtobufEnvelope envelope = TRY(api::open_protobuf(body));
      return api::decode_protobuf(envelope, *schema);
    }
    case BodyFormat::kYaml: {
      YamlParseOptions options;
      options.duplicates = &duplicates;
      return parse_yaml(body, options);
    }
    case BodyFormat::kJson:
      break;
  }
  JsonParseOptions options;
  options.duplicates = &duplicates;
  return parse_json(body, options);
}

}  // namespace plinth::server

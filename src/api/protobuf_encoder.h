// Documents of built-in kinds in Kubernetes' protobuf form: byte for byte what Go's encoder makes of the same object.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema.h"
#include "base/value.h"

namespace plinth::api {

// One for an answer: it remembers in which order fields are written. Documents are in the form in which they are stored.
class ProtobufEncoder {
 public:
  // Appends the message of `object`. Fields that protobuf does not carry (kind, apiVersion) and unknown ones are left out.
  void message(const Value& object, const Schema& schema, std::string& out);

 private:
  using Prefix = std::vector<std::uint16_t>;
  // What one field number of a message holds: a field, or a struct that Go embeds, whose fields are members of the same object.
  struct Slot {
    std::uint16_t number = 0;
    const Field* field = nullptr;  // null: embedded
  };
  using Slots = std::vector<Slot>;
  const Slots& slots_of(const Schema& schema, const Prefix& prefix);
  void fields(const Value& object, const Schema& schema, const Prefix& prefix, std::string& out);
  void field(const Value* value, const Field& field, std::uint16_t number, std::string& out);
  void map(const Value& object, const Schema& values, std::uint16_t number, std::string& out);
  void single(const Value& value, const Schema& schema, std::uint16_t number, std::string& out);
  void known(const Value& value, const Schema& schema, std::string& out);
  void schema_or(const Value& value, const Schema& schema, std::string& out);

  std::map<std::pair<const Schema*, Prefix>, Slots> slots_;
};

// The message runtime.Unknown around every body, with the magic bytes in front.
std::string seal_protobuf(std::string_view api_version, std::string_view kind, std::string_view raw);
// The same in pieces: what stands before and after a message of `raw_bytes` bytes.
std::string protobuf_head(std::string_view api_version, std::string_view kind, std::size_t raw_bytes);
std::string_view protobuf_tail();

// A field that holds bytes: tag, length, bytes.
void append_bytes_field(std::string& out, std::uint32_t number, std::string_view bytes);

}  // namespace plinth::api

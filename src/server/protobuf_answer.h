// Answers in protobuf, for clients that read nothing else: what was written as JSON, in its other form.
#pragma once

#include <string>
#include <string_view>

#include "api/protobuf_encoder.h"
#include "base/bytes.h"
#include "base/result.h"

namespace plinth::server {

inline constexpr std::string_view kProtobufType = "application/vnd.kubernetes.protobuf";
inline constexpr std::string_view kProtobufWatchType = "application/vnd.kubernetes.protobuf;stream=watch";

// The schema of what an answer's apiVersion and kind name: built-in kinds and their lists, Status, metadata alone, Scale, ...
// Null for anything else.
const api::Schema* answer_schema(std::string_view api_version, std::string_view kind);

// A whole answer. An error when its kind has no protobuf form.
Result<std::string> protobuf_answer(std::string_view json);
// One event of a watch: its length in four bytes, then the event.
Result<std::string> protobuf_event(std::string_view type, std::string_view object_json);

// A list, made item by item so that no step is long. The whole list is held until it is sent: its length stands in front of it.
class ProtobufList {
 public:
  // `json`: the list without its items.
  static Result<ProtobufList> begin(std::string_view json);
  Result<void> add(std::string_view item_json);
  std::size_t bytes() const { return bytes_; }
  // `json`: the list without its items, with its final metadata.
  Result<ByteChain> finish(std::string_view json) &&;

 private:
  explicit ProtobufList(const api::Schema& schema) : schema_(&schema) {}
  const api::Schema* schema_;
  api::ProtobufEncoder encoder_;
  ByteChain items_;
  std::string part_;  // items that are not in items_ yet
  std::size_t bytes_ = 0;
};

}  // namespace plinth::server

#include <algorithm>

#include <fmt/format.h>
#include <simdjson.h>

#include "base/document_path.h"
#include "base/json.h"
#include "base/json_scan.h"
#include "base/key_table.h"
#include "base/value_body.h"

namespace plinth {
namespace {

namespace dom = simdjson::dom;
using Type = Value::Type;

// Parser buffers are kept per thread up to this text size; a larger text gets buffers of its own.
constexpr std::size_t kKeptTextBytesMax = 1 << 20;
// Objects up to this size are searched for duplicate keys pair by pair, larger ones by sorting.
constexpr std::size_t kPairwiseMembersMax = 16;
constexpr std::size_t kDepthSpare = 2;
constexpr std::size_t kArenaBytesMin = 128;
// simdjson's tape keeps 24 bits of a container's size; at this value the elements must be counted.
constexpr std::size_t kTapeSizeMax = 0xFFFFFF;

struct Buffers {
  dom::parser parser;
  KeyTable keys;
};

// Turns simdjson's tape into a document.
class Converter {
 public:
  Converter(Arena& arena, KeyTable& keys, const JsonParseOptions& options)
      : arena_(arena), keys_(keys), depth_max_(options.depth_max), duplicates_(options.duplicates) {}

  // Containers nested deeper than the limit were left out; the result is to be thrown away.
  bool too_deep() const { return too_deep_; }

  Value convert(dom::element element) {
    if (path_.depth() >= depth_max_ && (element.is_object() || element.is_array())) {
      too_deep_ = true;
      return Value();
    }
    switch (element.type()) {
      case dom::element_type::OBJECT:
        return object(element.get_object().value_unsafe());
      case dom::element_type::ARRAY:
        return array(element.get_array().value_unsafe());
      case dom::element_type::STRING:
        return Value::ref(arena_.copy(element.get_string().value_unsafe()));
      case dom::element_type::INT64:
        return Value::of(element.get_int64().value_unsafe());
      case dom::element_type::UINT64:
        return Value::of(static_cast<double>(element.get_uint64().value_unsafe()));
      case dom::element_type::DOUBLE:
        return Value::of(element.get_double().value_unsafe());
      case dom::element_type::BOOL:
        return Value::of(element.get_bool().value_unsafe());
      case dom::element_type::NULL_VALUE:
        break;
    }
    return Value();
  }

 private:
  Value array(dom::array source) {
    std::size_t size = source.size();
    if (size >= kTapeSizeMax) size = static_cast<std::size_t>(std::distance(source.begin(), source.end()));
    if (size == 0) return Value::empty_array();
    auto* body = ValueBuilder::new_body(arena_, Type::kArray, size);
    path_.enter();
    for (dom::element item : source) {
      path_.set_index(body->size);
      body->items()[body->size++] = convert(item);
    }
    path_.leave();
    return ValueBuilder::make(Type::kArray, body);
  }

  Value object(dom::object source) {
    std::size_t size = source.size();
    if (size >= kTapeSizeMax) size = static_cast<std::size_t>(std::distance(source.begin(), source.end()));
    if (size == 0) return Value::empty_object();
    auto* body = ValueBuilder::new_body(arena_, Type::kObject, size);
    path_.enter();
    for (auto field = source.begin(); field != source.end(); ++field) add(body, field);
    if (body->size > kPairwiseMembersMax) merge_duplicates(body);
    path_.leave();
    return ValueBuilder::make(Type::kObject, body);
  }

  void add(ValueBuilder::Body* body, dom::object::iterator& field) {
    std::string_view key = keys_.intern(field.key(), arena_);
    path_.set_key(key);
    Value value = convert(field.value());
    if (body->size < kPairwiseMembersMax) {
      for (std::uint32_t i = 0; i < body->size; ++i) {
        if (body->members()[i].key() != key) continue;
        report_duplicate();
        body->members()[i].value = value;
        return;
      }
    }
    body->members()[body->size++] = {key.data(), static_cast<std::uint32_t>(key.size()), 0, value};
  }

  // For large objects: of members with equal keys the first keeps its place and gets the last one's value.
  void merge_duplicates(ValueBuilder::Body* body) {
    Member* members = body->members();
    std::vector<std::uint32_t> order(body->size);
    for (std::uint32_t i = 0; i < body->size; ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      int c = members[a].key().compare(members[b].key());
      return c != 0 ? c < 0 : a < b;
    });
    std::vector<bool> drop(body->size);
    bool any = false;
    for (std::size_t i = 1, first = 0; i < order.size(); ++i) {
      if (members[order[i]].key() != members[order[first]].key()) {
        first = i;
        continue;
      }
      path_.set_key(members[order[i]].key());
      report_duplicate();
      members[order[first]].value = members[order[i]].value;
      any = drop[order[i]] = true;
    }
    if (!any) return;
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < body->size; ++i) {
      if (!drop[i]) members[kept++] = members[i];
    }
    body->size = kept;
  }

  void report_duplicate() { path_.report_to(duplicates_); }

  Arena& arena_;
  KeyTable& keys_;
  std::size_t depth_max_;
  bool too_deep_ = false;
  std::vector<std::string>* duplicates_;
  DocumentPath path_;
};

Error fault_error(const JsonFault& fault) {
  return bad_request(fmt::format("{} (at byte offset {})", fault.what, fault.offset));
}

Result<dom::element> to_tape(dom::parser& parser, std::string_view text, std::size_t depth_max) {
  // simdjson counts some levels differently, so it gets some to spare; the converter is exact.
  if (parser.max_depth() != depth_max + kDepthSpare) {
    if (parser.allocate(std::max(text.size(), parser.capacity()), depth_max + kDepthSpare) != simdjson::SUCCESS) {
      return internal_error("no memory for the JSON parser");
    }
  }
  dom::element root;
  auto error = parser.parse(text.data(), text.size()).get(root);
  if (error == simdjson::SUCCESS) return root;
  std::string repaired;
  if (auto fault = scan_json(text, depth_max, &repaired)) return fault_error(*fault);
  if (parser.parse(repaired).get(root) == simdjson::SUCCESS) return root;
  return bad_request(fmt::format("invalid JSON: {}", simdjson::error_message(error)));
}

Result<Document> parse_with(Buffers& buffers, std::string_view text, const JsonParseOptions& options) {
  dom::element root = TRY(to_tape(buffers.parser, text, options.depth_max));
  buffers.keys.reset();
  // Nodes and texts of a typical object need twice its bytes; what is missing comes in small pieces.
  std::size_t first = std::max<std::size_t>(text.size() * 2, kArenaBytesMin);
  auto arena = std::make_shared<Arena>(first, std::max<std::size_t>(text.size() / 4, kArenaBytesMin));
  Converter converter(*arena, buffers.keys, options);
  Value value = converter.convert(root);
  if (converter.too_deep()) {
    if (auto fault = scan_json(text, options.depth_max, nullptr)) return fault_error(*fault);
  }
  return Document(std::move(arena), value);
}

}  // namespace

Result<Document> parse_json(std::string_view text, const JsonParseOptions& options) {
  if (text.size() > kKeptTextBytesMax) {
    Buffers own;
    return parse_with(own, text, options);
  }
  // Only memory is kept between calls, never content that a later call could see.
  thread_local Buffers kept;
  return parse_with(kept, text, options);
}

}  // namespace plinth

#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>
#include <yaml.h>

#include "base/document_path.h"
#include "base/float_text.h"
#include "base/json.h"
#include "base/key_table.h"
#include "base/value_body.h"
#include "base/yaml.h"
#include "base/yaml_scalar.h"
#include "base/yaml_split.h"

namespace plinth {
namespace {

using Type = Value::Type;

constexpr std::string_view kMergeTag = "tag:yaml.org,2002:merge";
// Mappings up to this size are searched for a key one by one.
constexpr std::size_t kLinearMembersMax = 16;

std::string_view view(const yaml_char_t* text) { return text == nullptr ? "" : reinterpret_cast<const char*>(text); }

Error yaml_error(std::size_t line, std::size_t column, std::string_view what) {
  return bad_request(fmt::format("yaml: line {}: {} (column {})", line + 1, what, column + 1));
}

// libyaml's event stream.
class Events {
 public:
  Events(std::string_view text, std::size_t first_line) : first_line_(first_line) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Events() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  Result<void> next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) != 0) return {};
    if (parser_.error == YAML_READER_ERROR) {
      return bad_request(fmt::format("yaml: {} (at byte offset {})", parser_.problem, parser_.problem_offset));
    }
    const yaml_mark_t& mark = parser_.problem_mark;
    return yaml_error(first_line_ + mark.line, mark.column, parser_.problem == nullptr ? "malformed text" : parser_.problem);
  }
  const yaml_event_t& event() const { return event_; }
  yaml_event_type_t type() const { return event_.type; }
  yaml_mark_t mark() const { return event_.start_mark; }
  Error error(std::string_view what) const { return error_at(event_.start_mark, what); }
  Error error_at(const yaml_mark_t& mark, std::string_view what) const {
    return yaml_error(first_line_ + mark.line, mark.column, what);
  }

 private:
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  std::size_t first_line_;
};

// The members of a mapping that is being read.
class Members {
 public:
  Member* find(std::string_view key) {
    if (members_.size() <= kLinearMembersMax) {
      for (Member& m : members_) {
        if (m.key() == key) return &m;
      }
      return nullptr;
    }
    if (index_.empty()) {
      for (std::size_t i = 0; i < members_.size(); ++i) index_.emplace(members_[i].key(), i);
    }
    auto found = index_.find(key);
    return found == index_.end() ? nullptr : &members_[found->second];
  }
  Member& add(std::string_view key) {
    members_.push_back({key.data(), static_cast<std::uint32_t>(key.size()), 0, Value()});
    if (!index_.empty()) index_.emplace(key, members_.size() - 1);
    return members_.back();
  }
  std::span<const Member> all() const { return members_; }

 private:
  std::vector<Member> members_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

// Member::reserved while a mapping is being read: the value came from a merge key, so setting it again is no duplicate.
constexpr std::uint32_t kMerged = 1;

// Builds documents from events. Anchors share their value with their aliases.
class Composer {
 public:
  Composer(std::string_view text, std::size_t first_line, const YamlParseOptions& options)
      : events_(text, first_line), options_(options) {}

  Result<void> begin() {
    TRY(events_.next());  // the stream's start
    return events_.next();
  }

  // The next document, or none at the end of the stream.
  Result<std::optional<Document>> document() {
    if (events_.type() == YAML_STREAM_END_EVENT) return std::optional<Document>();
    arena_ = std::make_shared<Arena>();
    keys_.reset();
    anchors_.clear();
    alias_nodes_ = 0;
    TRY(events_.next());
    Node root = TRY(node());
    TRY(events_.next());  // past the root's last event: the document's end
    return std::optional<Document>(Document(std::move(arena_), root.value));
  }
  // From a document's end to the next one's start.
  Result<void> advance() { return events_.next(); }

 private:
  struct Node {
    Value value;
    std::size_t nodes = 1;   // scalars and containers, aliases expanded
    std::size_t height = 0;  // levels of containers
  };
  struct Anchor {
    Node node;
    bool complete = false;
  };

  // Reads the node that the current event begins; leaves the current event at the node's last one.
  Result<Node> node() {
    switch (events_.type()) {
      case YAML_SCALAR_EVENT:
        return scalar();
      case YAML_ALIAS_EVENT:
        return alias();
      case YAML_SEQUENCE_START_EVENT:
        return container(view(events_.event().data.sequence_start.anchor), &Composer::sequence);
      case YAML_MAPPING_START_EVENT:
        return container(view(events_.event().data.mapping_start.anchor), &Composer::mapping);
      default:
        return events_.error("unexpected event");
    }
  }

  Result<Node> container(std::string_view anchor_name, Result<Node> (Composer::*read)()) {
    std::string anchor(anchor_name);
    if (path_.depth() >= options_.depth_max) return events_.error(fmt::format("exceeded max depth of {}", options_.depth_max));
    if (!anchor.empty()) anchors_[anchor] = Anchor();
    path_.enter();
    Node out = TRY((this->*read)());
    path_.leave();
    if (!anchor.empty()) anchors_[anchor] = Anchor{out, true};
    return out;
  }

  Result<Node> alias() {
    std::string name(view(events_.event().data.alias.anchor));
    auto found = anchors_.find(name);
    if (found == anchors_.end()) return events_.error(fmt::format("unknown anchor '{}' referenced", name));
    if (!found->second.complete) return events_.error(fmt::format("anchor '{}' value contains itself", name));
    const Node& target = found->second.node;
    alias_nodes_ += target.nodes;
    if (alias_nodes_ > options_.alias_nodes_max) return events_.error("document contains excessive aliasing");
    if (path_.depth() + target.height > options_.depth_max) {
      return events_.error(fmt::format("exceeded max depth of {}", options_.depth_max));
    }
    return target;
  }

  Result<Node> sequence() {
    std::vector<Value> items;
    Node out;
    for (;;) {
      TRY(events_.next());
      if (events_.type() == YAML_SEQUENCE_END_EVENT) break;
      path_.set_index(items.size());
      Node item = TRY(node());
      items.push_back(item.value);
      count(out, item);
    }
    ++out.height;
    auto* body = ValueBuilder::new_body(*arena_, Type::kArray, items.size());
    std::copy(items.begin(), items.end(), body->items());
    body->size = static_cast<std::uint32_t>(items.size());
    out.value = ValueBuilder::make(Type::kArray, body);
    return out;
  }

  Result<Node> mapping() {
    Members members;
    Node out;
    for (;;) {
      TRY(events_.next());
      if (events_.type() == YAML_MAPPING_END_EVENT) break;
      if (is_merge_key()) {
        TRY(events_.next());
        TRY(merge(members, out));
      } else {
        TRY(member(members, out));
      }
    }
    ++out.height;
    auto* body = ValueBuilder::new_body(*arena_, Type::kObject, members.all().size());
    for (const Member& m : members.all()) body->members()[body->size++] = {m.key_data, m.key_size, 0, m.value};
    out.value = ValueBuilder::make(Type::kObject, body);
    return out;
  }

  Result<void> member(Members& members, Node& out) {
    std::string text = TRY(key());
    std::string_view stored = keys_.intern(text, *arena_);
    path_.set_key(stored);
    TRY(events_.next());
    yaml_mark_t mark = events_.mark();
    Node value = TRY(node());
    count(out, value);
    Member* existing = members.find(stored);
    if (existing == nullptr) {
      members.add(stored).value = value.value;
      return {};
    }
    if (existing->reserved != kMerged) {
      if (options_.duplicates == nullptr) return events_.error_at(mark, fmt::format("key \"{}\" already set in map", text));
      path_.report_to(options_.duplicates);
    }
    existing->reserved = 0;
    existing->value = value.value;
    return {};
  }

  bool is_merge_key() const {
    if (events_.type() != YAML_SCALAR_EVENT) return false;
    const auto& scalar = events_.event().data.scalar;
    return view(scalar.value) == "<<" && (scalar.plain_implicit != 0 || view(scalar.tag) == kMergeTag);
  }

  // The value of "<<": a mapping, or a sequence of mappings of which earlier ones win. As in go-yaml v2 the mapping is read
  // in order: what comes later in it wins.
  Result<void> merge(Members& members, Node& out) {
    path_.set_key("<<");
    bool in_place = events_.type() == YAML_SEQUENCE_START_EVENT;
    yaml_mark_t mark = events_.mark();
    constexpr std::string_view kWrong = "map merge requires map or sequence of maps as the value";
    Node source = TRY(node());
    count(out, source);
    if (source.value.is_object()) {
      merge_members(members, source.value);
      return {};
    }
    if (!in_place) return events_.error_at(mark, kWrong);
    std::span<const Value> items = source.value.items();
    for (const Value& item : items) {
      if (!item.is_object()) return events_.error_at(mark, kWrong);
    }
    for (std::size_t i = items.size(); i > 0; --i) merge_members(members, items[i - 1]);
    return {};
  }

  static void merge_members(Members& members, const Value& source) {
    for (const Member& m : source.members()) {
      Member* existing = members.find(m.key());
      if (existing == nullptr) existing = &members.add(m.key());
      existing->value = m.value;
      existing->reserved = kMerged;
    }
  }

  static void count(Node& parent, const Node& child) {
    parent.nodes += child.nodes;
    parent.height = std::max(parent.height, child.height);
  }

  Result<YamlScalar> resolve() const {
    const auto& scalar = events_.event().data.scalar;
    std::string_view text = scalar_text(), tag = view(scalar.tag);
    if (!tag.empty()) {
      auto out = resolve_tagged_scalar(tag, text);
      if (!out.ok()) return events_.error(out.error().message());
      return out;
    }
    return scalar.plain_implicit != 0 ? resolve_plain_scalar(text) : YamlScalar();
  }

  std::string_view scalar_text() const {
    const auto& scalar = events_.event().data.scalar;
    return {reinterpret_cast<const char*>(scalar.value), scalar.length};
  }

  Result<Node> scalar() {
    YamlScalar resolved = TRY(resolve());
    Node out;
    out.value = TRY(scalar_value(resolved));
    std::string_view anchor = view(events_.event().data.scalar.anchor);
    if (!anchor.empty()) anchors_[std::string(anchor)] = Anchor{out, true};
    return out;
  }

  Result<Value> scalar_value(const YamlScalar& scalar) {
    switch (scalar.kind) {
      case YamlScalar::Kind::kNull:
        return Value();
      case YamlScalar::Kind::kBool:
        return Value::of(scalar.boolean);
      case YamlScalar::Kind::kInt:
        return Value::of(scalar.integer);
      case YamlScalar::Kind::kUint:
        return Value::of(static_cast<double>(scalar.unsigned_integer));
      case YamlScalar::Kind::kFloat:
        return float_value(scalar.number);
      case YamlScalar::Kind::kTimestamp:
      case YamlScalar::Kind::kString:
        break;
    }
    return Value::ref(arena_->copy(scalar.has_bytes ? std::string_view(scalar.bytes) : scalar_text()));
  }

  // Upstream turns YAML into JSON text first, where 1e3 becomes 1000: an integer.
  Result<Value> float_value(double d) const {
    if (!std::isfinite(d)) return events_.error(fmt::format("number {} has no JSON form", scalar_text()));
    if (d != std::trunc(d)) return Value::of(d);
    std::string text;
    append_json_double(text, d);
    std::int64_t integer = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
    if (error == std::errc() && end == text.data() + text.size()) return Value::of(integer);
    return Value::of(d);
  }

  // The current event as a member's name: other scalars than strings become text.
  Result<std::string> key() {
    if (events_.type() == YAML_ALIAS_EVENT) {
      Node target = TRY(alias());
      return value_key(target.value);
    }
    if (events_.type() != YAML_SCALAR_EVENT) return events_.error("invalid map key: a mapping or sequence");
    YamlScalar scalar = TRY(resolve());
    if (scalar.kind == YamlScalar::Kind::kUint) return events_.error("unsupported map key: an integer past 64 bits");
    std::string text = TRY(scalar.kind == YamlScalar::Kind::kFloat ? Result<std::string>(float_key(scalar.number))
                                                                   : value_key(TRY(scalar_value(scalar))));
    std::string_view anchor = view(events_.event().data.scalar.anchor);
    if (!anchor.empty()) anchors_[std::string(anchor)] = Anchor{Node{TRY(scalar_value(scalar))}, true};
    return text;
  }

  Result<std::string> value_key(const Value& value) const {
    switch (value.type()) {
      case Type::kString:
        return std::string(value.as_string());
      case Type::kBool:
        return std::string(value.as_bool() ? "true" : "false");
      case Type::kInt:
        return std::to_string(value.as_int());
      case Type::kDouble:
        return float_key(value.as_double());
      case Type::kNull:
        return events_.error("unsupported map key: null");
      default:
        return events_.error("invalid map key: a mapping or sequence");
    }
  }

  static std::string float_key(double d) {
    if (std::isnan(d)) return ".nan";
    // Upstream formats a key as float32, in which large numbers are infinite.
    if (std::isinf(static_cast<float>(d))) return d > 0 ? ".inf" : "-.inf";
    std::string out;
    append_g32(out, d);
    return out;
  }

  Events events_;
  const YamlParseOptions& options_;
  std::shared_ptr<Arena> arena_;
  KeyTable keys_;
  DocumentPath path_;
  std::unordered_map<std::string, Anchor> anchors_;
  std::size_t alias_nodes_ = 0;
};

Result<Document> compose_first(std::string_view text, const YamlParseOptions& options) {
  Composer composer(text, 0, options);
  TRY(composer.begin());
  std::optional<Document> document = TRY(composer.document());
  return document ? std::move(*document) : Document();
}

Result<Document> parse_as_json(std::string_view text, const YamlParseOptions& options) {
  std::vector<std::string> duplicates;
  auto document = parse_json(text, {.depth_max = options.depth_max, .duplicates = &duplicates});
  if (!document.ok() || duplicates.empty()) return document;
  if (options.duplicates == nullptr) return bad_request(fmt::format("json: duplicate field \"{}\"", duplicates[0]));
  options.duplicates->insert(options.duplicates->end(), duplicates.begin(), duplicates.end());
  return document;
}

bool starts_like_json(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

// Bytes up to the end of the object that the text begins with; 0 when it does not end.
std::size_t object_length(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

// JSON objects one after the other, as files of them joined by cat.
Result<std::vector<Document>> parse_json_objects(std::string_view text, const YamlParseOptions& options) {
  std::vector<Document> out;
  while (starts_like_json(text)) {
    std::size_t length = object_length(text);
    if (length == 0) length = text.size();
    out.push_back(TRY(parse_as_json(text.substr(0, length), options)));
    text.remove_prefix(length);
  }
  if (text.find_first_not_of(" \t\r\n") != std::string_view::npos) return bad_request("json: text after the last object");
  return out;
}

// Appends the documents of one chunk between separators.
Result<void> parse_yaml_chunk(const YamlChunk& chunk, const YamlParseOptions& options, std::vector<Document>& out) {
  Composer composer(chunk.text, chunk.first_line, options);
  TRY(composer.begin());
  for (;;) {
    std::optional<Document> document = TRY(composer.document());
    if (!document) return {};
    if (!document->is_null()) out.push_back(std::move(*document));
    TRY(composer.advance());
  }
}

Result<void> parse_chunk(const YamlChunk& chunk, const YamlParseOptions& options, std::vector<Document>& out) {
  if (!starts_like_json(chunk.body)) return parse_yaml_chunk(chunk, options, out);
  auto objects = parse_json_objects(chunk.body, options);
  if (objects.ok()) {
    std::move(objects->begin(), objects->end(), std::back_inserter(out));
    return {};
  }
  // Perhaps a flow mapping that is not JSON. If not that either, it was meant as JSON.
  auto flow = parse_yaml_chunk(chunk, options, out);
  if (flow.ok()) return flow;
  return std::move(objects).error();
}

}  // namespace

Result<Document> parse_yaml(std::string_view text, const YamlParseOptions& options) {
  if (!starts_like_json(text)) return compose_first(text, options);
  auto document = parse_as_json(text, options);
  if (document.ok()) return document;
  // A flow mapping that is not JSON, such as {a: b}.
  auto flow = compose_first(text, options);
  return flow.ok() ? std::move(flow) : std::move(document);
}

Result<std::vector<Document>> parse_yaml_stream(std::string_view text, const YamlParseOptions& options) {
  std::vector<Document> out;
  for (const YamlChunk& chunk : split_yaml_stream(text)) TRY(parse_chunk(chunk, options, out));
  return out;
}

}  // namespace plinth

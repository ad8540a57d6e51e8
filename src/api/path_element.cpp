#include "api/path_element.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <vector>

#include "api/go_text.h"
#include "base/json.h"
#include "base/short_text.h"

namespace plinth::api {
namespace {

int sign(int n) { return n < 0 ? -1 : n > 0 ? 1 : 0; }

int compare_numbers(const Value& a, const Value& b) {
  if (a.is_int() && b.is_int()) return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int() ? 1 : 0;
  double x = a.as_double(), y = b.as_double();
  return x < y ? -1 : x > y ? 1 : 0;
}

int compare_lists(std::span<const Value> a, std::span<const Value> b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (int c = compare_values(a[i], b[i]); c != 0) return c;
  }
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

std::vector<const Member*> sorted_members(const Value& object) {
  std::vector<const Member*> out;
  for (const Member& m : object.members()) out.push_back(&m);
  std::sort(out.begin(), out.end(), [](const Member* x, const Member* y) { return x->key() < y->key(); });
  return out;
}

int compare_objects(const Value& a, const Value& b) {
  std::vector<const Member*> left = sorted_members(a), right = sorted_members(b);
  for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
    if (int c = left[i]->key().compare(right[i]->key()); c != 0) return sign(c);
    if (int c = compare_values(left[i]->value, right[i]->value); c != 0) return c;
  }
  return left.size() < right.size() ? -1 : left.size() > right.size() ? 1 : 0;
}

int rank(const Value& v) {
  switch (v.type()) {
    case Value::Type::kInt:
    case Value::Type::kDouble:
      return 0;
    case Value::Type::kString:
      return 1;
    case Value::Type::kBool:
      return 2;
    case Value::Type::kArray:
      return 3;
    case Value::Type::kObject:
      return 4;
    case Value::Type::kNull:
      return 5;
  }
  return 5;
}

// Text that JSON prints as it is.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

// A scalar at the beginning of `text`, without copying: strings without escapes, integers, booleans and null.
bool scan_scalar(std::string_view& text, Value& out) {
  if (text.empty()) return false;
  if (text[0] == '"') {
    std::size_t end = 1;
    while (end < text.size() && text[end] != '"' && text[end] != '\\' && static_cast<unsigned char>(text[end]) >= 0x20) ++end;
    if (end == text.size() || text[end] != '"') return false;
    out = Value::ref(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return true;
  }
  for (auto [word, value] :
       {std::pair{std::string_view("true"), Value::of(true)}, {"false", Value::of(false)}, {"null", Value()}}) {
    if (!text.starts_with(word)) continue;
    out = value;
    text.remove_prefix(word.size());
    return true;
  }
  std::int64_t n = 0;
  std::string_view digits = text[0] == '-' ? text.substr(1) : text;
  if (digits.empty() || (digits[0] == '0' && digits.size() > 1 && digits[1] >= '0' && digits[1] <= '9')) return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && std::string_view(".eE").find(text[0]) != std::string_view::npos) return false;
  out = Value::of(n);
  return true;
}

std::span<const KeyField> store_fields(std::vector<KeyField> fields, Arena& arena) {
  std::stable_sort(fields.begin(), fields.end(), [](const KeyField& a, const KeyField& b) { return a.name < b.name; });
  auto* stored = static_cast<KeyField*>(arena.allocate(fields.size() * sizeof(KeyField)));
  std::uninitialized_copy(fields.begin(), fields.end(), stored);
  return {stored, fields.size()};
}

// {"name":"x","port":80} as upstream prints it: compact, flat. Anything else goes to the JSON parser.
bool scan_key(std::string_view text, std::vector<KeyField>& fields) {
  if (text.size() < 2 || text.front() != '{') return false;
  text.remove_prefix(1);
  for (;;) {
    Value name;
    KeyField field;
    if (text.empty() || text[0] != '"' || !scan_scalar(text, name) || text.empty() || text[0] != ':') return false;
    text.remove_prefix(1);
    if (!scan_scalar(text, field.value) || text.empty()) return false;
    field.name = name.as_string();
    fields.push_back(field);
    char next = text[0];
    text.remove_prefix(1);
    if (next == '}') return text.empty();
    if (next != ',') return false;
  }
}

PathElement::Parsed parse_key(std::string_view text, Arena& arena, PathElement& out) {
  std::vector<KeyField> fields;
  if (!scan_key(text, fields)) {
    fields.clear();
    Result<Document> parsed = parse_json(text);
    if (!parsed.ok() || !(parsed->root().is_object() || parsed->root().is_null())) return PathElement::Parsed::kError;
    arena.retain(parsed->arena());
    for (const Member& m : parsed->root().members()) fields.push_back({m.key(), m.value});
  }
  out = PathElement::key(store_fields(std::move(fields), arena));
  return PathElement::Parsed::kElement;
}

PathElement::Parsed parse_value(std::string_view text, Arena& arena, PathElement& out) {
  Value value;
  std::string_view rest = text;
  if (!scan_scalar(rest, value) || !rest.empty()) {
    Result<Document> parsed = parse_json(text);
    if (!parsed.ok()) return PathElement::Parsed::kError;
    arena.retain(parsed->arena());
    value = parsed->root();
  }
  out = PathElement::value(new (arena.allocate(sizeof(Value))) Value(value));
  return PathElement::Parsed::kElement;
}

PathElement::Parsed parse_index(std::string_view text, PathElement& out) {
  std::int64_t n = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size()) return PathElement::Parsed::kError;
  out = PathElement::index(n);
  return PathElement::Parsed::kElement;
}

// Only others than upstream name items by lists or objects.
Value copy_value(const Value& value, Arena& arena) {
  if (value.is_string()) return Value::ref(arena.copy(value.as_string()));
  if (!value.is_array() && !value.is_object()) return value;
  Draft draft;
  draft.root() = draft.clone(value);
  const Document copy = std::move(draft).finish();
  arena.retain(copy.arena());
  return copy.root();
}

void append_value_text(std::string& out, const Value& v) {
  if (v.is_string())
    append_go_quoted(out, v.as_string());
  else if (v.is_double())
    out += go_float(v.as_double());
  else
    append_json(out, v);
}

// Upstream's encoder escapes HTML inside of keys and values.
void append_html_safe(std::string& out, const Value& value) {
  std::size_t begin = out.size();
  append_json(out, value);
  for (std::size_t i = begin; i < out.size(); ++i) {
    const char* escaped = out[i] == '<' ? "\\u003c" : out[i] == '>' ? "\\u003e" : out[i] == '&' ? "\\u0026" : nullptr;
    if (escaped == nullptr) continue;
    out.replace(i, 1, escaped);
    i += 5;
  }
}

// A name and a value that upstream's encoder does not escape beyond their quotes.
bool is_plain_field(const KeyField& field) {
  const Value& v = field.value;
  if (v.is_string())
    return is_plain(field.name) && is_plain(v.as_string()) && v.as_string().find_first_of("<>&") == std::string_view::npos;
  return is_plain(field.name) && (v.is_int() || v.is_bool());
}

void append_plain_key(std::string& out, std::span<const KeyField> fields) {
  out += "\"k:";
  char lead = '{';
  for (const KeyField& field : fields) {
    (((out += lead) += "\\\"") += field.name) += "\\\":";
    if (field.value.is_string())
      ((out += "\\\"") += field.value.as_string()) += "\\\"";
    else
      append_json(out, field.value);
    lead = ',';
  }
  out += fields.empty() ? "{}\"" : "}\"";
}

}  // namespace

int compare_values(const Value& a, const Value& b) {
  int left = rank(a), right = rank(b);
  if (left != right) return left < right ? -1 : 1;
  switch (left) {
    case 0:
      return compare_numbers(a, b);
    case 1:
      return compare_text(a.as_string(), b.as_string());
    case 2:
      return static_cast<int>(a.as_bool()) - static_cast<int>(b.as_bool());
    case 3:
      return compare_lists(a.items(), b.items());
    case 4:
      return compare_objects(a, b);
    default:
      return 0;
  }
}

int PathElement::compare(const PathElement& other) const {
  if (kind_ != other.kind_) return kind_ < other.kind_ ? -1 : 1;
  switch (kind_) {
    case PathKind::kField:
      if (text_ == other.text_ && size_ == other.size_) return 0;
      return compare_text({text_, size_}, {other.text_, other.size_});
    case PathKind::kValue:
      return value_ == other.value_ ? 0 : compare_values(*value_, *other.value_);
    case PathKind::kIndex:
      return index_ < other.index_ ? -1 : index_ > other.index_ ? 1 : 0;
    case PathKind::kKey:
      if (fields_ == other.fields_ && size_ == other.size_) return 0;
      break;
  }
  std::span<const KeyField> left = fields(), right = other.fields();
  for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
    if (left[i].name.data() != right[i].name.data() || left[i].name.size() != right[i].name.size()) {
      if (int c = compare_text(left[i].name, right[i].name); c != 0) return c;
    }
    const Value &a = left[i].value, &b = right[i].value;
    if (int c = a.is_string() && b.is_string() ? compare_text(a.as_string(), b.as_string()) : compare_values(a, b); c != 0)
      return c;
  }
  return left.size() < right.size() ? -1 : left.size() > right.size() ? 1 : 0;
}

PathElement::Parsed PathElement::parse(std::string_view text, Arena& arena, PathElement& out) {
  if (text.size() < 2 || text[1] != ':') return Parsed::kError;
  std::string_view rest = text.substr(2);
  switch (text[0]) {
    case 'f':
      out = field(rest);
      return Parsed::kElement;
    case 'k':
      return parse_key(rest, arena, out);
    case 'v':
      return parse_value(rest, arena, out);
    case 'i':
      return parse_index(rest, out);
    default:
      return Parsed::kUnknownKind;
  }
}

PathElement PathElement::copy_to(Arena& arena) const {
  switch (kind_) {
    case PathKind::kField:
      return field(arena.copy(name()));
    case PathKind::kValue:
      return value(new (arena.allocate(sizeof(Value))) Value(copy_value(*value_, arena)));
    case PathKind::kIndex:
      return *this;
    case PathKind::kKey:
      break;
  }
  auto* copies = static_cast<KeyField*>(arena.allocate(size_ * sizeof(KeyField)));
  for (std::uint32_t i = 0; i < size_; ++i)
    new (&copies[i]) KeyField{arena.copy(fields_[i].name), copy_value(fields_[i].value, arena)};
  return key({copies, size_});
}

void PathElement::append_text(std::string& out) const {
  switch (kind_) {
    case PathKind::kField:
      (out += '.') += name();
      return;
    case PathKind::kIndex:
      ((out += '[') += std::to_string(index_)) += ']';
      return;
    case PathKind::kValue:
      out += "[=";
      append_value_text(out, *value_);
      out += ']';
      return;
    case PathKind::kKey:
      break;
  }
  char lead = '[';
  for (const KeyField& field : fields()) {
    ((out += lead) += field.name) += '=';
    append_value_text(out, field.value);
    lead = ',';
  }
  if (fields().empty()) out += '[';
  out += ']';
}

void PathElement::append_json_key(std::string& out) const {
  if (kind_ == PathKind::kField && is_plain(name())) {
    ((out += "\"f:") += name()) += '"';
    return;
  }
  if (kind_ == PathKind::kKey && std::all_of(fields().begin(), fields().end(), is_plain_field))
    return append_plain_key(out, fields());
  std::string key;
  switch (kind_) {
    case PathKind::kField:
      (key = "f:") += name();
      break;
    case PathKind::kIndex:
      key = "i:" + std::to_string(index_);
      break;
    case PathKind::kValue:
      key = "v:";
      append_html_safe(key, *value_);
      break;
    case PathKind::kKey:
      key = "k:{";
      for (const KeyField& field : fields()) {
        if (key.size() > 3) key += ',';
        append_json_string(key, field.name);
        key += ':';
        append_html_safe(key, field.value);
      }
      key += '}';
      break;
  }
  append_json_string(out, key);
}

std::string path_text(Path path) {
  std::string out;
  for (const PathElement& element : path) element.append_text(out);
  return out;
}

}  // namespace plinth::api

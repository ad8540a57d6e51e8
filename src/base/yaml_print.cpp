#include <algorithm>
#include <charconv>
#include <cmath>

#include <yaml.h>

#include "base/base64.h"
#include "base/float_text.h"
#include "base/natural_order.h"
#include "base/utf8.h"
#include "base/yaml.h"
#include "base/yaml_scalar.h"

namespace plinth {
namespace {

constexpr std::size_t kBinaryLineBytes = 70;
constexpr const char* kBinaryTag = "tag:yaml.org,2002:binary";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Numbers such as 1:30:00 of YAML 1.1, which are quoted for other parsers: [-+]?D[D_]*(:[0-5]?D)+(\.[D_]*)?
bool is_base60(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !is_digit(text[0])) return false;
  std::size_t i = 0;
  while (i < text.size() && (is_digit(text[i]) || text[i] == '_')) ++i;
  std::size_t groups = 0;
  while (i < text.size() && text[i] == ':') {
    std::size_t digits = 0;
    while (digits < 2 && i + 1 + digits < text.size() && is_digit(text[i + 1 + digits])) ++digits;
    if (digits == 0 || (digits == 2 && text[i + 1] > '5')) return false;
    i += 1 + digits;
    ++groups;
  }
  if (groups == 0) return false;
  if (i < text.size() && text[i] == '.') ++i;
  while (i < text.size() && (is_digit(text[i]) || text[i] == '_')) ++i;
  return i == text.size();
}

// NEL, LS and PS, which YAML 1.1 takes for line ends: escaped, since libyaml's other styles would not give them back.
bool has_foreign_break(std::string_view text) {
  constexpr auto npos = std::string_view::npos;
  return text.find("\xC2\x85") != npos || text.find("\xE2\x80\xA8") != npos || text.find("\xE2\x80\xA9") != npos;
}

std::string binary_text(std::string_view bytes) {
  std::string encoded = base64_encode(bytes), out;
  if (encoded.size() < kBinaryLineBytes) return encoded;
  for (std::size_t i = 0; i < encoded.size(); i += kBinaryLineBytes) out += encoded.substr(i, kBinaryLineBytes) + '\n';
  return out;
}

// Feeds a value to libyaml's emitter with the styles that go-yaml v2 chooses.
class Printer {
 public:
  explicit Printer(std::string& out) {
    yaml_emitter_initialize(&emitter_);
    yaml_emitter_set_output(&emitter_, &Printer::append, &out);
    yaml_emitter_set_unicode(&emitter_, 1);
  }
  ~Printer() { yaml_emitter_delete(&emitter_); }
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  void document(const Value& root) {
    yaml_event_t event;
    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
    emit(event);
    yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1);
    emit(event);
    print(root);
    emitter_.open_ended = 0;  // no "..." after a block scalar that keeps its line ends
    yaml_document_end_event_initialize(&event, 1);
    emit(event);
    emitter_.open_ended = 0;
    yaml_stream_end_event_initialize(&event);
    emit(event);
  }

 private:
  static int append(void* out, unsigned char* bytes, std::size_t size) {
    static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), size);
    return 1;
  }

  void emit(yaml_event_t& event) { yaml_emitter_emit(&emitter_, &event); }

  void print(const Value& value) {
    switch (value.type()) {
      case Value::Type::kNull:
        return plain("null");
      case Value::Type::kBool:
        return plain(value.as_bool() ? "true" : "false");
      case Value::Type::kInt:
        return plain(std::to_string(value.as_int()));
      case Value::Type::kDouble:
        return number(value.as_double());
      case Value::Type::kString:
        return string(value.as_string());
      case Value::Type::kArray:
        return sequence(value);
      case Value::Type::kObject:
        return mapping(value);
    }
  }

  void sequence(const Value& value) {
    yaml_event_t event;
    yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_SEQUENCE_STYLE);
    emit(event);
    for (const Value& item : value.items()) print(item);
    yaml_sequence_end_event_initialize(&event);
    emit(event);
  }

  void mapping(const Value& value) {
    std::vector<const Member*> sorted;
    for (const Member& m : value.members()) sorted.push_back(&m);
    // Not std::sort: the order is upstream's and not always transitive.
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Member* a, const Member* b) { return natural_less(a->key(), b->key()); });
    yaml_event_t event;
    yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_MAPPING_STYLE);
    emit(event);
    for (const Member* m : sorted) {
      string(m->key());
      print(m->value);
    }
    yaml_mapping_end_event_initialize(&event);
    emit(event);
  }

  // Upstream prints what JSON text reads back as: whole numbers of up to 64 bits without exponent.
  void number(double d) {
    std::string text;
    append_json_double(text, d);
    std::uint64_t magnitude = 0;
    const char* digits = text.data() + (text[0] == '-' ? 1 : 0);
    auto [end, error] = std::from_chars(digits, text.data() + text.size(), magnitude);
    bool whole = error == std::errc() && end == text.data() + text.size();
    if (whole && d == 0) text = "0";
    if (!whole && std::isfinite(d)) {
      text.clear();
      append_g(text, d);
    }
    plain(text);
  }

  void string(std::string_view text) {
    if (!is_utf8(text)) {
      std::string encoded = binary_text(text);
      scalar(encoded, kBinaryTag,
             encoded.find('\n') == std::string::npos ? YAML_PLAIN_SCALAR_STYLE : YAML_LITERAL_SCALAR_STYLE);
      return;
    }
    yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;
    if (text.find('\n') != std::string_view::npos) {
      style = YAML_LITERAL_SCALAR_STYLE;
    } else if (resolve_plain_scalar(text).kind != YamlScalar::Kind::kString || is_base60(text) || has_foreign_break(text)) {
      style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    }
    scalar(text, nullptr, style);
  }

  void plain(std::string_view text) { scalar(text, nullptr, YAML_PLAIN_SCALAR_STYLE); }

  void scalar(std::string_view text, const char* tag, yaml_scalar_style_t style) {
    int implicit = tag == nullptr ? 1 : 0;
    yaml_event_t event;
    yaml_scalar_event_initialize(&event, nullptr, reinterpret_cast<const yaml_char_t*>(tag),
                                 reinterpret_cast<const yaml_char_t*>(text.data()), static_cast<int>(text.size()), implicit,
                                 implicit, style);
    emit(event);
  }

  yaml_emitter_t emitter_{};
};

}  // namespace

std::string to_yaml(const Value& value) {
  std::string out;
  Printer(out).document(value);
  return out;
}

}  // namespace plinth

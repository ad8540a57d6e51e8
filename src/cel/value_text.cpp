#include <cmath>

#include <fmt/core.h>

#include "base/float_text.h"
#include "base/hex.h"
#include "base/quoted.h"
#include "cel/lib/libraries.h"
#include "cel/number.h"
#include "cel/time.h"
#include "cel/value.h"

namespace plinth::cel {
namespace {

constexpr int kDepthMax = 512;  // of lists and maps within each other, as documents have it

struct TextWriter {
  std::string out;
  std::size_t bytes_max;
  Memory memory;

  bool full() const { return out.size() >= bytes_max; }

  void list(const Value& value, int depth) {
    List items(value);
    out += "[";
    for (std::size_t i = 0; i < items.size() && !full(); ++i) {
      if (i != 0) out += ", ";
      write(items.at(i, memory), depth + 1);
    }
    out += "]";
  }

  void map(const Value& value, int depth) {
    Map members(value);
    out += "{";
    for (std::size_t i = 0; i < members.size() && !full(); ++i) {
      MapEntry entry = members.entry(i, memory);
      if (i != 0) out += ", ";
      write(entry.key, depth + 1);
      out += ": ";
      write(entry.value, depth + 1);
    }
    out += "}";
  }

  void optional(const Value* value, int depth) {
    if (value == nullptr) {
      out += "optional.none()";
      return;
    }
    out += "optional.of(";
    write(*value, depth + 1);
    out += ")";
  }

  void floating(double d) {
    std::string text = double_text(d);
    out += text;
    if (std::isfinite(d) && text.find_first_of(".e") == std::string::npos) out += ".0";
  }

  void opaque(const Opaque& value) {
    out += std::string(value.type->name) + "(";
    value.type->text(value, out);
    out += ")";
  }

  void write(const Value& v, int depth) {
    if (depth > kDepthMax) return;
    switch (v.kind()) {
      case Kind::kAbsent:
        out += "absent";
        break;
      case Kind::kError:
        out += fmt::format("error({})", v.as_error().message);
        break;
      case Kind::kNull:
        out += "null";
        break;
      case Kind::kBool:
        out += v.as_bool() ? "true" : "false";
        break;
      case Kind::kInt:
        out += std::to_string(v.as_int());
        break;
      case Kind::kUint:
        out += std::to_string(v.as_uint()) + "u";
        break;
      case Kind::kDouble:
        floating(v.as_double());
        break;
      case Kind::kString:
        out += quoted(v.as_string());
        break;
      case Kind::kBytes:
        out += "b" + quoted(v.as_string());
        break;
      case Kind::kTimestamp:
        out += "timestamp(\"" + format_rfc3339_nano(v.as_timestamp()) + "\")";
        break;
      case Kind::kDuration:
        out += "duration(\"" + duration_text(v.as_duration()) + "\")";
        break;
      case Kind::kList:
        list(v, depth);
        break;
      case Kind::kMap:
        map(v, depth);
        break;
      case Kind::kType:
        out += v.as_string();
        break;
      case Kind::kOptional:
        optional(v.as_optional(), depth);
        break;
      case Kind::kOpaque:
        opaque(v.as_opaque());
        break;
    }
  }
};

struct DocumentWriter {
  Draft& draft;
  Memory memory;

  Result<DocumentValue> list(const Value& value, int depth) {
    if (value.form() == Value::Form::kDocument) return draft.clone(value.document());
    List items(value);
    DocumentValue out = draft.array(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      Value element = items.at(i, memory);
      if (is_omit(element)) continue;
      DocumentValue item = TRY(write(element, depth + 1));
      draft.push(out, item);
    }
    return out;
  }

  Result<DocumentValue> map(const Value& value, int depth) {
    if (value.form() == Value::Form::kDocument) return draft.clone(value.document());
    Map members(value);
    DocumentValue out = draft.object(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      MapEntry entry = members.entry(i, memory);
      if (is_omit(entry.value)) continue;
      std::string key = entry.key.is(Kind::kString) ? std::string(entry.key.as_string()) : key_text(entry.key);
      DocumentValue member = TRY(write(entry.value, depth + 1));
      draft.set(out, key, member);
    }
    return out;
  }

  static std::string key_text(const Value& key) {
    if (key.is(Kind::kBool)) return key.as_bool() ? "true" : "false";
    return key.is(Kind::kUint) ? std::to_string(key.as_uint()) : std::to_string(key.as_int());
  }

  Result<DocumentValue> write(const Value& v, int depth) {
    if (depth > kDepthMax) return bad_request(fmt::format("the value is nested more than {} deep", kDepthMax));
    switch (v.kind()) {
      case Kind::kNull:
        return DocumentValue();
      case Kind::kBool:
        return DocumentValue::of(v.as_bool());
      case Kind::kInt:
        return DocumentValue::of(v.as_int());
      case Kind::kUint:
        if (v.as_int() < 0) return bad_request(fmt::format("{} is more than the largest int64", v.as_uint()));
        return DocumentValue::of(v.as_int());
      case Kind::kDouble:
        if (!std::isfinite(v.as_double())) return bad_request(double_text(v.as_double()) + " cannot be written as JSON");
        return DocumentValue::of(v.as_double());
      case Kind::kString:
        return draft.text(v.as_string());
      case Kind::kTimestamp:
        return draft.text(format_rfc3339_nano(v.as_timestamp()));
      case Kind::kDuration:
        return draft.text(duration_text(v.as_duration()));
      case Kind::kList:
        return list(v, depth);
      case Kind::kMap:
        return map(v, depth);
      case Kind::kOptional:
        if (v.as_optional() == nullptr) return DocumentValue();
        return write(*v.as_optional(), depth + 1);
      case Kind::kOpaque: {
        std::string text;
        v.as_opaque().type->text(v.as_opaque(), text);
        return draft.text(text);
      }
      case Kind::kBytes:
        return bad_request("bytes cannot be written as JSON; encode them, for example with base64.encode()");
      default:
        return bad_request(fmt::format("a value of type {} cannot be written as JSON", type_name(v)));
    }
  }
};

}  // namespace

std::string to_text(const Value& value, std::size_t bytes_max) {
  TextWriter writer{{}, bytes_max, {}};
  writer.write(value, 0);
  if (writer.out.size() <= bytes_max) return std::move(writer.out);
  while (bytes_max > 0 && (writer.out[bytes_max] & 0xc0) == 0x80) --bytes_max;
  writer.out.resize(bytes_max);
  return writer.out + "...";
}

Result<DocumentValue> to_document(const Value& value, Draft& draft) { return DocumentWriter{draft, {}}.write(value, 0); }

std::string duration_text(TimeSpan span) {
  std::string out;
  if (span.seconds < 0 || span.nanos < 0) {
    out = "-";
    span = negated(span);
  }
  out += std::to_string(span.seconds);
  if (span.nanos != 0) {
    std::string fraction = fmt::format(".{:09}", span.nanos);
    while (fraction.back() == '0') fraction.pop_back();
    out += fraction;
  }
  return out + "s";
}

}  // namespace plinth::cel

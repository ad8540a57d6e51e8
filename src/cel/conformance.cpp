#include "cel/conformance.h"

#include <cmath>

#include <fmt/core.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cel/lib/libraries.h"
#include "cel/program.h"

namespace plinth::cel {
namespace {

constexpr std::string_view kProtobuf = "google.protobuf.";
constexpr std::string_view kConformance = "cel.expr.conformance";

// A google.protobuf message other than Timestamp and Duration.
bool names_protobuf_message(std::string_view text) {
  for (std::size_t at = text.find(kProtobuf); at != std::string_view::npos; at = text.find(kProtobuf, at + 1)) {
    std::string_view rest = text.substr(at + kProtobuf.size());
    bool known = rest.substr(0, 9) == "Timestamp" || rest.substr(0, 8) == "Duration";
    if (!known && !rest.empty() && rest[0] >= 'A' && rest[0] <= 'Z') return true;
  }
  return false;
}

// The rule by which a test is skipped: it holds a message value, names a type or enum of cel.expr.conformance, or a
// google.protobuf message other than the two that the language has.
bool needs_messages(const DocumentValue& node) {
  if (node.is_string()) {
    std::string_view text = node.as_string();
    return contains(text, kConformance) || names_protobuf_message(text);
  }
  for (const DocumentValue& item : node.items()) {
    if (needs_messages(item)) return true;
  }
  for (const Member& member : node.members()) {
    if (member.key() == "evalError" || member.key() == "description" || member.key() == "name") continue;
    if (member.key() == "objectValue" || needs_messages(member.value)) return true;
  }
  return false;
}

// Without blanks and comments: names may be spread over lines.
std::string condensed(std::string_view expression) {
  std::string out;
  for (std::string_view line : split(expression, '\n')) {
    for (char c : line.substr(0, line.find("//"))) {
      if (static_cast<unsigned char>(c) > ' ') out += c;
    }
  }
  return out;
}

bool skipped(const DocumentValue& test) {
  if (needs_messages(test)) return true;
  std::string expression = condensed(test["expr"].as_string());
  if (contains(expression, kConformance) || names_protobuf_message(expression)) return true;
  // Short names of messages, in their own package.
  return test["container"].as_string() == "google.protobuf" && contains(test["expr"].as_string(), "{");
}

Type read_type(const DocumentValue& json);

Type read_primitive(std::string_view name) {
  if (name == "BOOL") return Type::boolean();
  if (name == "INT64") return Type::integer();
  if (name == "UINT64") return Type::unsigned_integer();
  if (name == "DOUBLE") return Type::floating();
  if (name == "STRING") return Type::string();
  return Type::bytes();
}

std::vector<Type> read_types(const DocumentValue& json) {
  std::vector<Type> out;
  for (const DocumentValue& type : json.items()) out.push_back(read_type(type));
  return out;
}

Type read_abstract(const DocumentValue& json) {
  return Type::opaque(std::string(json["name"].as_string()), read_types(json["parameterTypes"]));
}

Type read_type(const DocumentValue& json) {
  if (const DocumentValue* t = json.find("primitive")) return read_primitive(t->as_string());
  if (const DocumentValue* t = json.find("wrapper")) return Type::wrapper(read_primitive(t->as_string()));
  if (const DocumentValue* t = json.find("wellKnown")) {
    return t->as_string() == "TIMESTAMP" ? Type::timestamp() : t->as_string() == "DURATION" ? Type::duration() : Type::dyn();
  }
  if (const DocumentValue* t = json.find("listType")) return Type::list(read_type((*t)["elemType"]));
  if (const DocumentValue* t = json.find("mapType")) return Type::map(read_type((*t)["keyType"]), read_type((*t)["valueType"]));
  if (const DocumentValue* t = json.find("typeParam")) return Type::parameter(std::string(t->as_string()));
  if (const DocumentValue* t = json.find("abstractType")) return read_abstract(*t);
  if (const DocumentValue* t = json.find("type")) return Type::type_of(read_type(*t));
  if (json.find("null") != nullptr) return Type::null();
  if (json.find("error") != nullptr) return Type::error();
  return Type::dyn();
}

double read_double(const DocumentValue& json) {
  if (!json.is_string()) return json.as_double();
  std::string_view text = json.as_string();
  if (text == "NaN") return std::nan("");
  return text == "-Infinity" ? -HUGE_VAL : HUGE_VAL;
}

Value read_value(const DocumentValue& json, Memory& memory);

Value read_list(const DocumentValue& items, Memory& memory) {
  ListBody* list = new_list(memory, items.size());
  for (const DocumentValue& item : items.items()) list->items[list->size++] = read_value(item, memory);
  return Value::list(list);
}

Value read_map(const DocumentValue& entries, Memory& memory) {
  MapBuilder map(memory, entries.size());
  for (const DocumentValue& entry : entries.items())
    map.insert(read_value(entry["key"], memory), read_value(entry["value"], memory));
  return Value::map(map.finish());
}

Value read_value(const DocumentValue& json, Memory& memory) {
  if (json.members().empty()) return Value();
  const Member& member = json.members()[0];
  const DocumentValue& v = member.value;
  std::string_view kind = member.key();
  if (kind == "boolValue") return Value::of(v.as_bool());
  if (kind == "int64Value")
    return Value::of(v.is_string() ? parse_integer<std::int64_t>(v.as_string()).value_or(0) : v.as_int());
  if (kind == "uint64Value") {
    return Value::of(v.is_string() ? parse_integer<std::uint64_t>(v.as_string()).value_or(0)
                                   : static_cast<std::uint64_t>(v.as_int()));
  }
  if (kind == "doubleValue") return Value::of(read_double(v));
  if (kind == "stringValue") return Value::string(memory.copy(v.as_string()));
  if (kind == "bytesValue") return Value::bytes(memory.copy(base64_decode(v.as_string()).value_or("")));
  if (kind == "typeValue") return Value::type(memory.copy(v.as_string()));
  if (kind == "listValue") return read_list(v["values"], memory);
  if (kind == "mapValue") return read_map(v["entries"], memory);
  return Value();
}

// The files are converted from protobuf's text format, and some strings kept escapes of that format: \uXXXX, \UXXXXXXXX and \?.
std::string without_escapes(std::string_view text) {
  std::string out;
  for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\')) {
    out.append(text.substr(0, at));
    char kind = at + 1 < text.size() ? text[at + 1] : '\0';
    std::size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    std::string_view number = text.substr(std::min(at + 2, text.size()), digits);
    auto code = number.size() == digits ? parse_integer<std::uint32_t>(number, 16) : std::nullopt;
    if (code && *code <= 0x10ffff)
      append_utf8(out, *code);
    else if (kind == '?')
      out += '?';
    else
      out += text.substr(at, 2);
    text.remove_prefix(std::min(at + 2 + (code ? digits : 0), text.size()));
  }
  return out.append(text);
}

bool same_text(std::string_view actual, std::string_view expected) {
  return actual == expected || actual == without_escapes(expected);
}

// Equal and of the same types throughout; NaN is NaN, the order of maps does not matter.
bool same(const Value& a, const Value& b, Memory& memory) {
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::kDouble)) return a.as_double() == b.as_double() || (std::isnan(a.as_double()) && std::isnan(b.as_double()));
  if (a.is(Kind::kString) || a.is(Kind::kBytes)) return same_text(a.as_string(), b.as_string());
  if (a.is(Kind::kList)) {
    List x(a), y(b);
    bool equal = x.size() == y.size();
    for (std::size_t i = 0; equal && i < x.size(); ++i) equal = same(x.at(i, memory), y.at(i, memory), memory);
    return equal;
  }
  if (a.is(Kind::kMap)) {
    Map x(a), y(b);
    bool equal = x.size() == y.size();
    for (std::size_t i = 0; equal && i < x.size(); ++i) {
      MapEntry entry = x.entry(i, memory);
      Value other;
      equal = y.find(entry.key, memory, &other) && same(entry.value, other, memory);
    }
    return equal;
  }
  return equal(a, b, memory);
}

Environment base_environment(std::shared_ptr<const TimeZones> zones) {
  Environment environment;
  environment.add(optionals_library());
  environment.add(strings_library());
  environment.add(math_library());
  environment.add(encoders_library());
  environment.add(bindings_library());
  environment.add(blocks_library());
  environment.add(comprehensions_library());
  environment.add(network_library());
  environment.settings().zones = std::move(zones);
  return environment;
}

void declare(Environment& environment, const DocumentValue& declarations) {
  Library library("test");
  for (const DocumentValue& declaration : declarations.items()) {
    std::string_view name = declaration["name"].as_string();
    if (const DocumentValue* ident = declaration.find("ident")) environment.declare(name, read_type((*ident)["type"]));
    for (const DocumentValue& overload : declaration["function"]["overloads"].items()) {
      std::string_view id = overload["overloadId"].as_string();
      std::vector<Type> parameters = read_types(overload["params"]);
      Type result = read_type(overload["resultType"]);
      if (overload["isInstanceFunction"].as_bool())
        library.member(name, id, std::move(parameters), std::move(result), nullptr);
      else
        library.global(name, id, std::move(parameters), std::move(result), nullptr);
    }
  }
  environment.add(library);
}

// What is wrong with the outcome of one test; empty when nothing is.
class TestRun {
 public:
  TestRun(const DocumentValue& test, Environment environment) : test_(test), environment_(std::move(environment)) {}

  std::string run() {
    environment_.settings().container = std::string(test_["container"].as_string());
    declare(environment_, test_["typeEnv"]);
    for (const Member& binding : test_["bindings"].members()) {
      if (!environment_.find_variable(binding.key())) environment_.declare(binding.key(), Type::dyn());
    }
    CompileOptions options;
    options.check = !test_["disableCheck"].as_bool();
    options.macros = !test_["disableMacros"].as_bool();
    auto program = compile(test_["expr"].as_string(), environment_, options);
    if (!program.ok()) return test_.find("evalError") != nullptr ? "" : "does not compile: " + program.error().message();
    if (const DocumentValue* typed = test_.find("typedResult")) {
      Type expected = read_type((*typed)["deducedType"]);
      if (!(program->result_type() == expected)) {
        return fmt::format("expected type {}, got {}", expected.text(), program->result_type().text());
      }
    }
    return test_["checkOnly"].as_bool() ? "" : evaluate(*program);
  }

 private:
  std::string evaluate(const Program& program) {
    Activation activation(environment_);
    for (const Member& binding : test_["bindings"].members()) {
      activation.set(*environment_.find_variable(binding.key()), read_value(binding.value["value"], memory_));
    }
    Value value = program.run(activation.values(), memory_);
    if (test_.find("evalError") != nullptr) return value.is_error() ? "" : "expected an error, got " + to_text(value);
    Value expected = Value::of(true);
    if (const DocumentValue* json = test_.find("value"))
      expected = read_value(*json, memory_);
    else if (const DocumentValue* typed = test_.find("typedResult"))
      expected = read_value((*typed)["result"], memory_);
    if (!value.is_error() && same(value, expected, memory_)) return "";
    return fmt::format("expected {}, got {}", to_text(expected), to_text(value));
  }

  const DocumentValue& test_;
  Environment environment_;
  Memory memory_;
};

}  // namespace

Result<ConformanceResult> run_conformance(std::string_view file, std::shared_ptr<const TimeZones> zones) {
  Document document = TRY(parse_json(file));
  const DocumentValue* tests = document->find("tests");
  if (tests == nullptr || !tests->is_array()) return bad_request("no list \"tests\" in the file");
  Environment environment = base_environment(std::move(zones));
  ConformanceResult result;
  for (const DocumentValue& test : tests->items()) {
    if (skipped(test)) {
      ++result.skipped;
      continue;
    }
    std::string wrong = TestRun(test, environment).run();
    if (wrong.empty()) {
      ++result.passed;
      continue;
    }
    result.failures.push_back(
        fmt::format("{}/{}: {}: {}", test["section"].as_string(), test["name"].as_string(), test["expr"].as_string(), wrong));
  }
  return result;
}

}  // namespace plinth::cel

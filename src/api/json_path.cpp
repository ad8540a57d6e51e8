#include "api/json_path.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace plinth::api {

enum class Compare : std::uint8_t { kExists, kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

struct JsonPath::Node {
  enum class Kind : std::uint8_t { kField, kWildcard, kRecursive, kSlice, kUnion, kFilter, kLiteral };
  Kind kind = Kind::kField;
  std::string text;                      // of fields, and the storage of text literals
  std::optional<std::int64_t> from, to;  // of slices
  bool single = false;                   // one index
  std::int64_t step = 1;
  Compare compare = Compare::kExists;
  Nodes left, right;            // of filters
  std::vector<Nodes> branches;  // of unions
  Value literal;                // but for texts
  bool is_text = false;
};

class JsonPathParser {
 public:
  using Node = JsonPath::Node;
  using Nodes = JsonPath::Nodes;
  explicit JsonPathParser(std::string_view text) : text_(text) {}

  Result<Nodes> parse() {
    Nodes out;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == ' ' || c == '@' || c == '$') {
        ++at_;
      } else if (rest().starts_with("[?(")) {
        TRY(parse_filter(out));
      } else if (c == '[') {
        TRY(parse_bracket(out));
      } else if (rest().starts_with("..")) {
        TRY(parse_recursive(out));
      } else if (c == '.') {
        ++at_;
        parse_field(out);
      } else if (c == '"' || c == '\'') {
        TRY(parse_text(out));
      } else if (c == '+' || c == '-' || (c >= '0' && c <= '9')) {
        TRY(parse_number(out));
      } else {
        TRY(parse_word(out));
      }
    }
    return out;
  }

 private:
  static bool is_end(char c) { return std::string_view(" \t\r\n.,[]$@{}").find(c) != std::string_view::npos; }
  std::string_view rest() const { return text_.substr(at_); }
  Error error(std::string text) const { return bad_request(std::move(text)); }

  static Node node(Node::Kind kind) {
    Node n;
    n.kind = kind;
    return n;
  }

  void parse_field(Nodes& out) {
    Node n = node(Node::Kind::kField);
    for (; at_ < text_.size() && !is_end(text_[at_]); ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      n.text += text_[at_];
    }
    if (n.text == "*") n.kind = Node::Kind::kWildcard;
    // "." alone is the object itself.
    if (!n.text.empty()) out.push_back(std::move(n));
  }

  Result<void> parse_recursive(Nodes& out) {
    if (!out.empty() && out.back().kind == Node::Kind::kRecursive) return error("invalid multiple recursive descent");
    at_ += 2;
    out.push_back(node(Node::Kind::kRecursive));
    if (at_ < text_.size() && !is_end(text_[at_])) parse_field(out);
    return {};
  }

  Result<void> parse_bracket(Nodes& out) {
    std::size_t end = closing_bracket();
    if (end == std::string_view::npos) return error("unterminated array");
    std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (inside.size() >= 2 && (inside[0] == '\'' || inside[0] == '"') && inside.back() == inside[0] &&
        inside.find(inside[0], 1) == inside.size() - 1) {
      Node n = node(Node::Kind::kField);
      n.text = inside.substr(1, inside.size() - 2);
      out.push_back(std::move(n));
      return {};
    }
    if (inside.find(',') != std::string_view::npos) return parse_union(inside, out);
    if (inside == "*") inside = ":";
    return parse_slice(inside, out);
  }

  // Brackets inside of quotes do not count.
  std::size_t closing_bracket() const {
    char quote = '\0';
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      char c = text_[i];
      if (quote != '\0') {
        if (c == quote) quote = '\0';
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == ']') {
        return i;
      }
    }
    return std::string_view::npos;
  }

  Result<void> parse_union(std::string_view inside, Nodes& out) {
    Node n = node(Node::Kind::kUnion);
    while (true) {
      std::size_t comma = inside.find(',');
      std::string_view part = inside.substr(0, comma);
      while (part.starts_with(' ')) part.remove_prefix(1);
      while (part.ends_with(' ')) part.remove_suffix(1);
      std::string text = fmt::format("[{}]", part);
      n.branches.push_back(TRY(JsonPathParser(text).parse()));
      if (comma == std::string_view::npos) break;
      inside.remove_prefix(comma + 1);
    }
    out.push_back(std::move(n));
    return {};
  }

  Result<void> parse_slice(std::string_view inside, Nodes& out) {
    Node n = node(Node::Kind::kSlice);
    n.single = inside.find(':') == std::string_view::npos;
    std::optional<std::int64_t> step;
    std::string_view left = inside;
    for (std::optional<std::int64_t>* part : {&n.from, &n.to, &step}) {
      std::size_t colon = left.find(':');
      std::string_view digits = left.substr(0, colon);
      if (!digits.empty()) {
        std::int64_t value = 0;
        auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (problem != std::errc() || end != digits.data() + digits.size())
          return error(fmt::format("invalid array index {}", inside));
        *part = value;
      }
      if (colon == std::string_view::npos) {
        left = {};
        break;
      }
      left.remove_prefix(colon + 1);
    }
    if (!left.empty() || (n.single && !n.from)) return error(fmt::format("invalid array index {}", inside));
    if (step && *step <= 0) return error("step must be > 0");
    n.step = step.value_or(1);
    out.push_back(std::move(n));
    return {};
  }

  // The end of a filter's expression: the first ')' outside of quotes.
  std::size_t filter_end(std::size_t from) const {
    char quote = '\0';
    for (std::size_t i = from; i < text_.size(); ++i) {
      char c = text_[i];
      if (quote != '\0') {
        if (c == '\\')
          ++i;
        else if (c == quote)
          quote = '\0';
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == ')') {
        return i;
      }
    }
    return std::string_view::npos;
  }

  Result<void> parse_filter(Nodes& out) {
    std::size_t begin = at_ + 3, end = filter_end(begin);
    if (end == std::string_view::npos) return error("unterminated filter");
    if (text_.substr(end + 1, 1) != "]") return error("unclosed array expect ]");
    std::string_view expression = text_.substr(begin, end - begin);
    at_ = end + 2;
    Node n = node(Node::Kind::kFilter);
    std::size_t op = expression.find_first_of("!<>=");
    if (op == std::string_view::npos || op == 0) {
      n.left = TRY(JsonPathParser(expression).parse());
    } else {
      std::size_t after = expression.find_first_not_of("!<>=", op);
      if (after == std::string_view::npos) return error("unrecognized filter " + std::string(expression));
      n.compare = TRY(parse_operator(expression.substr(op, after - op)));
      n.left = TRY(JsonPathParser(expression.substr(0, op)).parse());
      n.right = TRY(JsonPathParser(expression.substr(after)).parse());
    }
    out.push_back(std::move(n));
    return {};
  }

  Result<Compare> parse_operator(std::string_view text) const {
    if (text == "==") return Compare::kEqual;
    if (text == "!=") return Compare::kNotEqual;
    if (text == "<") return Compare::kLess;
    if (text == "<=") return Compare::kLessEqual;
    if (text == ">") return Compare::kGreater;
    if (text == ">=") return Compare::kGreaterEqual;
    return error("unrecognized filter operator " + std::string(text));
  }

  Result<void> parse_text(Nodes& out) {
    char quote = text_[at_++];
    Node n = node(Node::Kind::kLiteral);
    n.is_text = true;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      n.text += text_[at_];
    }
    if (at_ == text_.size()) return error("unterminated quoted string");
    ++at_;
    out.push_back(std::move(n));
    return {};
  }

  Result<void> parse_number(Nodes& out) {
    std::size_t begin = at_++;
    while (at_ < text_.size() && (text_[at_] == '.' || (text_[at_] >= '0' && text_[at_] <= '9'))) ++at_;
    std::string_view digits = text_.substr(begin, at_ - begin);
    if (digits[0] == '+') digits.remove_prefix(1);
    const char* last = digits.data() + digits.size();
    Node n = node(Node::Kind::kLiteral);
    std::int64_t i = 0;
    double d = 0;
    if (auto [end, e] = std::from_chars(digits.data(), last, i); e == std::errc() && end == last) {
      n.literal = Value::of(i);
    } else if (auto [end2, e2] = std::from_chars(digits.data(), last, d); e2 == std::errc() && end2 == last) {
      n.literal = Value::of(d);
    } else {
      return error("cannot parse number " + std::string(text_.substr(begin, at_ - begin)));
    }
    out.push_back(std::move(n));
    return {};
  }

  Result<void> parse_word(Nodes& out) {
    std::size_t begin = at_;
    while (at_ < text_.size() && !is_end(text_[at_])) ++at_;
    std::string_view word = text_.substr(begin, at_ - begin);
    if (word != "true" && word != "false") {
      return error(word.empty() ? fmt::format("unrecognized character in action: '{}'", text_[begin])
                                : fmt::format("unrecognized identifier {}", word));
    }
    Node n = node(Node::Kind::kLiteral);
    n.literal = Value::of(word == "true");
    out.push_back(std::move(n));
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<JsonPath> JsonPath::compile(std::string_view text) {
  if (text.size() > kJsonPathTextMax)
    return bad_request(fmt::format("a JSON path may have {} bytes at most", kJsonPathTextMax));
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text.size() - 2);
  if (text.empty()) return bad_request("must not be empty");
  if (std::string_view(".[@$").find(text[0]) == std::string_view::npos)
    return bad_request("must be a simple json path starting with .");
  Nodes nodes = TRY(JsonPathParser(text).parse());
  JsonPath out;
  bool plain = std::all_of(nodes.begin(), nodes.end(), [](const Node& n) { return n.kind == Node::Kind::kField; });
  for (const Node& n : nodes) {
    if (plain) out.fields_.push_back(n.text);
  }
  out.nodes_ = std::make_shared<const Nodes>(std::move(nodes));
  return out;
}

namespace {

void push(std::vector<const Value*>& out, const Value& v) {
  if (out.size() < kJsonPathResultsMax) out.push_back(&v);
}

void push_children(std::vector<const Value*>& out, const Value& v) {
  for (const Member& m : v.members()) push(out, m.value);
  for (const Value& item : v.items()) push(out, item);
}

// Numbers with numbers and texts with texts; anything else is not comparable.
std::optional<int> order(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a.as_double() < b.as_double() ? -1 : a.as_double() > b.as_double() ? 1 : 0;
  if (a.is_string() && b.is_string()) return a.as_string().compare(b.as_string());
  return std::nullopt;
}

bool holds(Compare compare, const Value& a, const Value& b) {
  if (compare == Compare::kEqual || compare == Compare::kNotEqual) return equal(a, b) == (compare == Compare::kEqual);
  std::optional<int> o = order(a, b);
  if (!o) return false;
  switch (compare) {
    case Compare::kLess:
      return *o < 0;
    case Compare::kLessEqual:
      return *o <= 0;
    case Compare::kGreater:
      return *o > 0;
    default:
      return *o >= 0;
  }
}

}  // namespace

bool JsonPath::passes(const Node& filter, const Value& item) {
  Values left{&item}, right{&item};
  bool found = walk(filter.left, left);
  if (filter.compare == Compare::kExists) return found && !left.empty();
  if (!found || left.size() != 1) return false;
  // A literal on the right is the whole of it.
  if (filter.right.size() == 1 && filter.right[0].kind == Node::Kind::kLiteral) {
    const Node& literal = filter.right[0];
    return holds(filter.compare, *left[0], literal.is_text ? Value::ref(literal.text) : literal.literal);
  }
  return walk(filter.right, right) && right.size() == 1 && holds(filter.compare, *left[0], *right[0]);
}

void JsonPath::descend(const Value& from, Values& out) {
  if (from.size() == 0) return;
  push(out, from);
  for (const Member& m : from.members()) descend(m.value, out);
  for (const Value& item : from.items()) descend(item, out);
}

namespace {

// The bounds of a slice of a list; false when they are out of it.
bool slice_bounds(std::optional<std::int64_t> from, std::optional<std::int64_t> to, bool single, std::int64_t size,
                  std::int64_t& begin, std::int64_t& end) {
  begin = from.value_or(0);
  if (begin < 0) begin += size;
  end = single ? begin + 1 : to.value_or(size);
  if (end < 0) end += size;
  if (begin == end) return true;
  return begin >= 0 && begin < size && end >= 0 && end <= size && begin < end;
}

}  // namespace

bool JsonPath::step(const Node& node, Values& values) {
  Values out;
  for (const Value* v : values) {
    switch (node.kind) {
      case Node::Kind::kField:
        if (const Value* found = v->find(node.text)) push(out, *found);
        break;
      case Node::Kind::kWildcard:
        push_children(out, *v);
        break;
      case Node::Kind::kRecursive:
        descend(*v, out);
        break;
      case Node::Kind::kSlice: {
        std::int64_t begin = 0, end = 0;
        if (v->is_null()) break;
        if (!v->is_array() || !slice_bounds(node.from, node.to, node.single, static_cast<std::int64_t>(v->size()), begin, end))
          return false;
        for (; begin < end; begin += node.step) push(out, v->items()[static_cast<std::size_t>(begin)]);
        break;
      }
      case Node::Kind::kUnion:
        for (const Nodes& branch : node.branches) {
          Values part{v};
          if (!walk(branch, part)) return false;
          for (const Value* found : part) push(out, *found);
        }
        break;
      case Node::Kind::kFilter:
        if (!v->is_array()) return false;
        for (const Value& item : v->items()) {
          if (passes(node, item)) push(out, item);
        }
        break;
      case Node::Kind::kLiteral:
        return false;
    }
  }
  values = std::move(out);
  return true;
}

bool JsonPath::walk(const Nodes& nodes, Values& values) {
  return std::all_of(nodes.begin(), nodes.end(), [&](const Node& node) { return step(node, values); });
}

std::vector<const Value*> JsonPath::find(const Value& object) const {
  Values values{&object};
  if (nodes_ == nullptr || !walk(*nodes_, values)) return {};
  return values;
}

const Value* JsonPath::first(const Value& object) const {
  if (!fields_.empty()) {
    const Value* at = &object;
    for (const std::string& field : fields_) {
      at = at->find(field);
      if (at == nullptr) return nullptr;
    }
    return at;
  }
  Values values = find(object);
  return values.empty() ? nullptr : values[0];
}

}  // namespace plinth::api

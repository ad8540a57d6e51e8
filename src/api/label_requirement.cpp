#include "api/label_requirement.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "api/names.h"
#include "base/json.h"

namespace plinth::api {
namespace {

using Op = SelectorOperator;

enum class Token : std::uint8_t {
  kError,
  kEnd,
  kClose,
  kComma,
  kNot,
  kDoubleEquals,
  kEquals,
  kGreater,
  kIdentifier,
  kIn,
  kLess,
  kNotEquals,
  kNotIn,
  kOpen,
};

struct Lexeme {
  Token token;
  std::string text;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_special(char c) { return std::string_view("=!(),><").find(c) != std::string_view::npos; }

Token special_token(std::string_view text) {
  if (text == ")") return Token::kClose;
  if (text == ",") return Token::kComma;
  if (text == "!") return Token::kNot;
  if (text == "==") return Token::kDoubleEquals;
  if (text == "=") return Token::kEquals;
  if (text == ">") return Token::kGreater;
  if (text == "<") return Token::kLess;
  if (text == "!=") return Token::kNotEquals;
  if (text == "(") return Token::kOpen;
  return Token::kError;
}

// The longest operator wins, as long as each longer text is one too.
Lexeme scan_special(std::string_view text, std::size_t& at) {
  std::size_t begin = at;
  Lexeme last{Token::kError, ""};
  while (at < text.size() && is_special(text[at])) {
    ++at;
    Token token = special_token(text.substr(begin, at - begin));
    if (token != Token::kError) {
      last = {token, std::string(text.substr(begin, at - begin))};
    } else if (last.token != Token::kError) {
      --at;
      break;
    }
  }
  if (last.token == Token::kError)
    last.text = fmt::format("error expected: keyword found '{}'", text.substr(begin, at - begin));
  return last;
}

std::vector<Lexeme> scan(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  std::vector<Lexeme> out;
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
    } else if (is_special(text[at])) {
      out.push_back(scan_special(text, at));
    } else {
      std::size_t begin = at;
      while (at < text.size() && !is_special(text[at]) && !is_space(text[at])) ++at;
      std::string word(text.substr(begin, at - begin));
      Token token = word == "in" ? Token::kIn : word == "notin" ? Token::kNotIn : Token::kIdentifier;
      out.push_back({token, std::move(word)});
    }
  }
  out.push_back({Token::kEnd, ""});
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexemes_(scan(text)) {}

  Result<std::vector<LabelRequirement>> parse() {
    std::vector<LabelRequirement> out;
    for (;;) {
      Token token = peek();
      if (token == Token::kEnd) return out;
      if (token != Token::kIdentifier && token != Token::kNot) {
        return bad_request(fmt::format("found '{}', expected: !, identifier, or 'end of string'", lexemes_[at_].text));
      }
      Result<LabelRequirement> requirement = parse_requirement();
      if (!requirement.ok()) return bad_request("unable to parse requirement: " + requirement.error().message());
      out.push_back(std::move(*requirement));
      const Lexeme& next = take();
      if (next.token == Token::kEnd) return out;
      if (next.token != Token::kComma) return found(next.text, ", expected: ',' or 'end of string'");
      if (Token after = peek(); after != Token::kIdentifier && after != Token::kNot) {
        return found(lexemes_[at_].text, ", expected: identifier after ','");
      }
    }
  }

 private:
  using Values = std::set<std::string>;

  // "in" and "notin" are identifiers except where an operator is expected.
  static Token as_value(Token token) { return token == Token::kIn || token == Token::kNotIn ? Token::kIdentifier : token; }
  static Error found(std::string_view text, std::string_view rest) {
    return bad_request(fmt::format("found '{}'{}", text, rest));
  }
  Token peek() const { return as_value(lexemes_[at_].token); }
  // The end is never passed.
  const Lexeme& take() {
    const Lexeme& lexeme = lexemes_[at_];
    if (at_ + 1 < lexemes_.size()) ++at_;
    return lexeme;
  }

  Result<LabelRequirement> parse_requirement() {
    bool negated = peek() == Token::kNot;
    if (negated) take();
    Token token = peek();
    std::string key = take().text;
    if (token != Token::kIdentifier) return found(key, ", expected: identifier");
    if (Complaints complaints = check_label_key(key); !complaints.empty()) {
      return bad_request(field_invalid("<nil>", key, fmt::format("{}", fmt::join(complaints, "; "))).text());
    }
    if (negated) return make_label_requirement(std::move(key), Op::kDoesNotExist, {});
    if (Token next = peek(); next == Token::kEnd || next == Token::kComma) {
      return make_label_requirement(std::move(key), Op::kExists, {});
    }
    Op op = TRY(parse_operator());
    Values values = op == Op::kIn || op == Op::kNotIn ? TRY(parse_values()) : TRY(parse_exact_value());
    return make_label_requirement(std::move(key), op, {values.begin(), values.end()});
  }

  Result<Op> parse_operator() {
    const Lexeme& lexeme = take();
    switch (lexeme.token) {
      case Token::kIn:
        return Op::kIn;
      case Token::kEquals:
        return Op::kEquals;
      case Token::kDoubleEquals:
        return Op::kDoubleEquals;
      case Token::kGreater:
        return Op::kGreaterThan;
      case Token::kLess:
        return Op::kLessThan;
      case Token::kNotIn:
        return Op::kNotIn;
      case Token::kNotEquals:
        return Op::kNotEquals;
      default:
        return found(lexeme.text, ", expected: in, notin, =, ==, !=, gt, lt");
    }
  }

  Result<Values> parse_values() {
    if (Token token = peek(); token != Token::kOpen) return found(take().text, " expected: '('");
    take();
    const std::string& first = lexemes_[at_].text;
    if (peek() == Token::kClose) {
      take();
      return Values{""};
    }
    if (peek() != Token::kIdentifier && peek() != Token::kComma) return found(first, ", expected: ',', ')' or identifier");
    Values values = TRY(parse_list());
    if (take().token != Token::kClose) return found(first, ", expected: ')'");
    return values;
  }

  // Values may be empty: "(a,,b)" and "(,)" name "" too.
  Result<Values> parse_list() {
    Values values;
    for (;;) {
      Token token = peek();
      const Lexeme& lexeme = take();
      if (token == Token::kIdentifier) {
        values.insert(lexeme.text);
        if (peek() == Token::kClose) return values;
        if (peek() != Token::kComma) return found(lexemes_[at_].text, ", expected: ',' or ')'");
      } else if (token == Token::kComma) {
        if (values.empty() || peek() == Token::kClose || peek() == Token::kComma) values.insert("");
        if (peek() == Token::kClose) return values;
      } else {
        return found(lexeme.text, ", expected: ',', or identifier");
      }
    }
  }

  Result<Values> parse_exact_value() {
    Token token = peek();
    if (token == Token::kEnd || token == Token::kComma) return Values{""};
    const Lexeme& lexeme = take();
    if (token == Token::kIdentifier) return Values{lexeme.text};
    return found(lexeme.text, ", expected: identifier");
  }

  std::vector<Lexeme> lexemes_;
  std::size_t at_ = 0;
};

bool is_integer(std::string_view text) {
  if (!text.empty() && text.front() == '+' && text.substr(1, 1) != "-") text.remove_prefix(1);
  std::int64_t n = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

std::string json_list(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values) {
    if (out.size() > 1) out += ',';
    append_json_string(out, value);
  }
  return out + "]";
}

FieldError values_invalid(const std::vector<std::string>& values, std::string detail) {
  FieldError error = field_invalid("values", "", std::move(detail));
  error.value = json_list(values);
  return error;
}

void check_value_count(const LabelRequirement& r, FieldErrors& errors) {
  switch (r.op) {
    case Op::kIn:
    case Op::kNotIn:
      if (r.values.empty())
        errors.push_back(values_invalid(r.values, "for 'in', 'notin' operators, values set can't be empty"));
      return;
    case Op::kEquals:
    case Op::kDoubleEquals:
    case Op::kNotEquals:
      if (r.values.size() != 1)
        errors.push_back(values_invalid(r.values, "exact-match compatibility requires one single value"));
      return;
    case Op::kExists:
    case Op::kDoesNotExist:
      if (!r.values.empty()) {
        errors.push_back(values_invalid(r.values, "values set must be empty for exists and does not exist"));
      }
      return;
    case Op::kGreaterThan:
    case Op::kLessThan:
      if (r.values.size() != 1) {
        errors.push_back(values_invalid(r.values, "for 'Gt', 'Lt' operators, exactly one value is required"));
      }
      for (std::size_t i = 0; i < r.values.size(); ++i) {
        if (is_integer(r.values[i])) continue;
        errors.push_back(
            field_invalid(index("values", i), r.values[i], "for 'Gt', 'Lt' operators, the value must be an integer"));
      }
      return;
  }
}

// Several errors are printed in brackets, each once.
std::string aggregate_text(const FieldErrors& errors) {
  std::vector<std::string> texts;
  for (const FieldError& error : errors) {
    std::string text = error.text();
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  return texts.size() == 1 ? texts[0] : fmt::format("[{}]", fmt::join(texts, ", "));
}

}  // namespace

Result<LabelRequirement> make_label_requirement(std::string key, SelectorOperator op, std::vector<std::string> values) {
  LabelRequirement requirement{std::move(key), op, std::move(values)};
  FieldErrors errors;
  if (Complaints complaints = check_label_key(requirement.key); !complaints.empty()) {
    errors.push_back(field_invalid("key", requirement.key, fmt::format("{}", fmt::join(complaints, "; "))));
  }
  check_value_count(requirement, errors);
  for (std::size_t i = 0; i < requirement.values.size(); ++i) {
    Complaints complaints = check_label_value(requirement.values[i]);
    if (complaints.empty()) continue;
    std::string at = keyed(index("values", i), requirement.key);
    errors.push_back(field_invalid(std::move(at), requirement.values[i], fmt::format("{}", fmt::join(complaints, "; "))));
  }
  if (!errors.empty()) return bad_request(aggregate_text(errors));
  return requirement;
}

Result<std::vector<LabelRequirement>> parse_label_requirements(std::string_view text) { return Parser(text).parse(); }

}  // namespace plinth::api

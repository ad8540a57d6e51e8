#include "cel/lexer.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/quoted.h"
#include "base/utf8.h"

namespace plinth::cel {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool hex_digit(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Longest first.
constexpr std::string_view kOperators[] = {"&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/",
                                           "%",  "!",  "?",  ":",  ".",  ",",  "(", ")", "[", "]", "{", "}"};

constexpr std::string_view kReserved[] = {"as",       "break",   "const",  "continue", "else", "false", "for",
                                          "function", "if",      "import", "in",       "let",  "loop",  "namespace",
                                          "null",     "package", "return", "true",     "var",  "void",  "while"};

}  // namespace

bool is_reserved(std::string_view word) {
  return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
}

Token Lexer::token(TokenKind kind, std::size_t from) const {
  return {kind, source_.substr(from, cursor_ - from), static_cast<std::uint32_t>(from)};
}

Token Lexer::invalid(std::size_t from, std::string message) {
  issues_.add(static_cast<std::uint32_t>(from), "Syntax error: " + message);
  return token(TokenKind::kInvalid, from);
}

void Lexer::skip_blanks() {
  while (cursor_ < source_.size()) {
    char c = source_[cursor_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++cursor_;
    } else if (c == '/' && at(cursor_ + 1) == '/') {
      std::size_t end = source_.find('\n', cursor_);
      cursor_ = end == std::string_view::npos ? source_.size() : end;
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skip_blanks();
  std::size_t from = cursor_;
  if (from >= source_.size()) return token(TokenKind::kEnd, from);
  char c = source_[from];
  if (letter(c)) return word();
  if (digit(c) || (c == '.' && digit(at(from + 1)))) return number();
  if (c == '"' || c == '\'') return string(from, false, false);
  if (c == '`') return quoted_ident();
  return operator_token();
}

Token Lexer::operator_token() {
  std::size_t from = cursor_;
  for (std::string_view symbol : kOperators) {
    if (source_.substr(from, symbol.size()) == symbol) {
      cursor_ += symbol.size();
      return token(TokenKind::kOperator, from);
    }
  }
  cursor_ += decode_rune(source_.substr(from)).length;
  return invalid(from, fmt::format("token recognition error at: '{}'", source_.substr(from, cursor_ - from)));
}

Token Lexer::word() {
  std::size_t from = cursor_, end = from;
  while (letter(at(end)) || digit(at(end))) ++end;
  std::string_view text = source_.substr(from, end - from);
  char quote = at(end);
  if (text.size() <= 2 && (quote == '"' || quote == '\'')) {
    auto has = [&](char c) {
      return text.find(c) != std::string_view::npos || text.find(static_cast<char>(c - 32)) != std::string_view::npos;
    };
    bool raw = has('r'), bytes = has('b');
    if (text.size() == static_cast<std::size_t>(raw) + static_cast<std::size_t>(bytes)) {
      cursor_ = end;
      return string(from, raw, bytes);
    }
  }
  cursor_ = end;
  TokenKind kind = TokenKind::kIdent;
  if (text == "true")
    kind = TokenKind::kTrue;
  else if (text == "false")
    kind = TokenKind::kFalse;
  else if (text == "null")
    kind = TokenKind::kNull;
  else if (text == "in")
    kind = TokenKind::kIn;
  return token(kind, from);
}

Token Lexer::number() {
  std::size_t from = cursor_;
  if (at(from) == '0' && (at(from + 1) == 'x' || at(from + 1) == 'X') && hex_digit(at(from + 2))) {
    cursor_ += 2;
    while (hex_digit(at(cursor_))) ++cursor_;
  } else {
    bool floating = false;
    while (digit(at(cursor_))) ++cursor_;
    if (at(cursor_) == '.' && digit(at(cursor_ + 1))) {
      floating = true;
      ++cursor_;
      while (digit(at(cursor_))) ++cursor_;
    }
    if (at(cursor_) == 'e' || at(cursor_) == 'E') {
      std::size_t exponent = cursor_ + 1;
      if (at(exponent) == '+' || at(exponent) == '-') ++exponent;
      if (digit(at(exponent))) {
        floating = true;
        cursor_ = exponent;
        while (digit(at(cursor_))) ++cursor_;
      }
    }
    if (floating) return token(TokenKind::kDouble, from);
  }
  if (at(cursor_) == 'u' || at(cursor_) == 'U') {
    ++cursor_;
    return token(TokenKind::kUint, from);
  }
  return token(TokenKind::kInt, from);
}

Token Lexer::quoted_ident() {
  std::size_t from = cursor_++;
  while (cursor_ < source_.size() && source_[cursor_] != '`') {
    char c = source_[cursor_];
    if (!letter(c) && !digit(c) && c != '.' && c != '-' && c != '/' && c != ' ') break;
    ++cursor_;
  }
  if (at(cursor_) != '`' || cursor_ == from + 1) {
    ++cursor_;
    cursor_ = std::min(cursor_, source_.size());
    return invalid(from, "a quoted field name holds letters, digits, '_', '.', '-', '/' and spaces and ends with '`'");
  }
  ++cursor_;
  return {TokenKind::kQuotedIdent, source_.substr(from + 1, cursor_ - from - 2), static_cast<std::uint32_t>(from)};
}

Token Lexer::string(std::size_t from, bool raw, bool bytes) {
  std::string_view quote = source_.substr(cursor_, 1);
  bool triple = source_.substr(cursor_, 3) == std::string(3, quote[0]);
  if (triple) quote = source_.substr(cursor_, 3);
  cursor_ += quote.size();
  while (cursor_ < source_.size()) {
    char c = source_[cursor_];
    if (source_.substr(cursor_, quote.size()) == quote) {
      cursor_ += quote.size();
      return token(bytes ? TokenKind::kBytes : TokenKind::kString, from);
    }
    if (!triple && (c == '\n' || c == '\r')) break;
    cursor_ += c == '\\' && !raw ? 2 : 1;
  }
  cursor_ = std::min(cursor_, source_.size());
  return invalid(from, fmt::format("the string that starts here has no closing {}", quote));
}

}  // namespace plinth::cel

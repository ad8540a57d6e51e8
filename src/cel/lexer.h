// Text to tokens.
#pragma once

#include <cstdint>
#include <string_view>

#include "cel/source.h"

namespace plinth::cel {

enum class TokenKind : std::uint8_t {
  kEnd,
  kIdent,
  kQuotedIdent,  // in backquotes; text without them
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTrue,
  kFalse,
  kNull,
  kIn,
  kOperator,  // text says which
  kInvalid,   // complained about already
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;
  std::uint32_t position = 0;
  bool is(std::string_view symbol) const { return kind == TokenKind::kOperator && text == symbol; }
};

class Lexer {
 public:
  Lexer(std::string_view source, Issues& issues) : source_(source), issues_(issues) {}
  Token next();

 private:
  void skip_blanks();
  Token token(TokenKind kind, std::size_t from) const;
  Token invalid(std::size_t from, std::string message);
  Token word();
  Token number();
  Token quoted_ident();
  Token string(std::size_t from, bool raw, bool bytes);
  Token operator_token();
  char at(std::size_t i) const { return i < source_.size() ? source_[i] : '\0'; }

  std::string_view source_;
  Issues& issues_;
  std::size_t cursor_ = 0;
};

// Words that no identifier may be.
bool is_reserved(std::string_view word);

}  // namespace plinth::cel

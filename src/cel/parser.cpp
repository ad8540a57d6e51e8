#include "cel/parser.h"

#include <fmt/core.h>

#include "base/utf8.h"
#include "cel/lexer.h"
#include "cel/literal.h"
#include "cel/number.h"

namespace plinth::cel {
namespace {

struct BinaryOperator {
  std::string_view symbol;
  std::string_view function;
  int precedence;
};

constexpr int kRelation = 1;
constexpr BinaryOperator kBinary[] = {
    {"==", "_==_", kRelation}, {"!=", "_!=_", kRelation}, {"<=", "_<=_", kRelation}, {">=", "_>=_", kRelation},
    {"<", "_<_", kRelation},   {">", "_>_", kRelation},   {"+", "_+_", 2},           {"-", "_-_", 2},
    {"*", "_*_", 3},           {"/", "_/_", 3},           {"%", "_%_", 3},
};
constexpr BinaryOperator kIn = {"in", "@in", kRelation};

const BinaryOperator* binary_operator(const Token& token) {
  if (token.kind == TokenKind::kIn) return &kIn;
  if (token.kind != TokenKind::kOperator) return nullptr;
  for (const BinaryOperator& op : kBinary) {
    if (op.symbol == token.text) return &op;
  }
  return nullptr;
}

class Parser {
 public:
  Parser(Ast& ast, Issues& issues, const ParseOptions& options)
      : ast_(ast), issues_(issues), options_(options), lexer_(ast.source(), issues) {
    advance();
  }

  NodeId run() {
    NodeId root = expression();
    if (ok() && token_.kind != TokenKind::kEnd) unexpected("the end");
    if (ok() && ast_.node(root).depth > options_.depth_max) {
      issues_.add(0, fmt::format("expression is nested more than {} deep", options_.depth_max));
    }
    return root;
  }

 private:
  bool ok() const { return issues_.empty(); }

  void advance() {
    token_ = lexer_.next();
    if (token_.kind == TokenKind::kInvalid) token_.kind = TokenKind::kEnd;
  }

  bool take(std::string_view symbol) {
    if (!ok() || !token_.is(symbol)) return false;
    advance();
    return true;
  }

  void expect(std::string_view symbol) {
    if (!take(symbol) && ok()) unexpected(fmt::format("'{}'", symbol));
  }

  // Only the first syntax error is told; the rest would be noise.
  void unexpected(std::string_view wanted) {
    if (!ok()) return;
    std::string found = token_.kind == TokenKind::kEnd ? "<EOF>" : std::string(token_.text);
    issues_.add(token_.position, fmt::format("Syntax error: unexpected '{}', expecting {}", found, wanted));
  }

  NodeId literal(Value value, std::uint32_t position) {
    Node node{.kind = NodeKind::kLiteral, .position = position};
    node.value = value;
    return ast_.add(node);
  }

  NodeId call(std::string_view function, std::span<const NodeId> args, std::uint32_t position) {
    Node node{.kind = NodeKind::kCall, .position = position};
    node.name = function;
    return ast_.add(node, args);
  }

  NodeId fail_node() { return literal(Value(), token_.position); }

  struct Nested {
    explicit Nested(Parser& p) : parser(p) {
      if (++parser.nesting_ > parser.options_.nesting_max && parser.ok()) {
        parser.issues_.add(parser.token_.position,
                           fmt::format("expression recursion limit exceeded: {}", parser.options_.nesting_max));
      }
    }
    ~Nested() { --parser.nesting_; }
    Parser& parser;
  };

  NodeId expression() {
    Nested nested(*this);
    if (!ok()) return fail_node();
    NodeId condition = logical("||", "_||_");
    if (!ok() || !token_.is("?")) return condition;
    std::uint32_t position = token_.position;
    advance();
    NodeId then = logical("||", "_||_");
    expect(":");
    if (!ok()) return condition;
    NodeId otherwise = expression();
    NodeId parts[] = {condition, then, otherwise};
    return call("_?_:_", parts, position);
  }

  // Chains of && and || are one node with all their terms.
  NodeId logical(std::string_view symbol, std::string_view function) {
    bool is_or = symbol == "||";
    NodeId first = is_or ? logical("&&", "_&&_") : binary(kRelation);
    if (!ok() || !token_.is(symbol)) return first;
    std::uint32_t position = token_.position;
    std::vector<NodeId> terms = {first};
    while (take(symbol)) terms.push_back(is_or ? logical("&&", "_&&_") : binary(kRelation));
    return call(function, terms, position);
  }

  NodeId binary(int precedence) {
    constexpr int kHighest = 3;
    NodeId left = precedence > kHighest ? unary() : binary(precedence + 1);
    if (precedence > kHighest) return left;
    while (ok()) {
      const BinaryOperator* op = binary_operator(token_);
      if (op == nullptr || op->precedence != precedence) return left;
      std::uint32_t position = token_.position;
      advance();
      NodeId parts[] = {left, binary(precedence + 1)};
      left = call(op->function, parts, position);
    }
    return left;
  }

  NodeId unary() {
    if (token_.is("!")) return repeated("!", "!_");
    if (token_.is("-")) return repeated("-", "-_");
    return member();
  }

  // An even number of operators cancels out; a minus directly before a number belongs to the number.
  NodeId repeated(std::string_view symbol, std::string_view function) {
    std::uint32_t position = token_.position;
    int count = 0;
    while (take(symbol)) ++count;
    bool number = token_.kind == TokenKind::kInt || token_.kind == TokenKind::kDouble;
    if (symbol == "-" && number) {
      --count;
      negative_ = true;
    }
    Nested nested(*this);
    NodeId operand = ok() ? (token_.is("!") || token_.is("-") ? unary() : member()) : fail_node();
    if (count % 2 == 0) return operand;
    return call(function, {&operand, 1}, position);
  }

  NodeId member() {
    NodeId node = primary();
    while (ok()) {
      std::uint32_t position = token_.position;
      if (take(".")) {
        node = after_dot(node, position);
      } else if (take("[")) {
        bool optional = optional_mark();
        NodeId parts[] = {node, expression()};
        expect("]");
        node = call(optional ? "_[?_]" : "_[_]", parts, position);
      } else if (token_.is("{") && can_be_type(node)) {
        node = structure(node);
      } else {
        return node;
      }
    }
    return node;
  }

  bool can_be_type(NodeId node) { return !quoted_last_ && !ast_.qualified_name(node).empty(); }

  bool optional_mark() {
    if (!ok() || !token_.is("?")) return false;
    if (!options_.optional_syntax) unexpected("an expression: optional syntax is not enabled");
    advance();
    return true;
  }

  NodeId after_dot(NodeId operand, std::uint32_t position) {
    bool optional = optional_mark();
    bool quoted = token_.kind == TokenKind::kQuotedIdent;
    if (!ok()) return operand;
    if (token_.kind != TokenKind::kIdent && !quoted) {
      unexpected("a field or method name");
      return operand;
    }
    Token name = token_;
    advance();
    if (!quoted && !optional && token_.is("(")) return invocation(operand, name);
    Node node{.kind = NodeKind::kSelect, .optional = optional, .position = position};
    node.name = name.text;
    node.operand = operand;
    quoted_last_ = quoted;
    return ast_.add(node);
  }

  NodeId invocation(NodeId target, const Token& name) {
    std::uint32_t position = token_.position;
    std::vector<NodeId> args;
    expect("(");
    if (!token_.is(")")) {
      do args.push_back(expression());
      while (take(","));
    }
    expect(")");
    if (!ok()) return fail_node();
    NodeId expanded = expand(target, name.text, args, position);
    if (expanded != kNoNode) return expanded;
    Node node{.kind = NodeKind::kCall, .position = position};
    node.name = name.text;
    node.operand = target;
    return ast_.add(node, args);
  }

  NodeId expand(NodeId target, std::string_view name, std::span<const NodeId> args, std::uint32_t position) {
    MacroStyle style = target == kNoNode ? MacroStyle::kGlobal : MacroStyle::kReceiver;
    if (!name.empty() && name.front() == '.') name.remove_prefix(1);
    for (const Macro* macro : options_.macros) {
      bool counts = macro->arg_count == Macro::kAnyCount || static_cast<std::size_t>(macro->arg_count) == args.size();
      if (macro->name != name || macro->style != style || !counts) continue;
      NodeId expanded = macro->expand(MacroCall{ast_, issues_, position, target, args});
      if (expanded != kNoNode) return expanded;
    }
    return kNoNode;
  }

  NodeId structure(NodeId type) {
    std::uint32_t position = token_.position;
    std::string name = ast_.qualified_name(type);
    expect("{");
    std::vector<NodeId> parts;
    std::vector<char> marks;
    while (ok() && !token_.is("}")) {
      bool optional = optional_mark();
      if (token_.kind != TokenKind::kIdent && token_.kind != TokenKind::kQuotedIdent)
        return unexpected("a field name"), fail_node();
      parts.push_back(literal(Value::string(token_.text), token_.position));
      advance();
      expect(":");
      parts.push_back(expression());
      marks.insert(marks.end(), {optional, false});
      if (!take(",")) break;
    }
    expect("}");
    Node node{.kind = NodeKind::kStruct, .position = position};
    node.name = ast_.text(name);
    return add_marked(node, parts, marks);
  }

  NodeId add_marked(const Node& node, std::span<const NodeId> parts, const std::vector<char>& marks) {
    static_assert(sizeof(bool) == sizeof(char));
    return ast_.add(node, parts, {reinterpret_cast<const bool*>(marks.data()), marks.size()});
  }

  NodeId primary() {
    Token token = token_;
    quoted_last_ = false;
    if (!ok()) return fail_node();
    switch (token.kind) {
      case TokenKind::kTrue:
        advance();
        return literal(Value::of(true), token.position);
      case TokenKind::kFalse:
        advance();
        return literal(Value::of(false), token.position);
      case TokenKind::kNull:
        advance();
        return literal(Value(), token.position);
      case TokenKind::kInt:
      case TokenKind::kUint:
      case TokenKind::kDouble:
      case TokenKind::kString:
      case TokenKind::kBytes:
        return constant();
      case TokenKind::kIdent:
        return identifier(false);
      default:
        break;
    }
    if (take("(")) {
      NodeId inner = expression();
      expect(")");
      quoted_last_ = true;  // `(a.b){` is no type
      return inner;
    }
    if (token.is("[")) return list();
    if (token.is("{")) return map();
    if (take(".")) return identifier(true);
    unexpected("an expression");
    return fail_node();
  }

  NodeId constant() {
    Token token = token_;
    advance();
    bool negative = std::exchange(negative_, false);
    Result<Value> value = token.kind == TokenKind::kInt      ? int_literal(token.text, negative)
                          : token.kind == TokenKind::kUint   ? uint_literal(token.text)
                          : token.kind == TokenKind::kDouble ? double_literal(token.text, negative)
                                                             : string_literal(token.text, ast_.memory());
    if (!value.ok()) {
      if (ok()) issues_.add(token.position, "Syntax error: " + value.error().message());
      return fail_node();
    }
    return literal(*value, token.position);
  }

  NodeId identifier(bool leading_dot) {
    Token name = token_;
    if (name.kind != TokenKind::kIdent) return unexpected("an identifier"), fail_node();
    advance();
    bool call = token_.is("(");
    if (is_reserved(name.text)) {
      issues_.add(name.position, fmt::format("reserved identifier: {}", name.text));
      return fail_node();
    }
    std::uint32_t position = name.position;
    if (leading_dot) name.text = ast_.text("." + std::string(name.text));
    if (call) return invocation(kNoNode, name);
    Node node{.kind = NodeKind::kIdent, .position = position};
    node.name = name.text;
    return ast_.add(node);
  }

  NodeId list() {
    std::uint32_t position = token_.position;
    expect("[");
    std::vector<NodeId> items;
    std::vector<char> marks;
    while (ok() && !token_.is("]")) {
      marks.push_back(optional_mark());
      items.push_back(expression());
      if (!take(",")) break;
    }
    expect("]");
    return add_marked(Node{.kind = NodeKind::kList, .position = position}, items, marks);
  }

  NodeId map() {
    std::uint32_t position = token_.position;
    expect("{");
    std::vector<NodeId> parts;
    std::vector<char> marks;
    while (ok() && !token_.is("}")) {
      marks.insert(marks.end(), {optional_mark(), false});
      parts.push_back(expression());
      expect(":");
      parts.push_back(expression());
      if (!take(",")) break;
    }
    expect("}");
    return add_marked(Node{.kind = NodeKind::kMap, .position = position}, parts, marks);
  }

  Ast& ast_;
  Issues& issues_;
  const ParseOptions& options_;
  Lexer lexer_;
  Token token_;
  int nesting_ = 0;
  bool negative_ = false;     // the number that comes next has a minus
  bool quoted_last_ = false;  // the member chain cannot be a type's name
};

}  // namespace

Result<Ast> parse(std::string_view source, const ParseOptions& options) {
  if (!is_utf8(source)) return Error(Reason::kInvalid, "expression is not valid UTF-8");
  std::size_t size = code_points(source);
  if (size > options.code_points_max) {
    return Error(Reason::kInvalid,
                 fmt::format("expression code point size exceeds limit: size: {}, limit {}", size, options.code_points_max));
  }
  Ast ast(source);
  Issues issues;
  NodeId root = Parser(ast, issues, options).run();
  if (!issues.empty()) return issues.error(ast.source());
  ast.set_root(root);
  return ast;
}

}  // namespace plinth::cel

#include "compose/expression/reserved.h"

#include <algorithm>

namespace plinth::compose {
namespace {

// Of the expression language, then of kro.
constexpr std::string_view kReserved[] = {
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "apiVersion",
    "context",
    "dependency",
    "dependencies",
    "each",
    "externalRef",
    "externalReference",
    "externalRefs",
    "externalReferences",
    "graph",
    "instance",
    "item",
    "items",
    "kind",
    "kro",
    "metadata",
    "object",
    "resource",
    "resourcegraphdefinition",
    "resourceGraphDefinition",
    "resources",
    "root",
    "runtime",
    "schema",
    "self",
    "serviceAccountName",
    "spec",
    "status",
    "this",
    "variables",
    "vars",
    "version",
};

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

bool is_alphanumeric(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return is_lower(c) || is_upper(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

bool is_reserved_word(std::string_view word) {
  return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
}
bool is_lower_camel_case(std::string_view word) { return !word.empty() && is_lower(word[0]) && is_alphanumeric(word); }
bool is_upper_camel_case(std::string_view word) { return !word.empty() && is_upper(word[0]) && is_alphanumeric(word); }

}  // namespace plinth::compose

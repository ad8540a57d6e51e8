// What an expression may use: variables, functions, macros, types. Copies share what they have in common, so an environment per
// definition costs its variables only. Immutable once it is used to compile; any thread then.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cel/function.h"
#include "cel/macros.h"
#include "cel/types.h"

namespace plinth::cel {

struct Variable {
  std::string name;  // may be qualified: "com.example.x"
  Type type;
};

class Environment {
 public:
  struct Settings {
    std::string container;              // namespace in which names are looked up, innermost first
    bool homogeneous_literals = false;  // elements of list and map literals must agree in type
    bool validate_constants = false;    // constant patterns, timestamps, durations ... are checked at compile time
    bool optional_syntax = true;
    std::shared_ptr<const TypeProvider> types;
    std::shared_ptr<const TimeZones> zones;  // null: UTC and numeric zones only
  };

  // The language itself: operators, standard functions and macros.
  Environment();

  Settings& settings() { return settings_; }
  const Settings& settings() const { return settings_; }

  void add(const Library& library);
  // A variable; its index is its slot in an Activation. A second one of the same name replaces the type of the first.
  std::size_t declare(std::string_view name, Type type);

  const std::vector<Variable>& variables() const { return variables_; }
  std::optional<std::size_t> find_variable(std::string_view name) const;
  std::shared_ptr<const Function> find_function(std::string_view name) const;
  std::optional<Type> find_type(std::string_view name) const;
  std::span<const Macro* const> macros() const { return functions_->macros; }
  // For suggestions in messages.
  std::vector<std::string> function_names() const;

 private:
  struct Functions {
    std::map<std::string, std::shared_ptr<const Function>, std::less<>> by_name;
    std::vector<const Macro*> macros;
    std::map<std::string, Type, std::less<>> types;
  };
  explicit Environment(std::shared_ptr<const Functions> functions) : functions_(std::move(functions)) {}
  std::shared_ptr<const Functions> functions_;
  std::vector<Variable> variables_;
  std::map<std::string, std::size_t, std::less<>> variable_index_;
  Settings settings_;
};

// Names that `name` may stand for in a container, in the order in which they are tried: with container "a.b", "x" may be
// "a.b.x", "a.x" or "x"; a leading dot leaves only the name itself.
std::vector<std::string> candidates(std::string_view container, std::string_view name);

}  // namespace plinth::cel

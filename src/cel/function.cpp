#include "cel/function.h"

namespace plinth::cel {

Overload& Library::add(std::string_view name, Overload overload) {
  for (Function& function : functions_) {
    if (function.name != name) continue;
    function.overloads.push_back(std::move(overload));
    return function.overloads.back();
  }
  functions_.push_back({std::string(name), {}});
  functions_.back().overloads.push_back(std::move(overload));
  return functions_.back().overloads.back();
}

Overload& Library::global(std::string_view name, std::string_view id, std::vector<Type> parameters, Type result,
                          Implementation run) {
  return add(name, Overload{std::string(id), false, std::move(parameters), std::move(result), run});
}

Overload& Library::member(std::string_view name, std::string_view id, std::vector<Type> parameters, Type result,
                          Implementation run) {
  return add(name, Overload{std::string(id), true, std::move(parameters), std::move(result), run});
}

void Library::add_macros(const Macros& macros) {
  for (const Macro& macro : macros) macros_.push_back(&macro);
}

}  // namespace plinth::cel

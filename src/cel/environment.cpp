#include "cel/environment.h"

#include "cel/lib/libraries.h"

namespace plinth::cel {

Environment::Environment() {
  // Made once: every environment starts from it.
  static const std::shared_ptr<const Functions> standard = [] {
    Environment bare(std::make_shared<const Functions>());
    bare.add(standard_library());
    return bare.functions_;
  }();
  functions_ = standard;
}

void Environment::add(const Library& library) {
  auto merged = std::make_shared<Functions>(*functions_);
  for (const Function& added : library.functions()) {
    auto& slot = merged->by_name[added.name];
    auto function = std::make_shared<Function>(slot == nullptr ? Function{added.name, {}} : *slot);
    for (const Overload& overload : added.overloads) {
      auto same = std::find_if(function->overloads.begin(), function->overloads.end(),
                               [&](const Overload& o) { return o.id == overload.id; });
      if (same != function->overloads.end())
        *same = overload;
      else
        function->overloads.push_back(overload);
    }
    slot = std::move(function);
  }
  for (const Macro* macro : library.macros()) merged->macros.push_back(macro);
  for (const NamedType& type : library.types()) merged->types.insert_or_assign(type.name, type.type);
  functions_ = std::move(merged);
}

std::size_t Environment::declare(std::string_view name, Type type) {
  auto found = variable_index_.find(name);
  if (found != variable_index_.end()) {
    variables_[found->second].type = std::move(type);
    return found->second;
  }
  variables_.push_back({std::string(name), std::move(type)});
  variable_index_.emplace(std::string(name), variables_.size() - 1);
  return variables_.size() - 1;
}

std::optional<std::size_t> Environment::find_variable(std::string_view name) const {
  auto found = variable_index_.find(name);
  if (found == variable_index_.end()) return std::nullopt;
  return found->second;
}

std::shared_ptr<const Function> Environment::find_function(std::string_view name) const {
  auto found = functions_->by_name.find(name);
  return found == functions_->by_name.end() ? nullptr : found->second;
}

std::optional<Type> Environment::find_type(std::string_view name) const {
  auto found = functions_->types.find(name);
  if (found != functions_->types.end()) return found->second;
  if (settings_.types != nullptr) return settings_.types->find_type(name);
  return std::nullopt;
}

std::vector<std::string> Environment::function_names() const {
  std::vector<std::string> names;
  for (const auto& [name, function] : functions_->by_name) names.push_back(name);
  return names;
}

std::vector<std::string> candidates(std::string_view container, std::string_view name) {
  if (!name.empty() && name.front() == '.') return {std::string(name.substr(1))};
  std::vector<std::string> out;
  while (!container.empty()) {
    out.push_back(std::string(container) + "." + std::string(name));
    std::size_t dot = container.rfind('.');
    container = dot == std::string_view::npos ? std::string_view() : container.substr(0, dot);
  }
  out.emplace_back(name);
  return out;
}

}  // namespace plinth::cel

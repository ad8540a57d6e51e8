// The conditions that a definition's author makes for an instance.
#pragma once

#include <string>
#include <vector>

#include "compose/graph/graph.h"
#include "compose/instance/render.h"
#include "compose/status/condition_set.h"

namespace plinth::compose {

struct AuthorConditions {
  std::vector<Condition> conditions;  // in the order of the definition
  bool complete = true;               // false: some expression gave nothing
  std::string failure;                // why, where that will not pass by itself
};

// Makes kro's conditions readable as those of `schema`, whatever the instance shows.
void show_own_conditions(const Graph& graph, const Document& instance, const ConditionSet& own, Variables& variables);

// `own` are kro's conditions, which expressions may look up; `before` is what the instance shows now: times of what did not
// change stay, and so does what could not be evaluated. Changes the variable `schema`.
AuthorConditions evaluate_author_conditions(const Graph& graph, const client::Object& instance, Variables& variables,
                                            const ConditionSet& own, const std::vector<Condition>& before,
                                            const std::string& now);

// Whether the conditions that an instance shows are those of an author.
bool shows_author_conditions(const client::Object& instance);

// `current` and what `before` had besides.
std::vector<Condition> merged_conditions(std::vector<Condition> current, const std::vector<Condition>& before);

}  // namespace plinth::compose

#include "compose/graph/dag.h"

#include <algorithm>
#include <queue>

namespace plinth::compose {

std::size_t Dag::add(std::string id) {
  vertices_.push_back({std::move(id), {}});
  return vertices_.size() - 1;
}

bool Dag::find_path(std::size_t from, std::size_t to, std::vector<std::size_t>& path) const {
  path.push_back(from);
  if (from == to) return true;
  for (std::size_t next : vertices_[from].needs) {
    if (find_path(next, to, path)) return true;
  }
  path.pop_back();
  return false;
}

Result<void> Dag::depend(std::size_t from, std::size_t to) {
  if (from == to) return bad_request("self references are not allowed");
  std::vector<std::size_t> back;
  if (find_path(to, from, back)) {
    std::string text = "graph contains a cycle: " + vertices_[from].id;
    for (std::size_t vertex : back) text += " -> " + vertices_[vertex].id;
    return bad_request(std::move(text));
  }
  vertices_[from].needs.insert(to);
  return {};
}

std::vector<std::size_t> Dag::order(TieOrder ties) const {
  // The smallest of those whose needs are met comes next.
  const auto later = [&](std::size_t a, std::size_t b) {
    return ties == TieOrder::kAlphabetical ? vertices_[a].id > vertices_[b].id : a > b;
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> ready(later);
  std::vector<std::size_t> open(vertices_.size());
  std::vector<std::vector<std::size_t>> dependents(vertices_.size());
  for (std::size_t v = 0; v < vertices_.size(); ++v) {
    open[v] = vertices_[v].needs.size();
    for (std::size_t need : vertices_[v].needs) dependents[need].push_back(v);
    if (open[v] == 0) ready.push(v);
  }
  std::vector<std::size_t> out;
  while (!ready.empty()) {
    const std::size_t v = ready.top();
    ready.pop();
    out.push_back(v);
    for (std::size_t d : dependents[v]) {
      if (--open[d] == 0) ready.push(d);
    }
  }
  return out;
}

std::vector<int> Dag::layers() const {
  std::vector<int> out(vertices_.size(), 0);
  for (std::size_t v : order(TieOrder::kListPosition)) {
    for (std::size_t need : vertices_[v].needs) out[v] = std::max(out[v], out[need] + 1);
  }
  return out;
}

}  // namespace plinth::compose

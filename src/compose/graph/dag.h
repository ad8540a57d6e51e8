// The order of a definition's resources, from what refers to what.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace plinth::compose {

enum class TieOrder : std::uint8_t {
  kListPosition,  // kro today
  kAlphabetical,  // the form of 2024
};

// Small: a definition has tens of resources.
class Dag {
 public:
  // Returns the vertex's number, which is its position in the list.
  std::size_t add(std::string id);
  // `from` comes after `to`. Errors are BadRequest for a self reference and for a cycle ("graph contains a cycle: a -> b ->
  // a"); the edge is not kept then.
  Result<void> depend(std::size_t from, std::size_t to);

  const std::string& id(std::size_t vertex) const { return vertices_[vertex].id; }
  std::size_t size() const { return vertices_.size(); }
  const std::set<std::size_t>& dependencies(std::size_t vertex) const { return vertices_[vertex].needs; }

  std::vector<std::size_t> order(TieOrder ties) const;
  // Per vertex: 0 for those that need nothing, else one more than the highest that it needs. Deletion goes from the highest
  // down.
  std::vector<int> layers() const;

 private:
  struct Vertex {
    std::string id;
    std::set<std::size_t> needs;
  };
  bool find_path(std::size_t from, std::size_t to, std::vector<std::size_t>& path) const;
  std::vector<Vertex> vertices_;
};

}  // namespace plinth::compose

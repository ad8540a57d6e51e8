#include "api/field_filter.h"

#include <algorithm>

namespace plinth::api {
namespace {

using Pattern = std::vector<std::string_view>;

bool fits(std::string_view step, const PathElement& element) {
  return step == "*" || (element.kind() == PathKind::kField && element.name() == step);
}

bool passes(const std::vector<Pattern>& patterns, Path path) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& pattern) {
    std::size_t common = std::min(pattern.size(), path.size());
    return std::equal(pattern.begin(), pattern.begin() + static_cast<std::ptrdiff_t>(common), path.begin(), fits);
  });
}

void keep_level(const std::vector<Pattern>& patterns, const FieldSetNode* begin, const FieldSetNode* end,
                std::vector<PathElement>& path, FieldSetBuilder& out) {
  for (const FieldSetNode* n = begin; n < end; n += n->span) {
    path.push_back(n->element);
    if (passes(patterns, path)) {
      if (n->member) out.mark(path);
      keep_level(patterns, n + 1, n + n->span, path, out);
    }
    path.pop_back();
    out.leave(path.size());
  }
}

}  // namespace

FieldFilter FieldFilter::without(FieldSet fields) {
  FieldFilter out;
  out.without_ = std::move(fields);
  return out;
}

FieldFilter FieldFilter::only(std::initializer_list<std::initializer_list<std::string_view>> paths) {
  FieldFilter out;
  for (const auto& path : paths) out.only_.emplace_back(path);
  return out;
}

FieldSet FieldFilter::filter(const FieldSet& set) const {
  FieldSet kept = set.minus_trees(without_);
  if (only_.empty()) return kept;
  FieldSetBuilder out;
  std::vector<PathElement> path;
  keep_level(only_, kept.nodes().data(), kept.nodes().data() + kept.nodes().size(), path, out);
  return std::move(out).finish();
}

}  // namespace plinth::api

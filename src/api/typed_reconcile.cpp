#include "api/typed.h"

namespace plinth::api {
namespace {

class Reconciler {
 public:
  // `own` is the node of the place itself, null at the root.
  void visit(TypeRef type, const FieldSetNode* own, FieldSetLevel below) {
    bool leaf = own != nullptr && own->member && below.empty();
    switch (form_of(type, nullptr)) {
      case Form::kScalar:
        return;
      case Form::kList:
        if (!leaf && is_atomic_list(type)) return whole_.mark(path_);
        break;
      case Form::kMap:
      case Form::kAny:
        if (is_untyped_map(type)) return;
        if (!leaf && is_atomic_map(type)) {
          if (!below.empty()) whole_.mark(path_);
          return;
        }
        break;
    }
    for (const FieldSetNode* n = below.begin(); n < below.end(); n += n->span) {
      if (n->span == 1) continue;  // a leaf stays one, whatever its type has become
      TypeRef child = type_below(type, n->element);
      if (!child) continue;
      path_.push_back(n->element);
      visit(child, n, FieldSetLevel::below(*n));
      path_.pop_back();
      whole_.leave(path_.size());
    }
  }

  FieldSet take() { return std::move(whole_).finish(); }

 private:
  std::vector<PathElement> path_;
  FieldSetBuilder whole_;  // places that are now owned as a whole
};

}  // namespace

bool reconcile_set(TypeRef type, FieldSet& set) {
  Reconciler reconciler;
  reconciler.visit(type, nullptr, FieldSetLevel(set));
  FieldSet whole = reconciler.take();
  if (whole.empty()) return false;
  set = set.minus_trees(whole).unite(whole);
  return true;
}

}  // namespace plinth::api

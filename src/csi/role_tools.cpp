#include "csi/role_tools.h"

namespace plinth::csi {

Value without_finalizer(Draft& draft, const client::Object& object, std::string_view finalizer) {
  Value list = draft.array();
  for (const Value& one : object.metadata()["finalizers"].items()) {
    if (one.as_string() != finalizer) draft.push(list, draft.clone(one));
  }
  return list;
}

client::Request finalizer_request(const client::Object& object, std::string_view finalizer, bool wanted,
                                  std::string_view manager) {
  Draft patch;
  Value list = without_finalizer(patch, object, finalizer);
  if (wanted) patch.push(list, patch.text(finalizer));
  patch.member_path(patch.root(), {"metadata", "finalizers"}) = list;
  return client::merge_patch_request(object, "", std::move(patch), /*same_revision=*/true, manager);
}

}  // namespace plinth::csi

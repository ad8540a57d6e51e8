#include "workloads/common/keys.h"

namespace plinth::workloads {

void add_all_keys(const client::View& view, const client::Resource& resource, std::vector<std::string>& keys) {
  view.list(resource, "", [&](const client::Object& object) {
    keys.push_back(client::make_key(object.name_space, object.name));
    return true;
  });
}

}  // namespace plinth::workloads

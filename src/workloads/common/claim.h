// Which objects belong to a controller: those with its reference that its selector matches, and orphans that it adopts.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "api/label_selector.h"
#include "client/controller.h"

namespace plinth::workloads {

struct ClaimOptions {
  std::string_view manager;
  // Orphans that are not to be adopted (pods that have ended).
  std::function<bool(const client::Object&)> adoptable;
  // Put on what is adopted, taken off what is released.
  std::string_view finalizer;
  // Adopts and releases nothing, whatever the selector says.
  bool only_owned = false;
};

// The objects of `kind` that belong to `owner`, sorted by name. Requests that adopt and release are planned; what is adopted by
// them counts as owned. An object with any owner reference is no orphan here (upstream looks for a controller only): so that
// other controllers' pods need not be decoded.
std::vector<client::Object> claim(const client::View& view, const client::Object& owner, const api::LabelSelector& selector,
                                  const client::Resource& kind, const ClaimOptions& options, client::Plan& plan);

// Controllers of a plural whose selector (the LabelSelector at spec.selector) matches an orphan: who might adopt it.
void keys_of_matching(const client::View& view, const client::Resource& controllers, const client::Object& orphan,
                      std::vector<std::string>& keys);

}  // namespace plinth::workloads

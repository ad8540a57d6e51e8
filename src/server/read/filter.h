// Which objects a list, watch or deletecollection is about: a namespace (or all), label and field selectors.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "api/field_selector.h"
#include "api/kind.h"
#include "api/label_selector.h"
#include "base/result.h"
#include "server/kind_registry.h"
#include "server/list_options.h"
#include "server/request_info.h"
#include "store/store.h"

namespace plinth::server {

class Filter {
 public:
  // BadRequest for selectors that do not parse or name a field that the kind does not offer.
  static Result<Filter> make(const ResolvedKind& kind, const RequestInfo& info, const ListOptions& options);

  // Keys below this prefix are looked at.
  const std::string& prefix() const { return prefix_; }
  // The one key that can match when the selector pins name (and namespace); "" otherwise.
  const std::string& only_key() const { return only_key_; }
  bool selects_all() const { return all_; }
  bool matches(const store::Record& record) const;

 private:
  std::string prefix_;
  std::string only_key_;
  bool all_ = true;
  api::LabelSelector labels_;
  api::FieldSelector fields_;
  std::span<const api::FieldSource> renamed_;
};

}  // namespace plinth::server

// Spreads endpoints over EndpointSlices with few writes: what is there keeps its place, room is filled before a slice is made.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

// Slices have the same ports; endpoints of different ones go to different slices.
struct EndpointGroup {
  Value ports;  // of the slices; an array
  struct Endpoint {
    std::string key;  // what makes it the same one: address and target
    Value value;
  };
  std::vector<Endpoint> endpoints;
};

// What all slices of one owner have in common. Values live as long as the call.
struct SliceForm {
  const client::Object& owner;  // becomes their controller
  std::string_view owner_kind;
  std::string_view manager;       // field manager
  std::string_view address_type;  // IPv4, IPv6
  Value labels;
  Value annotations;                // null: those that are there stay, but for the trigger time
  std::string trigger_time;         // of what is written; "" clears it
  std::size_t endpoints_max = 100;  // of a slice
  bool placeholder = true;          // one empty slice when there would be none
};

using SlicesByType = std::map<std::string, std::vector<client::Object>, std::less<>>;
// The slices of a Service that one controller manages, those that are going left out.
SlicesByType slices_of(const client::View& view, const client::Resource& slices, std::string_view name_space,
                       std::string_view service, std::string_view managed_by);

std::string endpoint_key(const Value& endpoint);
// Adds to `plan` what leads from `existing` (all of that address type) to the groups.
void plan_slices(const client::Resource& slices, const std::vector<client::Object>& existing, std::vector<EndpointGroup> groups,
                 const SliceForm& form, client::Plan& plan);
// Ports as text, so that equal sets in any order are equal.
std::string port_set_key(const Value& ports);

}  // namespace plinth::workloads

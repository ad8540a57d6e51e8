// Names and amounts of resources (cpu, memory, requests.cpu, example.com/gpu, ...).
#pragma once

#include <string_view>

#include "api/strategies/field_ref.h"

namespace plinth::api {

bool is_standard_resource(std::string_view name);
bool is_standard_quota_resource(std::string_view name);
bool is_huge_pages(std::string_view name);        // hugepages-2Mi
bool is_integer_resource(std::string_view name);  // counted in whole units
bool is_extended_resource(std::string_view name);
bool is_native_resource(std::string_view name);

// The resource's name at the path of its entry.
void validate_resource_name(const FieldRef& entry, std::string_view name);
void validate_container_resource_name(const FieldRef& entry, std::string_view name);
void validate_quota_resource_name(const FieldRef& entry, std::string_view name);

// A quantity that is not negative, and whole where the resource is counted.
void validate_resource_amount(const FieldRef& entry, std::string_view name);
// Compares two quantities: negative, zero, positive. Texts that are no quantities count as zero.
int compare_quantities(const Value& a, const Value& b);
int quantity_sign(const Value& quantity);

}  // namespace plinth::api

// Status objects (metav1.Status): what every refusal looks like on the wire.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth::server {

// {"kind":"Status","apiVersion":"v1",...}
std::string status_json(const Error& error);

// The success Status of a DELETE that does not answer with the object.
std::string success_status_json(std::string_view name, std::string_view group, std::string_view plural, std::string_view uid);

// Errors that name a resource, in apimachinery's wording (api/errors). `plural` is the resource.
Error not_found(std::string_view group, std::string_view plural, std::string_view name);
Error already_exists(std::string_view group, std::string_view plural, std::string_view name, bool being_deleted);
// What generateName came to stood already, as often as a name was tried.
Error generated_name_exists(std::string_view group, std::string_view plural, std::string_view name);
Error conflict(std::string_view group, std::string_view plural, std::string_view name, std::string_view why);
// The object changed since the caller read it.
Error modified_conflict(std::string_view group, std::string_view plural, std::string_view name);
Error forbidden(std::string_view group, std::string_view plural, std::string_view name, std::string_view why);
Error method_not_allowed(std::string_view group, std::string_view plural, std::string_view verb);
Error unknown_path();  // 404: the server could not find the requested resource
Error too_many_requests(std::string message, int retry_after_seconds);
Error expired(std::string message);
Error unsupported_media_type(std::string_view sent, std::string_view supported);
Error not_acceptable(std::string_view supported);

// "deployments.apps", or "pods" for the core group.
std::string qualified(std::string_view group, std::string_view plural);

}  // namespace plinth::server

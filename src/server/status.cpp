#include "server/status.h"

#include "base/json.h"

namespace plinth::server {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void append_field(std::string& out, std::string_view name, std::string_view value, bool& first) {
  if (value.empty()) return;
  if (!first) out += ',';
  first = false;
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

void append_causes(std::string& out, const std::vector<Cause>& causes) {
  out += "\"causes\":[";
  for (std::size_t i = 0; i < causes.size(); ++i) {
    if (i > 0) out += ',';
    out += '{';
    bool first = true;
    append_field(out, "reason", causes[i].type, first);
    append_field(out, "message", causes[i].message, first);
    append_field(out, "field", causes[i].field, first);
    out += '}';
  }
  out += ']';
}

void append_details(std::string& out, const ErrorDetails& details) {
  out += "\"details\":{";
  bool first = true;
  append_field(out, "name", details.name, first);
  append_field(out, "group", details.group, first);
  append_field(out, "kind", details.kind, first);
  append_field(out, "uid", details.uid, first);
  if (!details.causes.empty()) {
    if (!first) out += ',';
    first = false;
    append_causes(out, details.causes);
  }
  if (details.retry_after_seconds > 0) {
    if (!first) out += ',';
    out += "\"retryAfterSeconds\":" + std::to_string(details.retry_after_seconds);
  }
  out += "},";
}

bool has_details(const ErrorDetails& d) {
  return !d.name.empty() || !d.group.empty() || !d.kind.empty() || !d.uid.empty() || !d.causes.empty() ||
         d.retry_after_seconds > 0;
}

Error about(Reason reason, std::string message, std::string_view group, std::string_view plural, std::string_view name) {
  Error error(reason, std::move(message));
  error.mutable_details().group = group;
  error.mutable_details().kind = plural;
  error.mutable_details().name = name;
  return error;
}

}  // namespace

std::string status_json(const Error& error) {
  std::string out = R"({"kind":"Status","apiVersion":"v1","metadata":{)";
  bool first = true;
  append_field(out, "continue", error.details().continue_token, first);
  out += R"(},"status":"Failure","message":)";
  append_json_string(out, error.message());
  out += ',';
  if (error.reason() != Reason::kNone) {
    out += "\"reason\":";
    append_json_string(out, reason_name(error.reason()));
    out += ',';
  }
  if (has_details(error.details())) append_details(out, error.details());
  out += "\"code\":" + std::to_string(error.code()) + "}";
  return out;
}

std::string success_status_json(std::string_view name, std::string_view group, std::string_view plural, std::string_view uid) {
  std::string out = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{)";
  bool first = true;
  append_field(out, "name", name, first);
  append_field(out, "group", group, first);
  append_field(out, "kind", plural, first);
  append_field(out, "uid", uid, first);
  out += "}}";
  return out;
}

std::string qualified(std::string_view group, std::string_view plural) {
  std::string out(plural);
  if (!group.empty()) {
    out += '.';
    out += group;
  }
  return out;
}

Error not_found(std::string_view group, std::string_view plural, std::string_view name) {
  return about(Reason::kNotFound, qualified(group, plural) + " " + quoted(name) + " not found", group, plural, name);
}

Error already_exists(std::string_view group, std::string_view plural, std::string_view name, bool being_deleted) {
  std::string message = qualified(group, plural) + " " + quoted(name) + " already exists";
  if (being_deleted) message = "object is being deleted: " + message;
  return about(Reason::kAlreadyExists, std::move(message), group, plural, name);
}

Error generated_name_exists(std::string_view group, std::string_view plural, std::string_view name) {
  Error error = about(Reason::kAlreadyExists,
                      qualified(group, plural) + " " + quoted(name) +
                          " already exists, the server was not able to generate a unique name for the object",
                      group, plural, name);
  error.mutable_details().retry_after_seconds = 1;
  return error;
}

Error conflict(std::string_view group, std::string_view plural, std::string_view name, std::string_view why) {
  return about(Reason::kConflict,
               "Operation cannot be fulfilled on " + qualified(group, plural) + " " + quoted(name) + ": " + std::string(why),
               group, plural, name);
}

Error modified_conflict(std::string_view group, std::string_view plural, std::string_view name) {
  return conflict(group, plural, name,
                  "the object has been modified; please apply your changes to the latest version and try again");
}

Error forbidden(std::string_view group, std::string_view plural, std::string_view name, std::string_view why) {
  std::string message = qualified(group, plural);
  if (!name.empty()) message += " " + quoted(name);
  return about(Reason::kForbidden, message + " is forbidden: " + std::string(why), group, plural, name);
}

Error method_not_allowed(std::string_view group, std::string_view plural, std::string_view verb) {
  return about(Reason::kMethodNotAllowed,
               std::string(verb) + " is not supported on resources of kind " + quoted(qualified(group, plural)), group, plural,
               "");
}

Error unknown_path() { return Error(Reason::kNotFound, "the server could not find the requested resource"); }

Error too_many_requests(std::string message, int retry_after_seconds) {
  Error error(Reason::kTooManyRequests, std::move(message));
  error.mutable_details().retry_after_seconds = retry_after_seconds;
  return error;
}

Error expired(std::string message) { return Error(Reason::kExpired, std::move(message)); }

Error unsupported_media_type(std::string_view sent, std::string_view supported) {
  return Error(Reason::kUnsupportedMediaType, "the body of the request was in an unknown format (" + std::string(sent) +
                                                  ") - accepted media types include: " + std::string(supported));
}

Error not_acceptable(std::string_view supported) {
  return Error(Reason::kNotAcceptable, "only the following media types are accepted: " + std::string(supported));
}

}  // namespace plinth::server

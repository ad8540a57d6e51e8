// What "...".format([...]) makes: %s %d %f %e %b %x %X %o with a precision for %f and %e.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cel/value.h"

namespace plinth::cel {

// Errors are BadRequest with the bare message.
Result<std::string> format_string(std::string_view format, const List& args, Memory& memory);

}  // namespace plinth::cel

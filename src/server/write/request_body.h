// A request's body as a document, whatever it is encoded in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "server/exchange.h"

namespace plinth::server {

// `protobuf_type` names the built-in message that a protobuf body holds ("" : protobuf is not accepted, 415).
Result<Document> read_document(const Exchange& exchange, std::string_view protobuf_type, std::vector<std::string>& duplicates);

}  // namespace plinth::server

#include "net/http1_writer.h"

#include <algorithm>

#include <fmt/format.h>

namespace plinth::net {
namespace {

struct StatusRow {
  int status;
  std::string_view text;
};

constexpr StatusRow kStatuses[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Request Entity Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Requested Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Entity"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

// A value cannot end its line: what a handler echoes must not become a header of its own.
void append_value(std::string& out, std::string_view value) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) {
    out += value;
    return;
  }
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  append_value(out, value);
  out += "\r\n";
}

bool written_by_us(std::string_view name) { return name == "content-length" || name == "transfer-encoding"; }

void append_framing(std::string& out, const ResponseHead& head) {
  if (head.framing == Framing::kLength)
    append_field(out, "content-length", fmt::format("{}", head.length));
  else if (head.framing == Framing::kChunked)
    out += "transfer-encoding: chunked\r\n";
}

}  // namespace

std::string_view status_text(int status) {
  const auto* found =
      std::find_if(std::begin(kStatuses), std::end(kStatuses), [status](const StatusRow& row) { return row.status == status; });
  return found == std::end(kStatuses) ? "Unknown" : found->text;
}

std::string write_response_head(const ResponseHead& head, const Headers& headers) {
  std::string out;
  out.reserve(256);
  out += "HTTP/1.1 ";
  out += fmt::format_int(head.status).c_str();
  out += ' ';
  out += status_text(head.status);
  out += "\r\n";
  for (const auto& [name, value] : headers.entries()) {
    if (head.framing != Framing::kOwn && written_by_us(name)) continue;
    append_field(out, name, value);
  }
  if (!head.date.empty() && !headers.has("date")) append_field(out, "date", head.date);
  append_framing(out, head);
  if (head.close && !headers.has("connection")) out += "connection: close\r\n";
  out += "\r\n";
  return out;
}

void append_chunk(ByteChain& out, ByteChain chunk) {
  const std::size_t size = total_size(chunk);
  if (size == 0) return;
  out.push_back(SharedBytes(fmt::format("{:x}\r\n", size)));
  for (SharedBytes& part : chunk) out.push_back(std::move(part));
  out.push_back(SharedBytes::literal("\r\n"));
}

std::string write_request_head(const HttpRequest& request) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  append_field(out, "host", request.host);
  for (const auto& [name, value] : request.headers.entries()) {
    if (name != "host" && !written_by_us(name)) append_field(out, name, value);
  }
  const bool usually_has_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (usually_has_body || !request.body.empty()) append_field(out, "content-length", fmt::format("{}", request.body.size()));
  out += "\r\n";
  return out;
}

}  // namespace plinth::net

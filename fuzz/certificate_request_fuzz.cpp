// Certificate requests and certificates from outside: refused or read, as PEM text and as the bytes inside of it.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/base64.h"
#include "fuzz/require.h"
#include "net/signing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plinth;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto wrapped = [&](const std::string& label) {
    std::string base64 = base64_encode(text), lines;
    for (std::size_t at = 0; at < base64.size(); at += 64) lines += base64.substr(at, 64) + "\n";
    return "-----BEGIN " + label + "-----\n" + lines + "-----END " + label + "-----\n";
  };
  for (const std::string& pem : {text, wrapped("CERTIFICATE REQUEST")}) {
    const auto names = net::read_certificate_request(pem);
    if (!names.ok()) REQUIRE_PROPERTY(names.error().reason() == Reason::kBadRequest);
  }
  for (const std::string& pem : {text, wrapped("CERTIFICATE")}) {
    const auto checked = net::check_certificates(pem);
    if (!checked.ok()) REQUIRE_PROPERTY(checked.error().reason() == Reason::kBadRequest);
  }
  return 0;
}

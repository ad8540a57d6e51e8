// Any bytes as a query, and as another server's answer. What is answered can be read by its receiver.
#include "network/dns/forward.h"
#include "network/dns/zone.h"
#include "require.h"

using namespace plinth::network;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const dns::Zone zone(ServiceTable(), "cluster.local");
  dns::Code wrong;
  if (const auto question = dns::read_question(bytes, wrong)) {
    const auto answer = zone.find(*question);
    const std::string out = dns::write_answer(*question, answer ? *answer : dns::Answer(), question->udp_bytes);
    REQUIRE_PROPERTY(out.size() <= question->udp_bytes);
    (void)dns::cacheable_seconds(out);
  } else if (wrong != dns::Code::kNoError) {
    REQUIRE_PROPERTY(dns::write_error(bytes, wrong).size() == 12);
  }
  (void)dns::cacheable_seconds(bytes);
  (void)dns::address_of_reverse_name(bytes);
  if (const auto said = dns::read_answer(bytes)) {
    for (const dns::Record& record : said->answers) REQUIRE_PROPERTY(!record.data.empty() && record.name.size() <= 255);
  }
  return 0;
}

#include "api/managed_fields.h"

#include <doctest/doctest.h>

namespace plinth::api {
namespace {

constexpr std::string_view kEntries =
    R"([{"manager":"a","operation":"Apply","apiVersion":"apps/v1","time":"2024-01-02T03:04:05Z","fieldsType":"FieldsV1",)"
    R"("fieldsV1":{"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}},"f:set":{"v:\"x\"":{},"v:3":{}},)"
    R"("f:list":{"i:2":{}},"f:odd":{"k:{\"name\":[1,\"y\"]}":{},"k:{\"name\":\"\u003c\u0026\"}":{},"v:{\"z\":true}":{}}}}},)"
    R"({"manager":"b","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{}},"subresource":"status"}])";

TEST_CASE("compacted entries need nothing of what they were made from") {
  ManagedFields copy;
  std::string before;
  {
    std::string text(kEntries);
    const ManagedFields entries = ManagedFields::parse_json(text).value();
    before = entries.to_json();
    copy = entries.compact();
    CHECK(copy.same_as(entries));
    CHECK(copy.bytes() > 0);
    text.assign(text.size(), '#');
  }
  CHECK(copy.to_json() == before);
  CHECK(copy.same_as(ManagedFields::parse_json(before).value()));
}

TEST_CASE("entries are the same only with their times") {
  const ManagedFields a = ManagedFields::parse_json(kEntries).value();
  ManagedFields b = a.derive();
  CHECK(a.same_as(b));
  b.entries()[0].time_s = *b.entries()[0].time_s + 1;
  CHECK_FALSE(a.same_as(b));
  CHECK(a.same_but_times(b));
  b = a.derive();
  b.entries().pop_back();
  CHECK_FALSE(a.same_as(b));
  b = a.derive();
  b.entries()[1].fields = a.entries()[0].fields;
  CHECK_FALSE(a.same_as(b));
}

}  // namespace
}  // namespace plinth::api

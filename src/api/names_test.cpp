#include "api/names.h"

#include <doctest/doctest.h>

#include "base/json.h"

using namespace plinth;
using namespace plinth::api;

namespace {

std::string repeat(std::size_t n, char c) { return std::string(n, c); }

struct Case {
  std::string text;
  std::vector<std::string> complaints;  // beginnings of the expected texts
};

void check_all(Complaints (*check)(std::string_view), const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    CAPTURE(c.text);
    Complaints got = check(c.text);
    REQUIRE(got.size() == c.complaints.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CAPTURE(got[i]);
      CHECK(got[i].starts_with(c.complaints[i]));
    }
  }
}

}  // namespace

TEST_CASE("names: DNS labels") {
  check_all(check_dns1123_label, {
                                     {"a", {}},
                                     {"0", {}},
                                     {"a-1", {}},
                                     {"a--1--2--b", {}},
                                     {repeat(63, 'a'), {}},
                                     {"", {"a lowercase RFC 1123 label must consist"}},
                                     {"A", {"a lowercase"}},
                                     {"-a", {"a lowercase"}},
                                     {"a-", {"a lowercase"}},
                                     {"a.b", {"must not contain dots"}},
                                     {"a_b", {"a lowercase"}},
                                     {"a b", {"a lowercase"}},
                                     {repeat(64, 'a'), {"must be no more than 63 characters"}},
                                 });
  CHECK(check_dns1123_label("A")[0] ==
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
        "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')");
  check_all(check_dns1035_label, {
                                     {"a", {}},
                                     {"a-1", {}},
                                     {repeat(63, 'a'), {}},
                                     {"0", {"a DNS-1035 label"}},
                                     {"1-a", {"a DNS-1035 label"}},
                                     {"a.b", {"a DNS"}},
                                     {"", {"a DNS-1035 label"}},
                                     {repeat(64, 'a'), {"must be no more than 63 characters"}},
                                 });
}

TEST_CASE("names: subdomains and paths") {
  check_all(check_dns1123_subdomain, {
                                         {"a", {}},
                                         {"a.b.c", {}},
                                         {"0.0", {}},
                                         {"a--1.b--2", {}},
                                         {repeat(253, 'a'), {}},
                                         {"", {"a lowercase RFC 1123 subdomain"}},
                                         {".", {"a lowercase"}},
                                         {"a.", {"a lowercase"}},
                                         {".a", {"a lowercase"}},
                                         {"a..b", {"a lowercase"}},
                                         {"a.-b", {"a lowercase"}},
                                         {"A.a", {"a lowercase"}},
                                         {repeat(254, 'a'), {"must be no more than 253 characters"}},
                                     });
  check_all(check_wildcard_subdomain,
            {{"*.a.b", {}}, {"*", {"a wildcard"}}, {"*.*.a", {"a wildcard"}}, {"a.b", {"a wildcard"}}});
  check_all(check_path_segment_name, {
                                         {"", {}},
                                         {"admin:x", {}},
                                         {".", {"may not be '.'"}},
                                         {"..", {"may not be '..'"}},
                                         {"a/b", {"may not contain '/'"}},
                                         {"a%/", {"may not contain '/'", "may not contain '%'"}},
                                     });
  check_all(check_c_identifier, {{"A_b1", {}}, {"_", {}}, {"", {"a valid C"}}, {"1a", {"a valid C"}}, {"a-b", {"a valid C"}}});
}

TEST_CASE("names: label keys and values") {
  check_all(check_label_key, {
                                 {"simple", {}},
                                 {"now-with-dashes", {}},
                                 {"1.2.3.4/5678", {}},
                                 {"UppercaseIsOK123", {}},
                                 {"example.com/a_b.c-d", {}},
                                 {repeat(63, 'a'), {}},
                                 {repeat(253, 'a') + "/" + repeat(63, 'b'), {}},
                                 {"nospecialchars%^=@", {"name part must consist of alphanumeric characters"}},
                                 {"cantendwithadash-", {"name part must consist"}},
                                 {"only/one/slash", {"a valid label key must consist"}},
                                 {"example.com/", {"name part must be non-empty", "name part must consist"}},
                                 {"/simple", {"prefix part must be non-empty"}},
                                 {"Example.com/abc", {"prefix part a lowercase RFC 1123 subdomain"}},
                                 {"", {"name part must be non-empty", "name part must consist"}},
                                 {repeat(64, 'a'), {"name part must be no more than 63 bytes"}},
                                 {repeat(254, 'a') + "/abc", {"prefix part must be no more than 253 bytes"}},
                             });
  check_all(check_label_value, {
                                   {"", {}},
                                   {"end-with-num-1", {}},
                                   {"1234", {}},
                                   {"a", {}},
                                   {"a_b.C", {}},
                                   {repeat(63, 'a'), {}},
                                   {"nospecialchars%^=@", {"a valid label must be an empty string or consist"}},
                                   {"-start", {"a valid label"}},
                                   {"a/b", {"a valid label"}},
                                   {"with space", {"a valid label"}},
                                   {repeat(64, 'a'), {"must be no more than 63 bytes"}},
                               });
}

TEST_CASE("names: of objects") {
  CHECK(check_object_name(NameFormat::kSubdomain, "a.b").empty());
  CHECK_FALSE(check_object_name(NameFormat::kLabel, "a.b").empty());
  CHECK_FALSE(check_object_name(NameFormat::kLabel1035, "1a").empty());
  CHECK(check_object_name(NameFormat::kPathSegment, "system:x").empty());
  CHECK(check_object_name(NameFormat::kSubdomain, "a-", true).empty());
  CHECK_FALSE(check_object_name(NameFormat::kSubdomain, "a-").empty());
  CHECK(check_object_name(NameFormat::kPathSegment, "..", true).empty());
}

TEST_CASE("names: labels, annotations and managers of an object") {
  FieldErrors errors;
  Document labels = *parse_json(R"({"a":"b","x/y/z":"ok","c":"-"})");
  validate_labels(labels.root(), "metadata.labels", errors);
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].text().starts_with("metadata.labels: Invalid value: \"x/y/z\": a valid label key must"));
  CHECK(errors[1].text().starts_with("metadata.labels: Invalid value: \"-\": a valid label must"));

  errors.clear();
  Document annotations = *parse_json(R"({"Example.COM/Upper":"any text, even = or ,","bad key":""})");
  validate_annotations(annotations.root(), "metadata.annotations", errors);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].text().starts_with("metadata.annotations: Invalid value: \"bad key\": name part must consist"));

  errors.clear();
  Document big = *parse_json(R"({"a":")" + repeat(kAnnotationsMax, 'x') + R"("})");
  validate_annotations(big.root(), "metadata.annotations", errors);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].type == FieldErrorType::kTooLong);

  errors.clear();
  validate_field_manager("kubectl ✓", "fieldManager", errors);
  CHECK(errors.empty());
  validate_field_manager("a\tb", "fieldManager", errors);
  validate_field_manager(repeat(129, 'm'), "fieldManager", errors);
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].text() == "fieldManager: Invalid value: \"a\\tb\": invalid character U+0009 (at position 1)");
  CHECK(errors[1].type == FieldErrorType::kTooLong);
}

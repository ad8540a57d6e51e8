#include <doctest/doctest.h>

#include "api/field_selector.h"
#include "api/label_selector.h"
#include "base/json.h"

using namespace plinth;
using namespace plinth::api;

TEST_CASE("label selector: texts and their canonical form") {
  struct Case {
    std::string_view text, canonical;
  };
  const Case cases[] = {
      {"", ""},
      {"x=a,y=b,z=c", "x=a,y=b,z=c"},
      {"x!=a,y=b", "x!=a,y=b"},
      {"x=", "x="},
      {"x= ", "x="},
      {"x=,z= ", "x=,z="},
      {"x", "x"},
      {"!x", "!x"},
      {"x==a", "x==a"},
      {" x = a , !y ", "x=a,!y"},
      {"z,a", "a,z"},
      {"x>1,z<5", "x>1,z<5"},
      {"x in (b,a)", "x in (a,b)"},
      {"x in ()", "x in ()"},
      {"x notin (c,,b)", "x notin (,b,c)"},
      {"x in (,)", "x in ()"},
      {"in in (in,notin)", "in in (in,notin)"},
      {"!in", "!in"},
      {"a.b/c-d_e=F", "a.b/c-d_e=F"},
      {"x in (a,)", "x in (,a)"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    Result<LabelSelector> selector = LabelSelector::parse(c.text);
    REQUIRE(selector.ok());
    CHECK(selector->to_string() == c.canonical);
    CHECK(LabelSelector::parse(selector->to_string())->to_string() == c.canonical);
  }
}

TEST_CASE("label selector: errors") {
  struct Case {
    std::string_view text, error;
  };
  const Case cases[] = {
      {"x=a||y=b", "unable to parse requirement: values[0][x]: Invalid value: \"a||y\": a valid label must"},
      {"x==a==b", "found '==', expected: ',' or 'end of string'"},
      {"!x=a", "found '=', expected: ',' or 'end of string'"},
      {"x,", "found '', expected: identifier after ','"},
      {"x,,y", "found ',', expected: identifier after ','"},
      {"(x)", "found '(', expected: !, identifier, or 'end of string'"},
      {"=a", "found '=', expected: !, identifier, or 'end of string'"},
      {"x in", "unable to parse requirement: found '' expected: '('"},
      {"x in (a", "unable to parse requirement: found '', expected: ',' or ')'"},
      {"x in (a b)", "unable to parse requirement: found 'b', expected: ',' or ')'"},
      {"x in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"},
      {"x y", "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"},
      {"x=(", "unable to parse requirement: found '(', expected: identifier"},
      {"!!x", "unable to parse requirement: found '!', expected: identifier"},
      {"x>a",
       "unable to parse requirement: values[0]: Invalid value: \"a\": for 'Gt', 'Lt' operators, the value must be an integer"},
      {"a/b/c=d", "unable to parse requirement: <nil>: Invalid value: \"a/b/c\": a valid label key must consist"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    Result<LabelSelector> selector = LabelSelector::parse(c.text);
    REQUIRE_FALSE(selector.ok());
    CAPTURE(selector.error().message());
    CHECK(selector.error().reason() == Reason::kBadRequest);
    CHECK(selector.error().message().starts_with(c.error));
  }
}

TEST_CASE("label selector: matching") {
  struct Case {
    std::string_view text, labels;
    bool matches;
  };
  const Case cases[] = {
      {"", R"({"x":"y"})", true},
      {"x=y", R"({"x":"y"})", true},
      {"x=y,z=w", R"({"x":"y","z":"w"})", true},
      {"x!=y,z!=w", R"({"x":"z","z":"a"})", true},
      {"notin=in", R"({"notin":"in"})", true},
      {"x", R"({"x":"z"})", true},
      {"!x", R"({"y":"z"})", true},
      {"x>1", R"({"x":"2"})", true},
      {"x<1", R"({"x":"0"})", true},
      {"x>1", R"({"x":"a"})", false},
      {"x=z", "{}", false},
      {"x!=z", "{}", true},
      {"x=y", R"({"x":"z"})", false},
      {"!x", R"({"x":"z"})", false},
      {"x in (a,b)", R"({"x":"b"})", true},
      {"x in (a,b)", R"({"y":"b"})", false},
      {"x notin (a)", R"({"y":"b"})", true},
      {"x notin (a)", R"({"x":"a"})", false},
      {"x=", R"({"x":""})", true},
      {"x=", "{}", false},
      {"a,m,z", R"({"a":"","m":"","z":""})", true},
      {"a,m,z", R"({"a":"","z":""})", false},
      {"x>9223372036854775808", R"({"x":"1"})", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CAPTURE(c.labels);
    Result<LabelSelector> selector = LabelSelector::parse(c.text);
    if (c.text.find("9223372036854775808") != std::string_view::npos) {
      CHECK_FALSE(selector.ok());
      continue;
    }
    REQUIRE(selector.ok());
    Document labels = *parse_json(c.labels);
    CHECK(selector->matches(labels.root()) == c.matches);
    CHECK(selector->matches(labels_of(labels.root())) == c.matches);
  }
  CHECK(LabelSelector::parse("a=b,c in (d),e in (f,g)")->exact("c") == "d");
  CHECK_FALSE(LabelSelector::parse("a=b,e in (f,g)")->exact("e").has_value());
  CHECK_FALSE(LabelSelector::parse("a!=b")->exact("a").has_value());
}

TEST_CASE("label selector: objects") {
  auto make = [](std::string_view json) { return LabelSelector::from_object(parse_json(json)->root()); };
  CHECK(make("null")->matches_nothing());
  CHECK_FALSE(make("null")->matches(Labels{}));
  CHECK(make("{}")->matches_everything());
  CHECK(make(R"({"matchLabels":{"foo":"bar"},"matchExpressions":[{"key":"baz","operator":"In","values":["q","n"]}]})")
            ->to_string() == "baz in (n,q),foo=bar");
  CHECK(make(R"({"matchExpressions":[{"key":"a","operator":"Exists"},{"key":"b","operator":"DoesNotExist"}]})")->to_string() ==
        "a,!b");
  CHECK(make(R"({"matchExpressions":[{"key":"b","operator":"Near"}]})").error().message() ==
        "\"Near\" is not a valid label selector operator");
  CHECK(make(R"({"matchExpressions":[{"key":"b","operator":"In"}]})").error().message() ==
        "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
  CHECK(make(R"({"matchExpressions":[{"key":"b","operator":"Exists","values":["x"]}]})").error().message() ==
        "values: Invalid value: [\"x\"]: values set must be empty for exists and does not exist");
  CHECK(LabelSelector::from_map(parse_json(R"({"z":"1","a":"2"})")->root()).to_string() == "a=2,z=1");

  FieldErrors errors;
  Document bad = *parse_json(R"({"matchLabels":{"a b":"c"},"matchExpressions":[{"key":"","operator":"In"},
      {"key":"k","operator":"Exists","values":["v"]},{"key":"k","operator":"Is"},{"key":"k","operator":"In","values":["ok","-"]}]})");
  validate_label_selector(bad.root(), "spec.selector", errors);
  std::vector<std::string> texts;
  for (const FieldError& error : errors) texts.push_back(error.text());
  REQUIRE(texts.size() == 7);
  CHECK(texts[0].starts_with("spec.selector.matchLabels: Invalid value: \"a b\": name part"));
  CHECK(texts[1] ==
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'");
  CHECK(texts[2].starts_with("spec.selector.matchExpressions[0].key: Invalid value: \"\": name part must be non-empty"));
  CHECK(texts[4] ==
        "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or "
        "'DoesNotExist'");
  CHECK(texts[5] == "spec.selector.matchExpressions[2].operator: Invalid value: \"Is\": not a valid selector operator");
  CHECK(texts[6].starts_with("spec.selector.matchExpressions[3].values[1]: Invalid value: \"-\""));
}

TEST_CASE("field selector: parsing") {
  struct Case {
    std::string_view text, canonical;
  };
  const Case cases[] = {
      {"", ""},
      {"x=a,y=b,z=c", "x=a,y=b,z=c"},
      {"z=1,a==2", "a=2,z=1"},
      {"x=", "x="},
      {",,x=a", "x=a"},
      {"=", ""},
      {R"(x=\=\,\\)", R"(x=\=\,\\)"},
      {R"(a!=b\,c)", R"(a!=b\,c)"},
      {"metadata.name=a b", "metadata.name=a b"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    Result<FieldSelector> selector = FieldSelector::parse(c.text);
    REQUIRE(selector.ok());
    CHECK(selector->to_string() == c.canonical);
  }
  const Case errors[] = {
      {"x", "invalid selector: 'x'; can't understand 'x'"},
      {"x=a==b", "invalid field selector: unescaped character in value: 61"},
      {R"(x=a\b)", R"(invalid field selector: invalid escape sequence: \b)"},
      {R"(x=a\)", R"(invalid field selector: invalid escape sequence: \)"},
  };
  for (const Case& c : errors) {
    CAPTURE(c.text);
    Result<FieldSelector> selector = FieldSelector::parse(c.text);
    REQUIRE_FALSE(selector.ok());
    CHECK(selector.error().message() == c.canonical);
  }
}

TEST_CASE("field selector: matching and known fields") {
  std::vector<std::pair<std::string, std::string>> pod = {{"status.phase", "Running"}, {"metadata.name", "a=b"}};
  CHECK(FieldSelector::parse("status.phase=Running")->matches(pod));
  CHECK(FieldSelector::parse(R"(metadata.name=a\=b,status.phase!=Pending)")->matches(pod));
  CHECK(FieldSelector::parse("spec.nodeName=")->matches(pod));
  CHECK_FALSE(FieldSelector::parse("spec.nodeName!=")->matches(pod));
  CHECK(FieldSelector::parse("a=1,metadata.name=x")->exact("metadata.name") == "x");
  CHECK_FALSE(FieldSelector::parse("metadata.name!=x")->exact("metadata.name").has_value());

  constexpr std::string_view kExtra[] = {"spec.nodeName"};
  FieldSelector selector = *FieldSelector::parse("metadata.namespace=x,spec.nodeName=y");
  CHECK(selector.check({.extra = kExtra}).ok());
  CHECK(selector.check({}).error().message() ==
        R"("spec.nodeName" is not a known field selector: only "metadata.name", "metadata.namespace")");
  CHECK(FieldSelector::parse("foo=x")->check({.extra = kExtra}).error().message() == "field label not supported: foo");
  CHECK(selector.check({.extra = kExtra, .namespaced = false, .custom_resource = true}).error().message() ==
        "field label not supported: metadata.namespace");
}

// What conformance files do not cover: facts of cel-go's ext, of Kubernetes' pkg/cel/library and of kro's pkg/cel/library.
#include "cel/lib/libraries.h"

#include <doctest/doctest.h>

#include "cel/program.h"

namespace plinth::cel {
namespace {

struct Row {
  std::string_view expression;
  std::string_view expected;  // to_text() of the value, or "error: ..." (a beginning of it)
};

Environment everything() {
  Environment environment;
  for (Library (*library)() :
       {optionals_library, strings_library, lists_library, sets_library, math_library, encoders_library, regex_library,
        network_library, bindings_library, comprehensions_library, kubernetes_regex_library, kubernetes_lists_library,
        urls_library, semver_library, kro_library, omit_library}) {
    environment.add(library());
  }
  return environment;
}

std::string outcome(std::string_view expression, const Environment& environment) {
  auto program = compile(expression, environment);
  if (!program.ok()) return "compile: " + program.error().message();
  Memory memory;
  auto value = program->evaluate(Activation(environment), memory);
  return value.ok() ? to_text(*value) : "error: " + value.error().message();
}

void check_rows(std::span<const Row> rows) {
  Environment environment = everything();
  for (const Row& row : rows) {
    CAPTURE(row.expression);
    std::string got = outcome(row.expression, environment);
    if (row.expected.substr(0, 6) == "error:") got = got.substr(0, row.expected.size());
    CHECK(got == row.expected);
  }
}

}  // namespace

TEST_CASE("ext lists") {
  constexpr Row kRows[] = {
      {"[1,2,3,4].slice(0, 4)", "[1, 2, 3, 4]"},
      {"[1,2,3,4].slice(1, 3)", "[2, 3]"},
      {"[1,2,3,4].slice(2, 2)", "[]"},
      {"[1,2,3,4].slice(0, 10)", "error: cannot slice(0, 10), list is length 4"},
      {"[1,2,3,4].slice(-5, 10)", "error: cannot slice(-5, 10), negative indexes not supported"},
      {"[1,2,3,4].slice(3, 0)", "error: cannot slice(3, 0), start index must be less than or equal to end index"},
      {"dyn([]).flatten()", "[]"},
      {"dyn([1,[2,[3,4]]]).flatten()", "[1, 2, [3, 4]]"},
      {"[1,[2,[3,[4]]]].flatten(2)", "[1, 2, 3, [4]]"},
      {"[1,[2,[3,[4]]]].flatten(-1)", "error: level must be non-negative"},
      {"[4, 3, 2, 1].sort()", "[1, 2, 3, 4]"},
      {"['d', 'a', 'b'].sort()", "[\"a\", \"b\", \"d\"]"},
      {"dyn(['d', 3, 2, 'c']).sort()", "error: list elements must have the same type"},
      {"[{'name': 'foo', 'n': 5}, {'name': 'bar', 'n': 1}].sortBy(e, e.n).map(e, e.name)", "[\"bar\", \"foo\"]"},
      {"[-3, 1, -5, -2, 4].sortBy(e, -(e * e))", "[-5, 4, -3, -2, 1]"},
      {"lists.range(3)", "[0, 1, 2]"},
      {"lists.range(-1)", "error: lists.range: size must be non-negative, got -1"},
      {"[1, 2, 2, 'a', 1.0, 'a'].distinct()", "[1, 2, \"a\"]"},
      {"[1, 2, 3].reverse()", "[3, 2, 1]"},
      {"[1, 2].first().value() + [1, 2].last().value()", "3"},
      {"[].first().hasValue()", "false"},
  };
  check_rows(kRows);
}

TEST_CASE("ext sets") {
  constexpr Row kRows[] = {
      {"sets.contains([], [])", "true"},         {"sets.contains([1, 2, 3, 4], [2, 3.0])", "true"},
      {"sets.contains([1], [2])", "false"},      {"sets.equivalent([1, 2], [2, 2, 1u])", "true"},
      {"sets.equivalent([2, 1], [1])", "false"}, {"sets.intersects([1, 2], [2.0, 5])", "true"},
      {"sets.intersects([], [1])", "false"},
  };
  check_rows(kRows);
}

TEST_CASE("regular expressions") {
  constexpr Row kRows[] = {
      {"regex.extract('hello world', 'hello(.*)')", "optional.of(\" world\")"},
      {"regex.extract('item-A, item-B', r'item-(\\w+)').value()", "\"A\""},
      {"regex.extract('HELLO', 'hello')", "optional.none()"},
      {"regex.extract('testuser@testdomain', '(.*)@([^.]*)')", "error: regular expression has more than one capturing group"},
      {"regex.extractAll('id:123, id:456', r'id:\\d+')", "[\"id:123\", \"id:456\"]"},
      {"regex.extractAll('id:123, id:456', r'id:(\\d+)')", "[\"123\", \"456\"]"},
      {"regex.replace('banana', 'a', 'x')", "\"bxnxnx\""},
      {"regex.replace('banana', 'a', 'x', 2)", "\"bxnxna\""},
      {"regex.replace('foo bar', '(fo)o (ba)r', r'\\2 \\1')", "\"ba fo\""},
      {"regex.replace('test', '(.)', r'\\2')", "error: replacement string references group 2 but regex has only 1 group(s)"},
      {"regex.replace('abc', '^', 'start_')", "\"start_abc\""},
      {"'123 abc 456'.find('[0-9]+')", "\"123\""},
      {"'abc'.find('[0-9]+')", "\"\""},
      {"'123 abc 456'.findAll('[0-9]+')", "[\"123\", \"456\"]"},
      {"'123 abc 456'.findAll('[0-9]+', 1)", "[\"123\"]"},
      {"'123 abc 456'.findAll('[0-9]+', 0)", "[]"},
      {"'a'.find('(')", "error: error parsing regexp"},
      {"'abc'.matches('b')", "true"},
  };
  check_rows(kRows);
}

TEST_CASE("Kubernetes lists") {
  constexpr Row kRows[] = {
      {"[1, 2, 3].isSorted()", "true"},
      {"['b', 'a'].isSorted()", "false"},
      {"[1, 3].sum()", "4"},
      {"[1.0, 3.0].sum()", "4.0"},
      {"[duration('1m'), duration('1s')].sum() == duration('61s')", "true"},
      {"[1, 3, 2].max()", "3"},
      {"['a', 'c', 'b'].min()", "\"a\""},
      {"[1].filter(x, x > 1).min()", "error: min called on empty list"},
      {"[1, 2, 2, 3].indexOf(2)", "1"},
      {"[1, 2, 2, 3].lastIndexOf(2)", "2"},
      {"['a'].indexOf('b')", "-1"},
      {"[1, 2].includes(2)", "true"},
      {"'a'.includes('a')", "true"},
      {"'abc'.indexOf('c')", "2"},
  };
  check_rows(kRows);
}

TEST_CASE("URLs") {
  constexpr Row kRows[] = {
      {"url('https://example.com:80/a/b?k1=a&k2=b&k1=c').getHost()", "\"example.com:80\""},
      {"url('https://example.com:80/a').getHostname()", "\"example.com\""},
      {"url('https://[::1]:80/').getHostname()", "\"::1\""},
      {"url('https://[::1]:80/').getPort()", "\"80\""},
      {"url('https://example.com/path with spaces/').getEscapedPath()", "\"/path%20with%20spaces/\""},
      {"url('https://example.com/a?k1=a&k2=b&k1=c%20d').getQuery()", "{\"k1\": [\"a\", \"c d\"], \"k2\": [\"b\"]}"},
      {"url('HTTPS://a/b#frag').getScheme()", "\"https\""},
      {"url('/path').getScheme()", "\"\""},
      {"isURL('https://a:80/')", "true"},
      {"isURL('../relative-path')", "false"},
      {"isURL('https://a:b:c/')", "false"},
      {"url('https://a:port/')", "error: URL parse error during conversion from string"},
      {"url('https://a/') == url('https://a/')", "true"},
      {"type(url('/')) == kubernetes.URL", "true"},
  };
  check_rows(kRows);
}

TEST_CASE("semantic versions") {
  constexpr Row kRows[] = {
      {"isSemver('1.2.3-beta.1+build.1')", "true"},
      {"isSemver('v1.0')", "false"},
      {"isSemver('01.0.0')", "false"},
      {"isSemver('v1.0', true)", "true"},
      {"semver('v01.01', true) == semver('1.1.0')", "true"},
      {"isSemver('1.0-alpha', true)", "false"},
      {"semver('1.2.3').major()", "1"},
      {"semver('1.2.3').isLessThan(semver('1.10.0'))", "true"},
      {"semver('1.0.0-alpha.2').compareTo(semver('1.0.0-alpha.10'))", "-1"},
      {"semver('1.0.0').isGreaterThan(semver('1.0.0-rc.1'))", "true"},
      {"semver('1.0.0+a') == semver('1.0.0+b')", "true"},
      {"semver('three')", "error: invalid semantic version 'three'"},
  };
  check_rows(kRows);
}

TEST_CASE("kro functions") {
  constexpr Row kRows[] = {
      {"random.seededString(10, 'abc')", "\"r6qfjs5dr6\""},
      {"random.seededInt(30000, 32768, 'abc')", "32138"},
      {"random.seededInt(2, 2, 'abc')", "error: random.seededInt min must be less than max"},
      {"hash.fnv64a('abc') == b'\\xe7\\x1f\\xa2\\x19\\x05\\x41\\x57\\x4b'", "true"},
      {"base64.encode(hash.md5(''))", "\"1B2M2Y8AsgTpgAmY7PhCfg==\""},
      {"{'a': 1, 'b': 2}.merge({'b': 3, 'c': 4})", "{\"a\": 1, \"b\": 3, \"c\": 4}"},
      {"{'a': {'x': 1, 'y': 1}}.deepMerge({'a': {'y': 2}})", "{\"a\": {\"x\": 1, \"y\": 2}}"},
      {"json.marshal({'a': [1, true, null]})", "\"{\\\"a\\\":[1,true,null]}\""},
      {"json.unmarshal('{\"a\": 1}').a", "1.0"},
      {"json.unmarshal('{')", "error: json.unmarshal: "},
      {"lists.setAtIndex([1, 2, 3], 1, 9)", "[1, 9, 3]"},
      {"lists.insertAtIndex([1, 2], 2, 9)", "[1, 2, 9]"},
      {"lists.removeAtIndex([1, 2], 0)", "[2]"},
      {"lists.removeAtIndex([1, 2], 2)", "error: index 2 out of bounds for a list of 2 elements"},
      {"{'a': omit()}.size()", "1"},
  };
  check_rows(kRows);
}

TEST_CASE("entropy is drawn at each evaluation") {
  struct Counting final : Entropy {
    void fill(std::span<unsigned char> out) override {
      for (unsigned char& b : out) b = next++;
    }
    unsigned char next = 0;
  };
  Environment environment;
  environment.add(entropy_library(std::make_shared<Counting>()));
  auto program = compile("random.alphanumeric(24)", environment);
  REQUIRE(program.ok());
  Memory memory;
  Value first = program->run({}, memory), second = program->run({}, memory);
  CHECK(first.as_string().size() == 24);
  CHECK(first.as_string() == "ABCDEFGHIJKLMNOPQRSTUVWX");
  CHECK(first.as_string() != second.as_string());
}

}  // namespace plinth::cel

// Facts of Kubernetes' pkg/cel/library: quantity_test.go, format_test.go.
#include "api/cel/libraries.h"

#include <doctest/doctest.h>

#include "api/cel/environments.h"
#include "cel/lib/libraries.h"
#include "cel/program.h"

namespace plinth::api {

TEST_CASE("quantities and formats in expressions") {
  struct Row {
    std::string_view expression, expected;
  } rows[] = {
      {"quantity('12Mi').compareTo(quantity('12582912'))", "0"},
      {"quantity('200M').asInteger()", "200000000"},
      {"quantity('1.3Gi').isInteger()", "false"},
      {"quantity('50k') == quantity('50000')", "true"},
      {"quantity('500m').asApproximateFloat()", "0.5"},
      {"quantity('500m').asInteger()", "error: cannot convert value to integer"},
      {"quantity('-2').sign()", "-1"},
      {"sign(quantity('0'))", "0"},
      {"quantity('50k').add(20) == quantity('50020')", "true"},
      {"quantity('50k').sub(quantity('20k')).isLessThan(quantity('31k'))", "true"},
      {"quantity('1Gi').isGreaterThan(quantity('1G'))", "true"},
      {"isQuantity('1.3G') && !isQuantity('1,000')", "true"},
      {"type(quantity('1')) == kubernetes.Quantity", "true"},
      {"format.dns1123Label().validate('my-label-name')", "optional.none()"},
      {"format.named('dns1123Label').value().validate('-no').hasValue()", "true"},
      {"format.named('nothing').hasValue()", "false"},
      {"format.dns1123LabelPrefix().validate('pod-')", "optional.none()"},
      {"format.uuid().validate('x').value()", "[\"does not match the UUID format\"]"},
      {"format.named('uri').value() == format.uri()", "true"},
  };
  cel::Environment environment;
  environment.add(cel::optionals_library());
  environment.add(quantities_library());
  environment.add(formats_library());
  for (const Row& row : rows) {
    CAPTURE(row.expression);
    auto program = cel::compile(row.expression, environment);
    if (!program.ok()) FAIL(program.error().message());
    cel::Memory memory;
    auto value = program->evaluate(cel::Activation(environment), memory);
    CHECK((value.ok() ? cel::to_text(*value) : "error: " + value.error().message()) == row.expected);
  }
}

TEST_CASE("environments of rules and of compositions") {
  cel::Environment rules = rules_environment(), compositions = composition_environment(nullptr);
  struct Row {
    std::string_view expression;
    bool rule, composition;
  } rows[] = {
      {"[1, 2].includes(1)", true, true},
      {"[1, 'a'].size() == 2", false, true},
      {"math.abs(-1) == 1", false, true},
      {"sets.contains([1], [1])", true, true},
      {"'x'.matches('(')", false, true},
      {"random.seededInt(1, 2, 'a') == 1", false, true},
      {"isIP('::1') && isSemver('1.0.0')", true, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.expression);
    CHECK(cel::compile(row.expression, rules).ok() == row.rule);
    CHECK(cel::compile(row.expression, compositions).ok() == row.composition);
  }
}

}  // namespace plinth::api

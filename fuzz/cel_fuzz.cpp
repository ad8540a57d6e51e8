// Expressions of any bytes: parsed, checked, compiled and evaluated within a small budget, both checked and unchecked.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cel/lib/libraries.h"
#include "cel/program.h"
#include "fuzz/require.h"

namespace {

const plinth::cel::Environment& environment() {
  namespace cel = plinth::cel;
  static const cel::Environment all = [] {
    cel::Environment made;
    for (cel::Library (*library)() :
         {cel::optionals_library, cel::strings_library, cel::lists_library, cel::sets_library, cel::math_library,
          cel::encoders_library, cel::regex_library, cel::network_library, cel::bindings_library, cel::blocks_library,
          cel::comprehensions_library, cel::kubernetes_regex_library, cel::kubernetes_lists_library, cel::urls_library,
          cel::semver_library, cel::kro_library}) {
      made.add(library());
    }
    made.declare("x", cel::Type::integer());
    made.declare("d", cel::Type::dyn());
    made.declare("l", cel::Type::list(cel::Type::string()));
    return made;
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace cel = plinth::cel;
  if (size > 4096) return 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (bool check : {true, false}) {
    auto program = cel::compile(text, environment(), {.check = check});
    if (!program.ok()) {
      REQUIRE_PROPERTY(!program.error().message().empty());
      continue;
    }
    cel::Memory memory;
    cel::Value variables[] = {cel::Value::of(3), cel::Value::string("text"), cel::Value::absent()};
    cel::Report first, second;
    const cel::Budget budget{.cost_limit = 20'000};
    std::string once = cel::to_text(program->run(variables, memory, budget, &first));
    memory.reset();
    REQUIRE_PROPERTY(cel::to_text(program->run(variables, memory, budget, &second)) == once);
    REQUIRE_PROPERTY(first.cost == second.cost);
  }
  return 0;
}

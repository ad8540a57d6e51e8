#include "workloads/csi/parameter_text.h"

namespace plinth::workloads {

Result<std::string> resolve_parameter(std::string_view text,
                                      const std::function<std::optional<std::string>(std::string_view name)>& variable) {
  std::string out;
  while (true) {
    const std::size_t begin = text.find("${");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    const std::size_t end = text.find('}', begin);
    if (end == std::string_view::npos) return Error(Reason::kInvalid, "\"${\" without \"}\"");
    const auto value = variable(text.substr(begin + 2, end - begin - 2));
    if (!value) return Error(Reason::kInvalid, "cannot resolve " + std::string(text.substr(begin, end - begin + 1)));
    out += *value;
    text.remove_prefix(end + 1);
  }
}

}  // namespace plinth::workloads

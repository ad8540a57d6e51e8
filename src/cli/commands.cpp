#include "cli/command.h"

namespace plinth::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      up_command(),
      down_command(),
      attach_command(),
      get_command(),
      kinds_command(),
      apply_command(),
      delete_command(),
      tree_command(),
      status_command(),
      explain_instance_command(),
      render_command(),
      validate_command(),
      kubeconfig_command(),
      snapshot_save_command(),
      snapshot_restore_command(),
      rotate_key_command(),
      image_import_command(),
      image_list_command(),
      image_remove_command(),
      cel_eval_command(),
      cel_conformance_command(),
      csi_driver_command(),
      completion_command(),
      manual_command(),
      version_command(),
  };
  return all;
}

std::string bare_name(std::string_view option) {
  if (const std::size_t comma = option.rfind(','); comma != std::string_view::npos) option.remove_prefix(comma + 1);
  while (!option.empty() && option.front() == '-') option.remove_prefix(1);
  return std::string(option);
}

bool takes_several(const OptionSpec& option) { return option.value.size() > 3 && option.value.ends_with("..."); }

bool is_positional(const OptionSpec& option) { return !option.name.starts_with('-'); }

std::string argument(const Arguments& arguments, std::string_view name) {
  auto it = arguments.find(name);
  return it == arguments.end() ? std::string() : it->second;
}

bool has_flag(const Arguments& arguments, std::string_view name) { return arguments.find(name) != arguments.end(); }

}  // namespace plinth::cli

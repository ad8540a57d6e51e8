// validate: definitions, and objects of any kind that is known, without a server.
#include <cstdio>

#include "cli/command.h"
#include "cli/fail.h"
#include "cli/offline/definitions.h"
#include "cli/output.h"

namespace plinth::cli {
namespace {

// "" when there is nothing wrong with it.
std::string problem_of(const OfflineDefinitions& definitions, const std::vector<FileObject>& objects, std::size_t i) {
  const FileObject& object = objects[i];
  const std::string_view api_version = object.document["apiVersion"].as_string();
  const auto [group, version] = group_and_version(api_version);
  const auto kind = definitions.find_kind(group, version, object.kind());
  if (!kind) {
    for (const FileObject& other : objects) {
      if (other.is_definition() && other.document["spec"]["schema"]["kind"].as_string() == object.kind())
        return "its definition, " + other.kind() + " " + other.name() + ", is not valid";
    }
    return "kind " + object.kind() + " of " + std::string(api_version) +
           " is not known; give its CustomResourceDefinition or its definition with -f as well";
  }
  auto admitted = definitions.admit(*kind, object);
  if (!admitted.ok()) return admitted.error().message();
  const compose::BuildResult* built = definitions.result(i);
  if (built == nullptr || built->graph != nullptr) return "";
  std::string message = built->failure.message;
  if (!built->failure.waits_for.empty()) message += "; give its CustomResourceDefinition or its definition with -f as well";
  return message;
}

int print_list(const std::vector<FileObject>& objects, const std::vector<std::string>& problems, const std::string& format) {
  Draft draft;
  draft.root() = draft.array();
  for (std::size_t i = 0; i < objects.size(); ++i) {
    Value row = draft.object();
    draft.set(row, "file", objects[i].file);
    draft.set(row, "apiVersion", objects[i].document["apiVersion"].as_string());
    draft.set(row, "kind", objects[i].kind());
    draft.set(row, "name", objects[i].name());
    draft.set(row, "valid", Value::of(problems[i].empty()));
    if (!problems[i].empty()) draft.set(row, "message", problems[i]);
    draft.push(draft.root(), row);
  }
  std::fputs(data_text(draft.root(), format).c_str(), stdout);
  return 0;
}

int run(const Arguments& arguments) {
  const auto format = data_format(arguments);
  if (!format.ok()) return fail(2, format.error().message());
  const auto objects = read_objects(argument(arguments, "filename"));
  if (!objects.ok()) return fail(1, objects.error().message());
  const OfflineDefinitions definitions(*objects);
  std::vector<std::string> problems;
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < objects->size(); ++i) {
    problems.push_back(problem_of(definitions, *objects, i));
    if (!problems.back().empty()) ++wrong;
  }
  if (!format->empty()) {
    print_list(*objects, problems, *format);
  } else {
    for (std::size_t i = 0; i < objects->size(); ++i) {
      const FileObject& o = (*objects)[i];
      std::printf("%s: %s %s: %s\n", o.file.c_str(), o.kind().c_str(), o.name().c_str(),
                  problems[i].empty() ? "valid" : problems[i].c_str());
    }
  }
  std::fflush(stdout);
  return wrong == 0 ? 0 : fail(1, std::to_string(wrong) + " of " + std::to_string(objects->size()) + " objects are not valid");
}

}  // namespace

Command validate_command() {
  return {"validate",
          "check definitions, their instances and other objects in files, without a server",
          {{"-f,--filename", "FILE...", "YAML or JSON; - is standard input", "", true}, kDataOutput},
          run};
}

}  // namespace plinth::cli

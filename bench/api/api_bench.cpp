// Measures a Plinth, and an etcd beside it, as clients see them. See `./dev bench api --help`.
#include <cstdlib>
#include <cstring>
#include <map>

#include <unistd.h>

#include "api/die.h"
#include "api/figures.h"

namespace plinth::bench {
namespace {

constexpr const char* kHelp =
    "usage: ./dev bench api [--quick] [--only creates|reads|list|watchers|start|memory|apply|definitions] [--output FILE]\n"
    "  --quick        short runs: 3 of 2 s\n"
    "  --seconds N    of one run (10)     --rounds N   alternating runs (5)\n"
    "  --clients N    instead of 1, 16 and 64 (creates) or 64 (reads)\n"
    "  --dir DIR      where data directories are made (below the current directory)\n"
    "  --plinth, --etcd, --pipeline PROGRAM   what is measured; without etcd there are no ratios\n"
    "  --output FILE  the report also goes there, as Markdown\n";

using Measure = void (*)(const Options&, Report&);
constexpr std::pair<const char*, Measure> kFigures[] = {
    {"creates", measure_creates}, {"reads", measure_reads},   {"list", measure_list},   {"watchers", measure_watchers},
    {"start", measure_start},     {"memory", measure_memory}, {"apply", measure_apply}, {"definitions", measure_definitions}};

int run(int argc, char** argv) {
  Options options;
  std::string only, output;
  std::map<std::string, std::string*> texts = {
      {"--plinth", &options.plinth}, {"--etcd", &options.etcd}, {"--pipeline", &options.pipeline},
      {"--dir", &options.directory}, {"--only", &only},         {"--output", &output}};
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const auto text = texts.find(name);
    if (name == "--quick") {
      options.quick = true;
      options.seconds = 2;
      options.rounds = 3;
    } else if (i + 1 < argc && text != texts.end()) {
      *text->second = argv[++i];
    } else if (i + 1 < argc && name == "--seconds") {
      options.seconds = std::atof(argv[++i]);
    } else if (i + 1 < argc && name == "--clients") {
      options.clients = std::strtoul(argv[++i], nullptr, 10);
    } else if (i + 1 < argc && name == "--rounds") {
      options.rounds = std::atoi(argv[++i]);
    } else {
      fmt::print(stderr, "{}", kHelp);
      return name == "--help" ? 0 : 2;
    }
  }
  if (options.plinth.empty() || options.directory.empty()) die("--plinth and --dir are needed");
  Report report;
  report.section("Plinth and etcd on this machine", machine());
  for (const auto& [name, measure] : kFigures) {
    if (only.empty() || only == name) measure(options, report);
  }
  if (!output.empty()) report.print_to(output);
  return 0;
}

}  // namespace
}  // namespace plinth::bench

int main(int argc, char** argv) { return plinth::bench::run(argc, argv); }

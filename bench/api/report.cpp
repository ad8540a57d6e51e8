#include "api/report.h"

#include <fstream>

#include <sys/utsname.h>
#include <unistd.h>

#include "api/die.h"

namespace plinth::bench {
namespace {

std::string value_in(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size(), key) == 0) return line.substr(line.find_first_not_of(" \t", line.find(':') + 1));
  }
  return "unknown";
}

}  // namespace

// Printed at once, so that a long run shows what it has.
void Report::line(const std::string& text) {
  text_ += text + "\n";
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void Report::section(const std::string& title, const std::string& method) {
  line("\n## " + title + "\n");
  if (!method.empty()) line(method + "\n");
  in_figures_ = false;
}

void Report::columns(const std::vector<std::string>& names) {
  row(names);
  std::string rule = "|";
  for (std::size_t i = 0; i < names.size(); ++i) rule += "---|";
  line(rule);
}

void Report::row(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + cell + " |";
  line(text);
}

void Report::figure(const std::string& name, const std::string& value, const std::string& goal, bool good) {
  if (!in_figures_) columns({"figure", "measured", "goal", ""});
  in_figures_ = true;
  row({name, value, goal, goal.empty() ? "" : good ? "held" : "**missed**"});
}

void Report::print_to(const std::string& file) const {
  std::ofstream out(file);
  out << text_;
  if (!out) die("{} cannot be written", file);
}

std::string machine() {
  utsname names{};
  uname(&names);
  double load[3] = {0, 0, 0};
  getloadavg(load, 3);
  return fmt::format(
      "- {} processors, {}, {} of memory\n- {} {} {}\n- load before the run: {:.1f} (other work on the machine makes every "
      "figure worse)",
      sysconf(_SC_NPROCESSORS_ONLN), value_in("/proc/cpuinfo", "model name"), value_in("/proc/meminfo", "MemTotal"),
      names.sysname, names.release, names.machine, load[0]);
}

}  // namespace plinth::bench

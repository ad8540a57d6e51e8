// The figures that are measured, one file each.
#pragma once

#include <string>

#include "api/report.h"

namespace plinth::bench {

struct Options {
  std::string plinth;       // the program
  std::string etcd;         // the program; "" leaves the comparison out
  std::string pipeline;     // the program that measures a request without network and disk
  std::string directory;    // data directories are made here
  double seconds = 10;      // of one run of a load
  int rounds = 5;           // alternating
  bool quick = false;       // fewer and shorter: for a look
  std::size_t clients = 0;  // 0: 1, 16 and 64 for creates, 64 for reads
};

void measure_creates(const Options& options, Report& report);
void measure_reads(const Options& options, Report& report);
void measure_list(const Options& options, Report& report);
void measure_watchers(const Options& options, Report& report);
void measure_start(const Options& options, Report& report);
void measure_memory(const Options& options, Report& report);
void measure_apply(const Options& options, Report& report);
void measure_definitions(const Options& options, Report& report);

// A fresh directory below options.directory, removed with everything in it at the end.
class Scratch {
 public:
  Scratch(const Options& options, const std::string& name);
  ~Scratch();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace plinth::bench

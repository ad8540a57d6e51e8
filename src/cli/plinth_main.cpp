#include "cli/command.h"

#ifdef PLINTH_HAS_JEMALLOC
// Read by jemalloc before main: freed pages go back to the system after a second, and two arenas for each processor are enough
// for a handful of threads.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0,abort_conf:true";
#endif

int main(int argc, char** argv) { return plinth::cli::run_command_line(argc, argv); }

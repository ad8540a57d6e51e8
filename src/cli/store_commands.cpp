// snapshot save, snapshot restore, secrets rotate-key: work on a data directory that no platform has open.
#include <cstdio>

#include "cli/command.h"
#include "cli/fail.h"
#include "platform/offline_store.h"

namespace plinth::cli {
namespace {

constexpr OptionSpec kDataDir = {"--data-dir", "DIR", "the platform's data directory; no platform may have it open",
                                 "./plinth-data", false};

int report(const Result<void>& result, const char* done) {
  if (!result.ok()) return fail(1, result.error().message());
  std::puts(done);
  return 0;
}

}  // namespace

Command snapshot_save_command() {
  return {"snapshot save",
          "write everything that a data directory holds to one file",
          {kDataDir, {"file", "FILE", "the file to write", "", true}},
          [](const Arguments& a) {
            return report(platform::save_snapshot(argument(a, "data-dir"), argument(a, "file")), "saved");
          }};
}

Command snapshot_restore_command() {
  return {"snapshot restore",
          "make a data directory from a file that snapshot save wrote",
          {{"--data-dir", "DIR", "the directory to make; absent or empty", "./plinth-data", false},
           {"file", "FILE", "the file to read", "", true}},
          [](const Arguments& a) {
            return report(platform::restore_snapshot(argument(a, "data-dir"), argument(a, "file")), "restored");
          }};
}

Command rotate_key_command() {
  return {"secrets rotate-key",
          "encrypt every Secret at rest with a new key and forget the old ones",
          {kDataDir},
          [](const Arguments& a) { return report(platform::rotate_secrets_key(argument(a, "data-dir")), "rotated"); }};
}

}  // namespace plinth::cli

#include "platform/kubeconfig.h"

#include <cstdio>

#include "cli/command.h"
#include "cli/fail.h"
#include "server/auth/secret_files.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"

namespace plinth::cli {
namespace {

int run(const Arguments& arguments) {
  world_real::RealDisk disk;
  server::auth::DiskSecretFiles files(disk, argument(arguments, "data-dir") + "/pki");
  auto ca = files.read("ca.crt");
  auto certificate = files.read("admin.crt");
  auto key = files.read("admin.key");
  if (!ca.ok() || !certificate.ok() || !key.ok() || !*ca || !*certificate || !*key) {
    return fail(1, "no platform was ever started with --data-dir " + argument(arguments, "data-dir") +
                       "; start one with: plinth up --data-dir DIR");
  }
  platform::Pki pki;
  pki.ca.certificate_pem = **ca;
  pki.admin = net::KeyPair{**certificate, **key};
  std::fputs(platform::admin_kubeconfig(pki, argument(arguments, "server")).c_str(), stdout);
  return 0;
}

}  // namespace

Command kubeconfig_command() {
  return {"kubeconfig",
          "print a kubeconfig for the administrator of a data directory",
          {{"--data-dir", "DIR", "the platform's data directory", "./plinth-data", false},
           {"--server", "URL", "address of its API", "https://127.0.0.1:6443", false}},
          run};
}

}  // namespace plinth::cli

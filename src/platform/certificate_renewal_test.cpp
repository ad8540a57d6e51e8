#include "platform/certificate_renewal.h"

#include <doctest/doctest.h>

#include "net/tls.h"
#include "world_sim/sim_world.h"

namespace plinth::platform {
namespace {

using std::chrono::hours;

// Refuses to be written while `full`.
class Files final : public server::auth::SecretFiles {
 public:
  Result<std::optional<std::string>> read(std::string_view name) override { return kept_.read(name); }
  Result<void> write(std::string_view name, std::string_view content) override {
    if (full) return internal_error("no space left");
    return kept_.write(name, content);
  }
  bool full = false;

 private:
  server::auth::MemorySecretFiles kept_;
};

struct Running {
  Running() {
    Pki pki = load_or_make_pki(files, world.clock(), world.entropy(), {"127.0.0.1", "localhost"}).value();
    CertificateRenewalParts parts{
        &loop, &world.clock(), &world.entropy(), &files, {"127.0.0.1", "localhost"}, Logger(&log, &world.clock(), "test")};
    renewal = std::make_unique<CertificateRenewal>(parts, std::move(pki), [this](const Pki& now) {
      ++renewed;
      CHECK(now.server.certificate_pem == renewal->current().server.certificate_pem);
    });
    loop.post([this] { renewal->start(); });
  }
  void pass_days(int days) { world.run_for(hours(24) * days); }
  std::int64_t days_left() {
    return (net::certificate_expiry(renewal->current().server.certificate_pem).value() -
            world.clock().wall_ns() / 1'000'000'000) /
           86400;
  }

  world_sim::SimWorld world{7};
  world_sim::SimLoop& loop = world.new_loop("control");
  Files files;
  MemoryLogSink log;
  std::unique_ptr<CertificateRenewal> renewal;
  int renewed = 0;
};

TEST_CASE("certificates are renewed before they end, and not earlier") {
  Running running;
  const std::string ca = running.renewal->current().ca.certificate_pem,
                    first = running.renewal->current().server.certificate_pem;
  const std::string admin = running.renewal->current().admin.certificate_pem;
  running.pass_days(270);
  CHECK(running.renewed == 0);
  CHECK(running.renewal->current().server.certificate_pem == first);
  running.pass_days(7);
  CHECK(running.renewed == 1);
  CHECK(running.days_left() > 350);
  CHECK(running.renewal->current().server.certificate_pem != first);
  CHECK(running.renewal->current().admin.certificate_pem != admin);
  CHECK(running.renewal->current().ca.certificate_pem == ca);
  // The renewed ones are what the next start finds.
  const Pki kept =
      load_or_make_pki(running.files, running.world.clock(), running.world.entropy(), {"127.0.0.1", "localhost"}).value();
  CHECK(kept.server.certificate_pem == running.renewal->current().server.certificate_pem);
  running.pass_days(3 * 365);
  CHECK(running.renewed >= 4);
  CHECK(running.days_left() > 80);
}

TEST_CASE("a renewal that fails is logged and tried again") {
  Running running;
  running.pass_days(270);
  running.files.full = true;
  running.pass_days(10);
  CHECK(running.renewed == 0);
  CHECK(running.log.lines().size() > 10);
  CHECK(running.log.lines().front().find("no space left") != std::string::npos);
  running.files.full = false;
  running.pass_days(1);
  CHECK(running.renewed == 1);
  CHECK(running.days_left() > 350);
}

TEST_CASE("nothing is looked at after the end") {
  Running running;
  running.pass_days(1);
  running.renewal.reset();
  running.pass_days(300);
  CHECK(running.renewed == 0);
}

}  // namespace
}  // namespace plinth::platform

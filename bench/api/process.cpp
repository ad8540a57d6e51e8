#include "api/process.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/die.h"
#include "api/etcd_wire.h"
#include "api/load.h"

namespace plinth::bench {
namespace {

std::vector<std::string> etcd_arguments(const std::string& program, const std::string& data_dir, const std::string& pki,
                                        const std::string& address) {
  const std::string peer = "http://127.0.0.1:" + std::to_string(free_port());
  return {program,
          "--name=bench",
          "--data-dir=" + data_dir,
          "--listen-client-urls=https://" + address,
          "--advertise-client-urls=https://" + address,
          "--listen-peer-urls=" + peer,
          "--initial-advertise-peer-urls=" + peer,
          "--initial-cluster=bench=" + peer,
          "--cert-file=" + pki + "/apiserver.crt",
          "--key-file=" + pki + "/apiserver.key",
          "--quota-backend-bytes=8589934592",
          "--log-level=error",
          "--logger=zap"};
}

bool accepts(const std::string& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool ok = connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  close(fd);
  return ok;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::string& errors_to) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) die("no pipe: {}", std::strerror(errno));
  pid_ = fork();
  if (pid_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    if (!errors_to.empty()) {
      const int log = open(errors_to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      dup2(log, STDERR_FILENO);
    }
    std::vector<char*> argv;
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  output_ = ends[0];
}

std::string Process::wait_for_line(const std::string& start) {
  std::string all;
  char c = 0;
  std::size_t line = 0;
  while (read(output_, &c, 1) == 1) {
    all += c;
    if (c != '\n') continue;
    if (all.compare(line, start.size(), start) == 0) return all;
    line = all.size();
  }
  die("a server ended before it was ready; it said: {}", all);
}

void Process::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  close(output_);
  pid_ = -1;
}

double Process::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  std::stringstream all;
  all << file.rdbuf();
  const std::string text = all.str();
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t Process::resident_bytes() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  std::uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t Process::settled_bytes() const {
  constexpr int kLookMs = 50;
  constexpr int kQuietLooks = 30, kLooksMax = 400;
  constexpr double kNoise = 0.002;
  std::uint64_t last = resident_bytes();
  for (int quiet = 0, looks = 0; quiet < kQuietLooks; ++quiet, ++looks) {
    if (looks == kLooksMax) die("the memory of a server does not settle");
    poll(nullptr, 0, kLookMs);
    const std::uint64_t now = resident_bytes();
    if (std::abs(static_cast<double>(now) - static_cast<double>(last)) <= kNoise * static_cast<double>(last)) continue;
    last = now;
    quiet = 0;
  }
  return last;
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 || getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    die("no free port");
  close(fd);
  return ntohs(at.sin_port);
}

Plinth::Plinth(const std::string& program, const std::string& data_dir)
    : data_dir_(data_dir),
      started_ns_(now_ns()),
      process_({program, "up", "--data-dir", data_dir, "--api", "127.0.0.1:0", "--node", "none"}) {
  const std::string said = process_.wait_for_line("ready");
  start_ms_ = static_cast<double>(now_ns() - started_ns_) / 1e6;
  const std::string scheme = "https://";
  const std::size_t at = said.find(scheme);
  if (at == std::string::npos) die("plinth did not say where it serves: {}", said);
  address_ = said.substr(at + scheme.size(), said.find('\n', at) - at - scheme.size());
}

Etcd::Etcd(const std::string& program, const std::string& data_dir, const std::string& pki, const TlsClient& tls)
    : address_("127.0.0.1:" + std::to_string(free_port())),
      process_(etcd_arguments(program, data_dir, pki, address_), data_dir + ".log") {
  const std::int64_t give_up = now_ns() + 20'000'000'000;
  while (!accepts(address_) || !etcd_ok(Connection(tls, address_).call(etcd_put("ready", "yes")))) {
    if (now_ns() > give_up) die("etcd does not answer");
    poll(nullptr, 0, 5);
  }
}

}  // namespace plinth::bench

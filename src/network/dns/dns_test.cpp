#include <doctest/doctest.h>

#include "network/dns/server.h"
#include "world_real/real_clock.h"
#include "world_real/real_datagrams.h"
#include "world_real/real_network.h"
#include "world_real/test_loop.h"
#include "world_real/thread_pool.h"

namespace plinth::network::dns {
namespace {

ServiceTable cluster() {
  ServiceTable out;
  Service web;
  web.name_space = "ns", web.name = "web", web.type = "ClusterIP", web.cluster_ips = {"10.96.0.7", "fd00::7"};
  ServicePort http;
  http.name = "http", http.port = 80;
  web.ports = {http};
  out["ns/web"] = web;
  Service db;
  db.name_space = "ns", db.name = "db", db.type = "ClusterIP";
  ServicePort sql;
  sql.name = "sql", sql.port = 5432;
  Endpoint zero, late, bare;
  zero.address = "10.244.0.5", zero.name = "db-0", zero.ready = true;
  bare.address = "10.244.0.6", bare.ready = true;
  late.address = "10.244.0.9", late.name = "db-1";
  sql.endpoints = {{zero, 15432}, {bare, 15432}, {late, 15432}};
  db.ports = {sql};
  out["ns/db"] = db;
  Service far;
  far.name_space = "ns", far.name = "far", far.type = "ExternalName", far.external_name = "Example.com.";
  out["ns/far"] = far;
  for (const auto& [name, target] : {std::pair{"near", "web.ns.svc.cluster.local"},
                                     {"lost", "gone.ns.svc.cluster.local"},
                                     {"round", "round.ns.svc.cluster.local"}}) {
    far.name = name, far.external_name = target;
    out["ns/" + far.name] = far;
  }
  return out;
}

std::string query(const std::string& name, Type type, std::uint16_t id = 7, std::size_t edns = 0) {
  const auto two = [](std::size_t v) { return std::string{static_cast<char>(v >> 8), static_cast<char>(v & 255)}; };
  std::string out = two(id) + two(0x0100) + two(1) + two(0) + two(0) + two(edns > 0 ? 1 : 0) + name_data(name) +
                    two(static_cast<std::size_t>(type)) + two(1);
  if (edns > 0) out += std::string(1, '\0') + two(41) + two(edns) + two(0) + two(0) + two(0);
  return out;
}

// "code name/type=data,..." of what the zone says; "elsewhere".
std::string ask(const Zone& zone, const std::string& name, Type type) {
  Code wrong;
  const auto question = read_question(query(name, type), wrong);
  REQUIRE(question.has_value());
  const auto answer = zone.find(*question);
  if (!answer) return "elsewhere";
  std::string out = std::to_string(static_cast<int>(answer->code));
  for (const Record& r : answer->answers) {
    out += " " + r.name + "/" + std::to_string(static_cast<int>(r.type)) + "=";
    if (r.type != Type::kA) {
      for (const char c : r.data) out += c >= ' ' && c < 127 ? std::string(1, c) : ".";
      continue;
    }
    for (std::size_t i = 0; i < r.data.size(); ++i)
      out += (i ? "." : "") + std::to_string(static_cast<unsigned char>(r.data[i]));
  }
  if (!answer->authority.empty()) out += " soa";
  return out;
}

TEST_CASE("names of a cluster") {
  const Zone zone(cluster(), "cluster.local");
  struct Row {
    const char* name;
    Type type;
    const char* answer;
  };
  const Row rows[] = {
      {"web.ns.svc.cluster.local", Type::kA, "0 web.ns.svc.cluster.local/1=10.96.0.7"},
      {"WEB.ns.SVC.cluster.local", Type::kA, "0 web.ns.svc.cluster.local/1=10.96.0.7"},
      {"web.ns.svc.cluster.local", Type::kPtr, "0 soa"},
      {"_http._tcp.web.ns.svc.cluster.local", Type::kSrv,
       "0 _http._tcp.web.ns.svc.cluster.local/33=...d.P.web.ns.svc.cluster.local."},
      {"_tcp.web.ns.svc.cluster.local", Type::kA, "0 soa"},
      {"7.0.96.10.in-addr.arpa", Type::kPtr, "0 7.0.96.10.in-addr.arpa/12=.web.ns.svc.cluster.local."},
      {"db.ns.svc.cluster.local", Type::kA, "0 db.ns.svc.cluster.local/1=10.244.0.5 db.ns.svc.cluster.local/1=10.244.0.6"},
      {"db-0.db.ns.svc.cluster.local", Type::kA, "0 db-0.db.ns.svc.cluster.local/1=10.244.0.5"},
      {"10-244-0-6.db.ns.svc.cluster.local", Type::kA, "0 10-244-0-6.db.ns.svc.cluster.local/1=10.244.0.6"},
      {"db-1.db.ns.svc.cluster.local", Type::kA, "3 soa"},
      {"5.0.244.10.in-addr.arpa", Type::kPtr, "0 5.0.244.10.in-addr.arpa/12=.db-0.db.ns.svc.cluster.local."},
      {"6.0.244.10.in-addr.arpa", Type::kPtr, "elsewhere"},
      {"far.ns.svc.cluster.local", Type::kA, "0 far.ns.svc.cluster.local/5=.example.com."},
      {"gone.ns.svc.cluster.local", Type::kA, "3 soa"},
      {"ns.svc.cluster.local", Type::kA, "0 soa"},
      {"other.svc.cluster.local", Type::kA, "3 soa"},
      {"cluster.local", Type::kA, "0 soa"},
      {"10-244-0-99.ns.pod.cluster.local", Type::kA, "0 10-244-0-99.ns.pod.cluster.local/1=10.244.0.99"},
      {"10-244-0-99.ns.pod.cluster.local", Type::kAaaa, "0 soa"},
      {"10-244-0.ns.pod.cluster.local", Type::kA, "3 soa"},
      {"example.com", Type::kA, "elsewhere"},
      {"notcluster.local", Type::kA, "elsewhere"},
  };
  for (const Row& row : rows) {
    std::string answer = ask(zone, row.name, row.type);
    // Lengths of labels are no text.
    CHECK_MESSAGE(answer == row.answer, row.name);
  }
}

TEST_CASE("reverse names") {
  CHECK(reverse_name("10.1.2.3") == "3.2.1.10.in-addr.arpa");
  CHECK(address_of_reverse_name(reverse_name("10.1.2.3")) == "10.1.2.3");
  CHECK(address_of_reverse_name(reverse_name("fd00::7")) == "fd00::7");
  CHECK(address_of_reverse_name("1.2.in-addr.arpa").empty());
}

TEST_CASE("answers that are too long are cut, unless more is welcome") {
  Code wrong;
  Answer answer;
  for (int i = 0; i < 40; ++i)
    answer.answers.push_back({"many.example", Type::kA, 5, address_data("10.0.0." + std::to_string(i))});
  const auto plain = read_question(query("many.example", Type::kA), wrong);
  const std::string cut = write_answer(*plain, answer, plain->udp_bytes);
  CHECK(cut.size() <= kUdpBytesDefault);
  CHECK((cut[2] & 2) != 0);
  const auto more = read_question(query("many.example", Type::kA, 7, 4096), wrong);
  REQUIRE(more->edns);
  CHECK(more->udp_bytes == kUdpBytesMax);
  const std::string whole = write_answer(*more, answer, more->udp_bytes);
  CHECK((whole[2] & 2) == 0);
  CHECK(whole.size() > kUdpBytesDefault);
  CHECK(cacheable_seconds(whole) == 5);
  CHECK(cacheable_seconds(cut) == 0);
}

TEST_CASE("bytes that are no query") {
  Code wrong;
  const std::string good = query("a.example", Type::kA);
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(read_question(good.substr(0, size), wrong).has_value());
    CHECK((size < 12 ? wrong == Code::kNoError : wrong == Code::kFormatError));
  }
  std::string pointer = good;
  pointer[12] = static_cast<char>(0xc0);
  CHECK_FALSE(read_question(pointer, wrong).has_value());
  std::string answer = good;
  answer[2] = static_cast<char>(0x80);
  CHECK_FALSE(read_question(answer, wrong).has_value());
  CHECK(wrong == Code::kNoError);
}

TEST_CASE("answers of other servers, with shortened names") {
  const std::string bytes = std::string("\0\7\x81\x80\0\1\0\2\0\0\0\0", 12) + "\3www\7Example\3com" +
                            std::string("\0\0\1\0\1", 5) + std::string("\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1b\xc0\x10", 16) +
                            std::string("\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7", 16);
  const auto answer = read_answer(bytes);
  REQUIRE(answer.has_value());
  REQUIRE(answer->answers.size() == 2);
  CHECK(answer->answers[0].name == "www.example.com");
  CHECK(name_of_data(answer->answers[0].data) == "b.example.com");
  CHECK(answer->answers[1].name == "b.example.com");
  CHECK(answer->answers[1].data == address_data("192.0.2.7"));
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(read_answer(bytes.substr(0, size)).has_value());
  std::string loop = bytes;
  loop[34] = 0x21;  // a pointer to itself
  CHECK_FALSE(read_answer(loop).has_value());
}

TEST_CASE("resolv.conf") {
  CHECK(resolvers_of("# x\nnameserver 10.0.0.2\nsearch a\n nameserver fe80::1\nnameserver no\n") ==
        std::vector<std::string>{"10.0.0.2:53", "[fe80::1]:53"});
}

TEST_CASE("a server over UDP and TCP, which asks another one") {
  world_real::RealClock clock;
  world_real::RealEntropy entropy;
  world_real::ThreadPool pool(1, 16);
  world_real::RealNetwork network(pool);
  world_real::RealDatagrams datagrams;
  const auto loop = std::move(world_real::EpollLoop::create()).value();
  const auto until = [&](auto condition) { return world_real::poll_until(*loop, condition); };
  int asked = 0;
  std::unique_ptr<DatagramSocket> other;
  other = datagrams
              .bind(*loop, "127.0.0.1:0",
                    [&](const std::string& from, std::string_view bytes) {
                      ++asked;
                      Code wrong;
                      const auto question = read_question(bytes, wrong);
                      Answer answer;
                      answer.answers.push_back({question->name, Type::kA, 60, address_data("192.0.2.1")});
                      other->send(from, write_answer(*question, answer, kUdpBytesMax));
                    })
              .value();
  const auto server =
      Server::open({loop.get(), &clock, &entropy, &datagrams, &network}, "127.0.0.1:0", {other->address()}).value();
  server->set_zone(std::make_shared<const Zone>(cluster(), "cluster.local"));
  std::string got;
  const auto client =
      datagrams.bind(*loop, "127.0.0.1:0", [&](const std::string&, std::string_view bytes) { got = bytes; }).value();
  const auto exchange = [&](const std::string& bytes) {
    got.clear();
    client->send(server->address(), bytes);
    REQUIRE(until([&] { return !got.empty(); }));
    return got;
  };
  CHECK(exchange(query("web.ns.svc.cluster.local", Type::kA, 99)).ends_with(address_data("10.96.0.7")));
  CHECK(got.substr(0, 2) == std::string("\0\x63", 2));
  CHECK(exchange(query("www.example", Type::kA, 1)).ends_with(address_data("192.0.2.1")));
  CHECK(exchange(query("www.example", Type::kA, 2)).ends_with(address_data("192.0.2.1")));
  CHECK(got[1] == 2);
  CHECK(asked == 1);  // kept
  // An alias that leads elsewhere is followed: clients that only ask one server want an address.
  const std::string followed = exchange(query("far.ns.svc.cluster.local", Type::kA, 3));
  const auto said = read_answer(followed);
  REQUIRE(said.has_value());
  REQUIRE(said->answers.size() == 2);
  CHECK(said->answers[0].type == Type::kCname);
  CHECK(name_of_data(said->answers[0].data) == "example.com");
  CHECK(said->answers[1].name == "example.com");
  CHECK(said->answers[1].data == address_data("192.0.2.1"));
  CHECK(read_answer(exchange(query("far.ns.svc.cluster.local", Type::kCname)))->answers.size() == 1);
  CHECK(read_answer(exchange(query("near.ns.svc.cluster.local", Type::kA)))->answers.back().data == address_data("10.96.0.7"));
  CHECK(read_answer(exchange(query("lost.ns.svc.cluster.local", Type::kA)))->code == Code::kNameError);
  CHECK(read_answer(exchange(query("round.ns.svc.cluster.local", Type::kA)))->answers.size() == 9);
  CHECK((exchange(query("x.example", Type::kA).substr(0, 20))[3] & 15) == 1);

  struct Client final : StreamEvents {
    void on_data(std::string_view bytes) override { received += bytes; }
    void on_closed() override {}
    std::unique_ptr<Stream> stream;
    std::string received;
  } tcp;
  network.connect(*loop, server->address(), nullptr, "", std::chrono::seconds(5), [&](Result<std::unique_ptr<Stream>> s) {
    tcp.stream = std::move(s).value();
    tcp.stream->start(&tcp);
    const std::string one = query("web.ns.svc.cluster.local", Type::kA, 1),
                      two = query("db-0.db.ns.svc.cluster.local", Type::kA, 2);
    tcp.stream->write({SharedBytes(std::string{'\0', static_cast<char>(one.size())} + one +
                                   std::string{'\0', static_cast<char>(two.size())} + two)});
  });
  CHECK(until([&] { return tcp.received.ends_with(address_data("10.244.0.5")); }));
}

}  // namespace
}  // namespace plinth::network::dns

#include <doctest/doctest.h>

#include "net/http_test_world.h"

namespace plinth::net {
namespace {

using std::chrono::milliseconds;

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

TEST_CASE("requests and what they are answered") {
  HttpLimits limits;
  limits.header_bytes_max = 2000;
  limits.body_bytes_max = 100;
  HttpWorld world(echo, limits);
  const std::string close = "Host: h\r\nConnection: close\r\n\r\n";
  struct Row {
    std::string name;
    std::string request;
    std::string status_line;
    const char* body;  // nullptr: a protocol error's
  };
  const Row rows[] = {
      {"get", "GET /a?b=c HTTP/1.1\r\n" + close, "HTTP/1.1 200 OK", "GET /a?b=c h\n"},
      {"empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" + close, "HTTP/1.1 200 OK", "GET / h\n"},
      {"absolute form", "GET http://other:1/x?y HTTP/1.1\r\n" + close, "HTTP/1.1 200 OK", "GET /x?y other:1\n"},
      {"absolute form without a path", "GET http://other HTTP/1.1\r\n" + close, "HTTP/1.1 200 OK", "GET / other\n"},
      {"asterisk", "OPTIONS * HTTP/1.1\r\n" + close, "HTTP/1.1 200 OK", "OPTIONS * h\n"},
      {"http/1.0 without host closes", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK", "GET / \n"},
      {"body", "POST / HTTP/1.1\r\nContent-Length: 4\r\n" + close + "abcd", "HTTP/1.1 200 OK", "POST / h\nabcd"},
      {"equal lengths twice", "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n" + close + "ab", "HTTP/1.1 200 OK",
       "POST / h\nab"},
      {"chunked",
       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + close + "3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: t\r\n\r\n",
       "HTTP/1.1 200 OK", "POST / h\nabcd"},
      {"unknown method", "FROB / HTTP/1.1\r\n" + close, "HTTP/1.1 200 OK", "FROB / h\n"},
      {"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request", nullptr},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 Bad Request", nullptr},
      {"garbage", "\x16\x03\x01\x02 hello\r\n\r\n", "HTTP/1.1 400 Bad Request", nullptr},
      {"no target", "GET HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request", nullptr},
      {"relative target", "GET a/b HTTP/1.1\r\n" + close, "HTTP/1.1 400 Bad Request", nullptr},
      {"space in target", "GET /a b HTTP/1.1\r\n" + close, "HTTP/1.1 505 HTTP Version Not Supported", nullptr},
      {"version", "GET / HTTP/2.0\r\n" + close, "HTTP/1.1 505 HTTP Version Not Supported", nullptr},
      {"bare line feeds", "GET / HTTP/1.1\nHost: h\n\n", "HTTP/1.1 505 HTTP Version Not Supported", nullptr},
      {"space before colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "HTTP/1.1 400 Bad Request", nullptr},
      {"field without colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", "HTTP/1.1 400 Bad Request", nullptr},
      {"control byte in value", std::string("GET / HTTP/1.1\r\nX: a\0b\r\n", 24) + close, "HTTP/1.1 400 Bad Request", nullptr},
      {"length and chunked", "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n" + close + "0\r\n\r\n",
       "HTTP/1.1 400 Bad Request", nullptr},
      {"chunked and length", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n" + close + "0\r\n\r\n",
       "HTTP/1.1 400 Bad Request", nullptr},
      {"different lengths", "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n" + close + "abc",
       "HTTP/1.1 400 Bad Request", nullptr},
      {"signed length", "POST / HTTP/1.1\r\nContent-Length: +2\r\n" + close + "ab", "HTTP/1.1 400 Bad Request", nullptr},
      {"negative length", "POST / HTTP/1.1\r\nContent-Length: -2\r\n" + close, "HTTP/1.1 400 Bad Request", nullptr},
      {"other encoding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" + close, "HTTP/1.1 501 Not Implemented",
       nullptr},
      {"chunked in http/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 Bad Request",
       nullptr},
      {"bad chunk size", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + close + "xyz\r\n", "HTTP/1.1 400 Bad Request",
       nullptr},
      {"endless chunk line", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + close + "1;" + std::string(20'000, 'a'),
       "HTTP/1.1 400 Bad Request", nullptr},
      {"chunk without its end", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + close + "1\r\nabc\r\n",
       "HTTP/1.1 400 Bad Request", nullptr},
      {"unknown expectation", "GET / HTTP/1.1\r\nExpect: magic\r\n" + close, "HTTP/1.1 417 Expectation Failed", nullptr},
      {"long body", "POST / HTTP/1.1\r\nContent-Length: 101\r\n" + close, "HTTP/1.1 413 Request Entity Too Large", nullptr},
      {"huge length", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n" + close,
       "HTTP/1.1 413 Request Entity Too Large", nullptr},
      {"length beyond 64 bits", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n" + close,
       "HTTP/1.1 400 Bad Request", nullptr},
      {"long chunked body",
       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + close + "3c\r\n" + std::string(60, 'x') + "\r\n3c\r\n" +
           std::string(60, 'x'),
       "HTTP/1.1 413 Request Entity Too Large", nullptr},
      {"long header", "GET / HTTP/1.1\r\nX: " + std::string(2000, 'x'), "HTTP/1.1 431 Request Header Fields Too Large",
       nullptr},
      {"many headers",
       "GET / HTTP/1.1\r\n" +
           [] {
             std::string s;
             for (int i = 0; i < 350; ++i) s += "a: b\r\n";
             return s;
           }() +
           close,
       "HTTP/1.1 431 Request Header Fields Too Large", nullptr},
      {"long target", "GET /" + std::string(3000, 'x'), "HTTP/1.1 431 Request Header Fields Too Large", nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    for (const bool byte_by_byte : {false, true}) {
      CAPTURE(byte_by_byte);
      std::string answer;
      if (!byte_by_byte) {
        answer = world.exchange(row.request);
      } else if (row.request.size() < 2500 && row.name != "bare line feeds") {  // those wait for a line's end until the timeout
        const auto client = world.connect();
        for (std::size_t i = 0; i < row.request.size() && !client->ended; ++i) {
          client->send(row.request.substr(i, 1));
          world.loop->poll(Duration(0));
        }
        REQUIRE(world.until([&] { return client->ended; }));
        answer = client->received;
      } else {
        continue;
      }
      CHECK(answer.substr(0, answer.find("\r\n")) == row.status_line);
      CHECK(answer.find("\r\nconnection: close\r\n") != std::string::npos);
      CHECK(answer.find("\r\ndate: ") != std::string::npos);
      if (row.body != nullptr)
        CHECK(body_of(answer) == row.body);
      else
        CHECK(body_of(answer).starts_with("{\"message\":\""));
    }
  }
  CHECK(world.until([&] { return world.server->connections() == 0; }));
}

TEST_CASE("keep-alive and pipelining: answers in order, those given at once in one write") {
  std::vector<std::shared_ptr<Responder>> waiting;
  HttpWorld world([&](HttpRequest request, std::shared_ptr<Responder> responder) {
    if (request.target == "/wait")
      waiting.push_back(std::move(responder));
    else
      echo(std::move(request), std::move(responder));
  });
  const auto client = world.connect();
  std::size_t reads = 0;
  client->on_bytes = [&](std::string_view) { ++reads; };
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  client->send(requests);
  REQUIRE(world.until([&] { return count(client->received, "200 OK") == 10; }));
  CHECK(reads == 1);
  for (int i = 1; i < 10; ++i) {
    CHECK(client->received.find("GET /" + std::to_string(i - 1)) < client->received.find("GET /" + std::to_string(i)));
  }
  client->received.clear();
  client->send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\nGET /after HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(world.until([&] { return waiting.size() == 1; }));
  for (int i = 0; i < 5; ++i) world.loop->poll(milliseconds(1));
  CHECK(client->received.empty());
  waiting[0]->send({});
  REQUIRE(world.until([&] { return count(client->received, "200 OK") == 2; }));
  CHECK(body_of(client->received).find("GET /after") != std::string::npos);
  CHECK(world.server->connections() == 1);
}

TEST_CASE("requests sent ahead are bounded: the socket is not read meanwhile") {
  std::shared_ptr<Responder> waiting;
  std::size_t answered = 0;
  HttpWorld world([&](HttpRequest request, std::shared_ptr<Responder> responder) {
    if (request.target == "/wait") {
      waiting = std::move(responder);
      return;
    }
    ++answered;
    responder->send({});
  });
  const auto client = world.connect();
  client->send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(world.until([&] { return waiting != nullptr; }));
  const std::string one = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  std::size_t sent = 0;
  while (client->stream->queued_bytes() == 0) {
    std::string many;
    for (int i = 0; i < 4000; ++i) many += one;
    client->send(std::move(many));
    sent += 4000;
    for (int i = 0; i < 10; ++i) world.loop->poll(Duration(0));
    REQUIRE(sent < 2'000'000);
  }
  CHECK(answered == 0);
  waiting->send({});
  CHECK(world.until([&] { return answered == sent; }));
}

TEST_CASE("HEAD, 204 and 304 have no body, and the connection goes on") {
  HttpWorld world([](HttpRequest request, std::shared_ptr<Responder> responder) {
    HttpResponse response;
    if (request.target == "/204") response.status = 204;
    if (request.target == "/304") response.status = 304;
    response.body.push_back(SharedBytes(std::string("four")));
    if (request.target == "/stream") {
      responder->begin(std::move(response));
      responder->end();
    } else {
      responder->send(std::move(response));
    }
  });
  const std::string end = " HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string answer = world.exchange("HEAD /" + end + "HEAD /stream" + end + "GET /204" + end + "GET /304" + end +
                                            "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(count(answer, "HTTP/1.1 ") == 5);
  CHECK(count(answer, "four") == 1);
  CHECK(count(answer, "content-length: 4") == 2);
}

TEST_CASE("expect: 100-continue is answered before the body, and not when the body is refused") {
  HttpLimits limits;
  limits.body_bytes_max = 10;
  HttpWorld world(echo, limits);
  const auto client = world.connect();
  client->send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  REQUIRE(world.until([&] { return client->received == "HTTP/1.1 100 Continue\r\n\r\n"; }));
  client->send("abcd");
  CHECK(world.until([&] { return client->received.ends_with("POST / h\nabcd"); }));
  client->received.clear();
  client->send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
  REQUIRE(world.until([&] { return client->ended; }));
  CHECK(client->received.starts_with("HTTP/1.1 413 "));
}

TEST_CASE("streamed answers: every chunk leaves at once, the end is told, headers cannot be injected") {
  std::shared_ptr<Responder> responder;
  HttpWorld world([&](HttpRequest, std::shared_ptr<Responder> r) {
    HttpResponse head;
    head.headers.add("x-echo", "a\r\nset-cookie: evil");
    r->begin(std::move(head));
    responder = std::move(r);
  });
  const auto client = world.connect();
  client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(world.until([&] { return client->received.find("\r\n\r\n") != std::string::npos; }));
  CHECK(client->received.find("transfer-encoding: chunked\r\n") != std::string::npos);
  CHECK(client->received.find("x-echo: a  set-cookie: evil\r\n") != std::string::npos);
  client->received.clear();
  responder->write({SharedBytes(std::string("hello ")), SharedBytes(std::string("world"))});
  responder->write({});
  REQUIRE(world.until([&] { return client->received == "b\r\nhello world\r\n"; }));
  responder->end();
  REQUIRE(world.until([&] { return client->received.ends_with("0\r\n\r\n"); }));
  responder->write({SharedBytes(std::string("late"))});
  responder->end();
  client->received.clear();

  SUBCASE("the connection serves the next request") {
    client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(world.until([&] { return client->received.starts_with("HTTP/1.1 200"); }));
    CHECK_FALSE(client->ended);
  }
  SUBCASE("abort cuts the stream off") {
    client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(world.until([&] { return !client->received.empty(); }));
    responder->abort();
    CHECK(world.until([&] { return client->ended; }));
    CHECK_FALSE(client->received.ends_with("0\r\n\r\n"));
  }
  SUBCASE("HTTP/1.0 gets the bytes as they are and the end of the connection") {
    const auto old = world.connect();
    old->send("GET / HTTP/1.0\r\n\r\n");
    REQUIRE(world.until([&] { return old->received.find("\r\n\r\n") != std::string::npos; }));
    responder->write({SharedBytes(std::string("plain"))});
    responder->end();
    CHECK(world.until([&] { return old->ended; }));
    CHECK(body_of(old->received) == "plain");
  }
}

TEST_CASE("a reader that stops: bytes stay queued and counted, then drained is told") {
  for (const Transport transport : {Transport::kPlain, Transport::kTls}) {
    std::shared_ptr<Responder> responder;
    HttpWorld world(
        [&](HttpRequest, std::shared_ptr<Responder> r) {
          r->begin({});
          responder = std::move(r);
        },
        {}, transport);
    const auto client = world.connect();
    client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(world.until([&] { return responder && !client->received.empty(); }));
    client->stream->pause_reading(true);
    int drained = 0;
    responder->on_drained([&] { ++drained; });
    const SharedBytes shared(std::string(100'000, 'x'));
    std::size_t written = 0;
    while (responder->queued_bytes() < 1'000'000) {
      responder->write({shared});
      written += shared.size();
      world.loop->poll(Duration(0));
      REQUIRE(written < 100'000'000);
    }
    CHECK(drained == 0);
    client->stream->pause_reading(false);
    REQUIRE(world.until([&] { return drained == 1; }));
    CHECK(responder->queued_bytes() == 0);
    responder->end();
    REQUIRE(world.until([&] { return client->received.ends_with("0\r\n\r\n"); }));
    CHECK(client->received.size() > written);
  }
}

TEST_CASE("a client that goes away is told once, and answers to it are dropped") {
  std::shared_ptr<Responder> responder;
  int closed = 0;
  bool begin = false;
  HttpWorld world([&](HttpRequest, std::shared_ptr<Responder> r) {
    r->on_closed([&] { ++closed; });
    if (begin) r->begin({});
    responder = std::move(r);
  });
  SUBCASE("before the answer") {}
  SUBCASE("in a streamed answer") { begin = true; }
  auto client = world.connect();
  client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(world.until([&] { return responder != nullptr; }));
  if (begin) {
    client.reset();
    REQUIRE(world.until([&] { return closed == 1; }));
    CHECK(responder->closed());
    int late = 0;
    responder->on_closed([&] { ++late; });
    CHECK(world.until([&] { return late == 1; }));
  } else {
    client->stream->shutdown_write();  // it may still want its answer
    for (int i = 0; i < 5; ++i) world.loop->poll(milliseconds(1));
    CHECK(closed == 0);
    client.reset();
  }
  responder->begin({});
  responder->write({SharedBytes(std::string(100, 'x'))});
  responder->send({});
  responder->end();
  responder->abort();
  CHECK(responder->queued_bytes() == 0);
  CHECK(world.until([&] { return world.server->connections() == 0; }));
}

TEST_CASE("an answer reaches a client that already ended its own side") {
  HttpWorld world([](HttpRequest, std::shared_ptr<Responder> responder) {
    HttpResponse response;
    response.body.push_back(SharedBytes(std::string(20'000'000, 'x')));
    responder->send(std::move(response));
  });
  const auto client = world.connect();
  client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client->stream->shutdown_write();
  REQUIRE(world.until([&] { return client->ended; }));
  CHECK(body_of(client->received).size() == 20'000'000);
}

TEST_CASE("upgrade hands the stream over with the bytes that came early") {
  Transport transport = Transport::kPlain;
  SUBCASE("plain") {}
  SUBCASE("TLS") { transport = Transport::kTls; }
  std::unique_ptr<Stream> handed;
  std::string rest = "untouched";
  HttpWorld world(
      [&](HttpRequest request, std::shared_ptr<Responder> responder) {
        CHECK(request.headers.get("upgrade") == "frob");
        Headers headers;
        headers.add("upgrade", "frob");
        handed = responder->upgrade(std::move(headers), rest);
        CHECK(responder->closed());
      },
      {}, transport);
  const auto client = world.connect();
  client->send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: frob\r\n\r\nearly");
  REQUIRE(world.until([&] { return handed != nullptr; }));
  CHECK(rest == "early");
  CHECK(world.until([&] { return world.server->connections() == 0; }));
  REQUIRE(world.until([&] { return client->received.ends_with("\r\n\r\n"); }));
  CHECK(client->received.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  CHECK(client->received.find("connection: Upgrade\r\n") != std::string::npos);
  client->send("later");
  RawClient owner;
  owner.adopt(std::move(handed));
  CHECK(world.until([&] { return owner.received == "later"; }));
  client->received.clear();
  owner.send("raw");
  CHECK(world.until([&] { return client->received == "raw"; }));
}

TEST_CASE("timeouts: an idle connection is closed in silence, half a request is told 408") {
  HttpLimits limits;
  limits.idle_timeout = milliseconds(50);
  limits.header_timeout = milliseconds(50);
  HttpWorld world(echo, limits);
  CHECK(world.exchange("") == "");
  CHECK(world.exchange("GET / HTTP/1.1\r\nHos").starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  CHECK(world.exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc")
            .starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  const std::string answer = world.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(answer.ends_with("GET / h\n"));
}

TEST_CASE("more connections than the limit are closed") {
  HttpLimits limits;
  limits.connections_max = 1;
  HttpWorld world(echo, limits);
  auto first = world.connect();
  REQUIRE(world.until([&] { return world.server->connections() == 1; }));
  CHECK(world.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n") == "");
  first.reset();
  REQUIRE(world.until([&] { return world.server->connections() == 0; }));
  CHECK(world.exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_CASE("drain: idle connections end, answers in progress are finished, streams end with the grace") {
  std::shared_ptr<Responder> waiting;
  bool drained = false;
  HttpWorld world([&](HttpRequest request, std::shared_ptr<Responder> responder) {
    if (request.target == "/stream") responder->begin({});
    waiting = std::move(responder);
  });
  const auto idle = world.connect();
  const auto busy = world.connect();
  SUBCASE("all answers are given") {
    busy->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(world.until([&] { return waiting != nullptr && world.server->connections() == 2; }));
    world.server->drain(std::chrono::hours(1), [&] { drained = true; });
    REQUIRE(world.until([&] { return idle->ended; }));
    CHECK_FALSE(drained);
    waiting->send({});
    REQUIRE(world.until([&] { return busy->ended; }));
    CHECK(busy->received.find("connection: close\r\n") != std::string::npos);
    busy->stream->close();
    idle->stream->close();
    CHECK(world.until([&] { return drained; }));
  }
  SUBCASE("a stream goes on") {
    busy->send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(world.until([&] { return !busy->received.empty() && world.server->connections() == 2; }));
    bool closed = false;
    waiting->on_closed([&] { closed = true; });
    world.server->drain(milliseconds(20), [&] { drained = true; });
    CHECK(world.until([&] { return drained && closed && busy->ended; }));
  }
  CHECK(world.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n") == "");
}

TEST_CASE("the server may be destroyed with answers in progress") {
  std::shared_ptr<Responder> waiting;
  int closed = 0;
  HttpWorld world([&](HttpRequest, std::shared_ptr<Responder> responder) {
    responder->begin({});
    responder->on_closed([&] { ++closed; });
    waiting = std::move(responder);
  });
  const auto client = world.connect();
  client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(world.until([&] { return waiting != nullptr; }));
  world.server.reset();
  CHECK(closed == 1);
  waiting->write({SharedBytes(std::string("x"))});
  CHECK(world.until([&] { return client->ended; }));
}

}  // namespace
}  // namespace plinth::net

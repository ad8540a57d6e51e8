#include "oci/image.h"

#include <optional>

#include <doctest/doctest.h>

#include "base/json.h"
#include "oci/digest.h"
#include "oci/pull_endpoint.h"
#include "oci/tar_writer.h"
#include "world_sim/sim_world.h"

namespace plinth::oci {
namespace {

TEST_CASE("digests") {
  CHECK(sha256_digest("") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(is_digest(sha256_digest("x")));
  for (const char* wrong : {"", "sha256:", "sha256:abc", "md5:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                            "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"}) {
    CHECK(!is_digest(wrong));
  }
}

std::string archive() {
  TarWriter tar;
  CHECK(tar.add_directory("bin", 0755).ok());
  CHECK(tar.add_file("bin/hello", 0755, "#!/bin/sh\n").ok());
  CHECK(tar.add_link("bin/hi", "hello").ok());
  return tar.finish();
}

TEST_CASE("archives: whole blocks, and what has no place in a plain header") {
  const std::string bytes = archive();
  CHECK(bytes.size() == 512 * (1 + 2 + 1 + 2));
  CHECK(bytes.substr(0, 5) == std::string("bin/\0", 5));
  CHECK(bytes.substr(257, 8) == std::string("ustar\00000", 8));
  CHECK(bytes == archive());
  TarWriter tar;
  CHECK(!tar.add_file(std::string(101, 'x'), 0644, "").ok());
  CHECK(!tar.add_file("", 0644, "").ok());
  CHECK(!tar.add_link("a", std::string(101, 'x')).ok());
}

BuiltImage example() {
  ImageRecipe recipe;
  recipe.entrypoint = {"/bin/hello"};
  recipe.layers = {archive()};
  return build_image(std::move(recipe));
}

TEST_CASE("an image: its parts name each other by digest") {
  const BuiltImage image = example();
  CHECK(image.manifest.digest == sha256_digest(image.manifest.content.view()));
  const auto manifest = parse_json(image.manifest.content.view());
  REQUIRE(manifest.ok());
  const Value config = manifest->root()["config"];
  const auto blob = image.blobs.find(config["digest"].as_string());
  REQUIRE(blob != image.blobs.end());
  CHECK(static_cast<std::int64_t>(blob->second.size()) == config["size"].as_int());
  const auto parsed = parse_json(blob->second.view());
  REQUIRE(parsed.ok());
  const Value layer = manifest->root()["layers"].items()[0];
  CHECK(parsed->root()["rootfs"]["diff_ids"].items()[0].as_string() == layer["digest"].as_string());
  CHECK(parsed->root()["config"]["Entrypoint"].items()[0].as_string() == "/bin/hello");
  CHECK(image.blobs.count(layer["digest"].as_string()) == 1);
  CHECK(example().manifest.digest == image.manifest.digest);
}

TEST_CASE("the pull endpoint") {
  MemoryImages images;
  const BuiltImage image = example();
  const std::string blob = image.blobs.begin()->first;
  images.add("team/hello", "1", image);
  world_sim::SimWorld world(1);
  auto& loop = world.new_loop("all");
  auto server = net::make_http_server(loop, world.clock(), {}, pull_endpoint(images), nullptr);
  auto listener = world.network()
                      .listen(loop, "127.0.0.1:0", nullptr, [&](std::unique_ptr<Stream> s) { server->serve(std::move(s)); })
                      .value();
  auto client = net::make_http_client(loop, world.network(), world.clock());
  const auto ask = [&](const std::string& method, const std::string& target) {
    std::optional<Result<net::HttpResponse>> answer;
    loop.post([&] {
      net::HttpRequest request;
      request.method = method;
      request.target = target;
      client->send(listener->address(), nullptr, std::move(request), {},
                   [&](Result<net::HttpResponse> r) { answer.emplace(std::move(r)); });
    });
    REQUIRE(world.run_until([&] { return answer.has_value(); }, std::chrono::minutes(1)));
    REQUIRE(answer->ok());
    return std::move(**answer);
  };
  struct Row {
    std::string method, target;
    int status;
  };
  for (const Row& row :
       {Row{"GET", "/v2/", 200}, Row{"HEAD", "/v2/team/hello/manifests/1?ns=docker.io%3A443", 200},
        Row{"GET", "/v2/team/hello/manifests/" + image.manifest.digest, 200}, Row{"GET", "/v2/team/hello/blobs/" + blob, 200},
        Row{"HEAD", "/v2/team/hello/blobs/" + blob, 200}, Row{"GET", "/v2/team/hello/manifests/2", 404},
        Row{"GET", "/v2/hello/manifests/1", 404}, Row{"GET", "/v2/team/hello/blobs/sha256:00", 404},
        Row{"GET", "/v2//manifests/1", 404}, Row{"GET", "/v2/manifests/1", 404}, Row{"GET", "/v2/team/hello/manifests/", 404},
        Row{"GET", "/v1/x", 404}, Row{"PUT", "/v2/team/hello/manifests/1", 405}}) {
    CAPTURE(row.method);
    CAPTURE(row.target);
    CHECK(ask(row.method, row.target).status == row.status);
  }
  const net::HttpResponse head = ask("HEAD", "/v2/team/hello/manifests/1");
  CHECK(head.headers.get("docker-content-digest") == image.manifest.digest);
  CHECK(head.headers.get("content-type") == kManifestType);
  CHECK(head.headers.get("content-length") == std::to_string(image.manifest.content.size()));
  CHECK(flatten(ask("GET", "/v2/team/hello/manifests/1").body) == image.manifest.content.view());
  client.reset();
  listener.reset();
  server.reset();
  world.run_until_idle();
}

}  // namespace
}  // namespace plinth::oci

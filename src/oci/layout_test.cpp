#include "oci/layout.h"

#include <optional>

#include <doctest/doctest.h>

#include "base/json.h"
#include "net/http.h"
#include "oci/digest.h"
#include "oci/image.h"
#include "oci/import.h"
#include "oci/pull_endpoint.h"
#include "oci/reference.h"
#include "oci/tar_writer.h"
#include "world_sim/sim_world.h"

namespace plinth::oci {
namespace {

TEST_CASE("names of images") {
  const std::string digest = sha256_digest("x");
  struct Row {
    std::string name, text;
  };
  for (const Row& row :
       {Row{"busybox", "docker.io/library/busybox:latest"}, Row{"busybox:1.36", "docker.io/library/busybox:1.36"},
        Row{"team/app", "docker.io/team/app:latest"}, Row{"localhost/app:1", "localhost/app:1"},
        Row{"localhost:5000/a/b:T_1.0-x", "localhost:5000/a/b:T_1.0-x"}, Row{"ghcr.io/a/b", "ghcr.io/a/b:latest"},
        Row{"Host/app", "Host/app:latest"}, Row{"index.docker.io/library/busybox", "docker.io/library/busybox:latest"},
        Row{"busybox@" + digest, "docker.io/library/busybox@" + digest}, Row{"a/b:1@" + digest, "docker.io/a/b:1@" + digest}}) {
    CAPTURE(row.name);
    const auto parsed = parse_reference(row.name);
    REQUIRE(parsed.ok());
    CHECK(parsed->text() == row.text);
  }
  for (const char* wrong : {"", ":1", "Busybox", "a//b", "a/", "busybox:", "busybox:.x", "busybox:a b", "a@sha256:0", "-a",
                            "a..b", "a___b", "docker.io/"}) {
    CAPTURE(wrong);
    CHECK(!parse_reference(wrong).ok());
  }
}

TEST_CASE("an index: what it must say") {
  const std::string digest = sha256_digest("x");
  const std::vector<LayoutEntry> entries = {{"docker.io/a/b:1", std::string(kManifestType), digest, 7}, {"", "t", digest, 0}};
  const auto back = parse_index(print_index(entries));
  REQUIRE(back.ok());
  REQUIRE(back->size() == 2);
  CHECK((*back)[0].name == "docker.io/a/b:1");
  CHECK((*back)[0].size == 7);
  CHECK((*back)[1].name.empty());
  for (const char* wrong : {"", "[]", "{}", R"({"manifests":{}})", R"({"manifests":[{}]})",
                            R"({"manifests":[{"digest":"sha256:../../etc/passwd"}]})"}) {
    CAPTURE(wrong);
    CHECK(!parse_index(wrong).ok());
  }
}

void put(Disk& disk, const std::string& path, std::string_view content) {
  auto file = disk.open(path, OpenMode::kCreate);
  REQUIRE(file.ok());
  REQUIRE((*file)->truncate(0).ok());
  REQUIRE((*file)->write_at(0, content).ok());
}

BuiltImage large_image() {
  TarWriter tar;
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += std::to_string(i) + "\n";
  REQUIRE(tar.add_file("numbers", 0644, content).ok());
  ImageRecipe recipe;
  recipe.layers = {tar.finish()};
  return build_image(std::move(recipe));
}

std::string archive_of(const BuiltImage& image, const std::string& name, const std::string& damage = "") {
  TarWriter tar;
  REQUIRE(tar.add_file("oci-layout", 0644, R"({"imageLayoutVersion":"1.0.0"})").ok());
  const LayoutEntry entry{name, std::string(kManifestType), image.manifest.digest, image.manifest.content.size()};
  REQUIRE(tar.add_file("index.json", 0644, print_index({entry})).ok());
  REQUIRE(tar.add_directory("blobs/sha256", 0755).ok());
  const auto add = [&](const std::string& digest, std::string_view content) {
    REQUIRE(tar.add_file("blobs/sha256/" + digest.substr(7), 0644, digest == damage ? "other" : content).ok());
  };
  add(image.manifest.digest, image.manifest.content.view());
  for (const auto& [digest, blob] : image.blobs) add(digest, blob.view());
  return tar.finish();
}

struct Served {
  explicit Served(std::uint64_t seed)
      : world(seed), loop(world.new_loop("all")), images(world.disk(), world.pool(), loop, "/images") {
    server = net::make_http_server(loop, world.clock(), {}, pull_endpoint(images), nullptr);
    listener = world.network()
                   .listen(loop, "127.0.0.1:0", nullptr, [this](std::unique_ptr<Stream> s) { server->serve(std::move(s)); })
                   .value();
    client = net::make_http_client(loop, world.network(), world.clock());
  }
  ~Served() {
    client.reset();
    listener.reset();
    server.reset();
    world.run_until_idle();
  }
  net::HttpResponse ask(const std::string& target) {
    std::optional<Result<net::HttpResponse>> answer;
    loop.post([&] {
      net::HttpRequest request;
      request.method = "GET";
      request.target = target;
      client->send(listener->address(), nullptr, std::move(request), {},
                   [&](Result<net::HttpResponse> r) { answer.emplace(std::move(r)); });
    });
    REQUIRE(world.run_until([&] { return answer.has_value(); }, std::chrono::minutes(1)));
    REQUIRE(answer->ok());
    return std::move(**answer);
  }
  world_sim::SimWorld world;
  world_sim::SimLoop& loop;
  LayoutImages images;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<net::HttpClient> client;
};

TEST_CASE("an archive of an older docker save becomes images with all their names; links among layers are followed") {
  Served served(4);
  Disk& disk = served.world.disk();
  const std::string config = R"({"rootfs":{}})", zipped = "\x1F\x8B zipped";
  TarWriter tar;
  REQUIRE(tar.add_file("c.json", 0644, config).ok());
  REQUIRE(tar.add_file("one/layer.tar", 0644, "plain").ok());
  REQUIRE(tar.add_link("two/layer.tar", "../one/layer.tar").ok());
  REQUIRE(tar.add_file("three/layer.tar", 0644, zipped).ok());
  REQUIRE(
      tar.add_file(
             "manifest.json", 0644,
             R"([{"Config":"c.json","RepoTags":["team/app:1","ghcr.io/team/app:2"],"Layers":["two/layer.tar","three/layer.tar"]}])")
          .ok());
  put(disk, "/archive.tar", tar.finish());
  const auto imported = import_archive(disk, "/archive.tar", "/images", "");
  REQUIRE(imported.ok());
  CHECK((imported->names == std::vector<std::string>{"docker.io/team/app:1", "ghcr.io/team/app:2"}));
  const std::string manifest = flatten(served.ask("/v2/team/app/manifests/2?ns=ghcr.io").body);
  CHECK(manifest == flatten(served.ask("/v2/team/app/manifests/1?ns=docker.io").body));
  CHECK(manifest.find(R"("layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":")" +
                      sha256_digest("plain")) != std::string::npos);
  CHECK(manifest.find(R"({"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")" + sha256_digest(zipped)) !=
        std::string::npos);
  CHECK((flatten(served.ask("/v2/any/blobs/" + sha256_digest(config)).body) == config));
  CHECK((flatten(served.ask("/v2/any/blobs/" + sha256_digest("plain")).body) == "plain"));
  CHECK((import_archive(disk, "/archive.tar", "/images", "other:3")->names ==
         std::vector<std::string>{"docker.io/library/other:3"}));

  TarWriter broken;
  REQUIRE(broken.add_link("a/layer.tar", "../b/layer.tar").ok());
  REQUIRE(broken.add_file("c.json", 0644, config).ok());
  REQUIRE(broken.add_file("manifest.json", 0644, R"([{"Config":"c.json","RepoTags":["a:1"],"Layers":["a/layer.tar"]}])").ok());
  put(disk, "/archive.tar", broken.finish());
  const auto refused = import_archive(disk, "/archive.tar", "/images", "");
  REQUIRE(!refused.ok());
  CHECK(refused.error().message().find("a/layer.tar is missing") != std::string::npos);
}

TEST_CASE("an archive is imported and served under its registry's name") {
  Served served(3);
  Disk& disk = served.world.disk();
  const BuiltImage image = large_image();
  CHECK(served.ask("/v2/library/numbers/manifests/1?ns=docker.io").status == 404);
  put(disk, "/archive.tar", archive_of(image, "docker.io/library/numbers:1"));
  const auto imported = import_archive(disk, "/archive.tar", "/images", "");
  REQUIRE_MESSAGE(imported.ok(), imported.error().message());
  CHECK((imported->names == std::vector<std::string>{"docker.io/library/numbers:1"}));
  CHECK(imported->blobs == image.blobs.size() + 1);
  const net::HttpResponse manifest = served.ask("/v2/library/numbers/manifests/1?ns=docker.io");
  CHECK(manifest.status == 200);
  CHECK(manifest.headers.get("docker-content-digest") == image.manifest.digest);
  CHECK((flatten(manifest.body) == image.manifest.content.view()));
  CHECK(served.ask("/v2/library/numbers/manifests/" + image.manifest.digest + "?ns=docker.io").status == 200);
  CHECK(served.ask("/v2/library/numbers/manifests/1?ns=ghcr.io").status == 404);
  for (const auto& [digest, blob] : image.blobs) CHECK((flatten(served.ask("/v2/any/blobs/" + digest).body) == blob.view()));
  // A layer is no manifest, whoever asks.
  for (const auto& [digest, blob] : image.blobs) CHECK(served.ask("/v2/any/manifests/" + digest).status == 404);

  const auto again = import_archive(disk, "/archive.tar", "/images", "team/other:2");
  REQUIRE(again.ok());
  CHECK(again->blobs == 0);
  CHECK(served.ask("/v2/team/other/manifests/2?ns=docker.io").status == 200);
  CHECK(served.ask("/v2/library/numbers/manifests/1?ns=docker.io").status == 200);
}

TEST_CASE("archives that are refused, and leave nothing named") {
  world_sim::SimWorld world(1);
  Disk& disk = world.disk();
  const BuiltImage image = large_image();
  const std::string good = archive_of(image, "docker.io/a/b:1");
  std::string cut = good.substr(0, 1600), flipped = good;
  flipped[100] ^= 1;
  TarWriter empty;
  REQUIRE(empty.add_file("manifest.json", 0644, "[]").ok());
  struct Row {
    std::string archive, name, word;
  };
  for (const Row& row : {Row{"", "", "index.json is missing"}, Row{"\x1F\x8B" + std::string(600, 'x'), "", "compressed"},
                         Row{std::string(600, 'x'), "", "not the head"}, Row{cut, "", "longer than the archive"},
                         Row{flipped, "", "not the head"}, Row{empty.finish(), "", "names no image"},
                         Row{archive_of(image, ""), "", "--name"}, Row{good, "Not A Name", "image name"},
                         Row{archive_of(image, "docker.io/a/b:1", image.blobs.begin()->first), "", "another digest"}}) {
    CAPTURE(row.word);
    put(disk, "/archive.tar", row.archive);
    const auto refused = import_archive(disk, "/archive.tar", "/images", row.name);
    REQUIRE(!refused.ok());
    CHECK(refused.error().message().find(row.word) != std::string::npos);
    CHECK(!disk.open("/images/index.json", OpenMode::kRead).ok());
  }
  CHECK((import_archive(disk, "/none.tar", "/images", "").error().reason() == Reason::kNotFound));
}

}  // namespace
}  // namespace plinth::oci

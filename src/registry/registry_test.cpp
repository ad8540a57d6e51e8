#include "registry/registry.h"

#include <filesystem>
#include <optional>

#include <doctest/doctest.h>

#include "net/http.h"
#include "oci/digest.h"
#include "oci/layout.h"
#include "registry/image_store.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_real/real_network.h"
#include "world_real/test_loop.h"
#include "world_real/thread_pool.h"

namespace plinth::registry {
namespace {

struct Folder {
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "plinth-registry-XXXXXX";
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

struct World {
  World() {
    RegistryParts parts;
    parts.loop = &*loop;
    parts.pool = pool.get();
    parts.network = network.get();
    parts.disk = &disk;
    parts.clock = &clock;
    parts.entropy = &entropy;
    images = std::make_unique<oci::LayoutImages>(disk, *pool, *loop, folder.path + "/images");
    parts.images = images.get();
    auto opened = open_registry(parts, "127.0.0.1:0", folder.path + "/images");
    REQUIRE(opened.ok());
    registry = std::move(*opened);
    registry->on_push([this](const Push& push) { pushes.push_back(push.name); });
    client = net::make_http_client(*loop, *network, clock);
  }
  ~World() {
    client.reset();
    registry.reset();
    pool.reset();
  }
  net::HttpResponse call(std::string method, std::string target, std::string body = "", std::string type = "",
                         std::string range = "") {
    net::HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    if (!type.empty()) request.headers.add("content-type", type);
    if (!range.empty()) request.headers.add("content-range", range);
    std::optional<net::HttpResponse> answer;
    client->send(registry->address(), nullptr, std::move(request), {}, [&](Result<net::HttpResponse> response) {
      REQUIRE(response.ok());
      answer = std::move(*response);
    });
    REQUIRE(world_real::poll_until(*loop, [&] { return answer.has_value(); }));
    return std::move(*answer);
  }
  std::string push_blob(const std::string& content) {
    const std::string digest = oci::sha256_digest(content);
    const auto answer = call("POST", "/v2/team/app/blobs/uploads/?digest=" + digest, content);
    CHECK(answer.status == 201);
    return digest;
  }
  std::string manifest(const std::string& text) {
    const std::string config = push_blob(text);
    return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"c","digest":")" +
           config + R"(","size":1},"layers":[]})";
  }

  Folder folder;
  world_real::RealClock clock;
  world_real::RealEntropy entropy;
  world_real::RealDisk disk;
  std::unique_ptr<world_real::EpollLoop> loop = world_real::EpollLoop::create().value();
  std::unique_ptr<world_real::ThreadPool> pool = std::make_unique<world_real::ThreadPool>(2, 1000);
  std::unique_ptr<world_real::RealNetwork> network = std::make_unique<world_real::RealNetwork>(*pool);
  std::unique_ptr<oci::LayoutImages> images;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<net::HttpClient> client;
  std::vector<std::string> pushes;
};

std::string text(const net::HttpResponse& response) { return flatten(response.body); }

TEST_CASE("a blob comes whole or in chunks, and is only kept under its own digest") {
  World world;
  const std::string content(300'000, 'x');
  const std::string digest = oci::sha256_digest(content);
  CHECK(world.call("HEAD", "/v2/team/app/blobs/" + digest).status == 404);

  auto begun = world.call("POST", "/v2/team/app/blobs/uploads/");
  REQUIRE(begun.status == 202);
  const std::string upload(begun.headers.get("location"));
  CHECK(world.call("PATCH", upload, content.substr(0, 100'000), "", "0-99999").status == 202);
  auto wrong = world.call("PATCH", upload, "late", "", "7-10");
  CHECK(wrong.status == 416);
  CHECK(wrong.headers.get("range") == "0-99999");
  CHECK(world.call("GET", upload).headers.get("range") == "0-99999");
  CHECK(world.call("PATCH", upload, content.substr(100'000, 100'000)).headers.get("range") == "0-199999");
  CHECK(world.call("PUT", upload + "?digest=" + digest, content.substr(200'000)).status == 201);
  CHECK(text(world.call("GET", "/v2/team/app/blobs/" + digest)) == content);
  CHECK(world.call("GET", upload).status == 404);

  const auto refused = world.call("POST", "/v2/team/app/blobs/uploads/?digest=" + digest, "something else");
  CHECK(refused.status == 400);
  CHECK(text(refused).find("DIGEST_INVALID") != std::string::npos);
  CHECK(world.call("POST", "/v2/other/app/blobs/uploads/?mount=" + digest + "&from=team/app").status == 201);
  CHECK(world.call("POST", "/v2/other/app/blobs/uploads/?mount=" + oci::sha256_digest("nothing") + "&from=team/app").status ==
        202);
  CHECK(world.call("DELETE", "/v2/team/app/blobs/" + digest).status == 405);
}

TEST_CASE("an upload that was given up leaves nothing") {
  World world;
  const std::string upload(world.call("POST", "/v2/team/app/blobs/uploads/").headers.get("location"));
  CHECK(world.call("PATCH", upload, "half").status == 202);
  CHECK(world.disk.list(world.folder.path + "/images/uploads").value().size() == 1);
  CHECK(world.call("DELETE", upload).status == 204);
  CHECK(world.call("PATCH", upload, "more").status == 404);
  CHECK(world_real::poll_until(*world.loop,
                               [&] { return world.disk.list(world.folder.path + "/images/uploads").value().empty(); }));
}

TEST_CASE("manifests get names, which pods find too; a push is told once") {
  World world;
  const std::string manifest = world.manifest("config");
  const std::string digest = oci::sha256_digest(manifest);
  const std::string type = "application/vnd.oci.image.manifest.v1+json";
  CHECK(world.call("GET", "/v2/team/app/tags/list").status == 404);
  CHECK(world.call("PUT", "/v2/team/app/manifests/1", manifest, type).status == 201);
  CHECK(world.call("PUT", "/v2/team/app/manifests/1", manifest, type).status == 201);
  CHECK(world.call("PUT", "/v2/ghcr.io/team/app/manifests/2", manifest, type).status == 201);
  CHECK(world.pushes == std::vector<std::string>{"localhost/team/app:1", "ghcr.io/team/app:2"});
  for (const std::string where :
       {"/v2/team/app/manifests/1", "/v2/team/app/manifests/1?ns=localhost", "/v2/team/app/manifests/2?ns=ghcr.io"}) {
    const bool mirror = where.ends_with("ghcr.io");
    const auto got = world.call("GET", where);
    CHECK_MESSAGE(got.status == 200, where);
    if (!mirror) CHECK(text(got) == manifest);
    CHECK(got.headers.get("docker-content-digest") == digest);
  }
  CHECK(world.call("GET", "/v2/team/app/manifests/2").status == 404);
  CHECK(text(world.call("GET", "/v2/_catalog")) == R"({"repositories":["ghcr.io/team/app","team/app"]})");

  CHECK(world.call("PUT", "/v2/team/app/manifests/" + oci::sha256_digest("?"), manifest, type).status == 400);
  CHECK(world.call("PUT", "/v2/team/app/manifests/x", "{", type).status == 400);
  CHECK(world.call("PUT", "/v2/Team/app/manifests/x", manifest, type).status == 400);
  const std::string lost = R"({"schemaVersion":2,"config":{"digest":")" + oci::sha256_digest("lost") + R"("},"layers":[]})";
  CHECK(world.call("PUT", "/v2/team/app/manifests/x", lost, type).status == 404);
  CHECK(world.call("PUT", "/v2/team/app/manifests/x", std::string(5'000'000, ' '), type).status == 413);
}

TEST_CASE("lists come in pages; deletion by tag, and of all tags by digest") {
  World world;
  const std::string manifest = world.manifest("config"), other = world.manifest("other");
  for (const char* tag : {"b", "a", "d", "c"})
    CHECK(world.call("PUT", "/v2/team/app/manifests/" + std::string(tag), manifest).status == 201);
  CHECK(world.call("PUT", "/v2/team/app/manifests/e", other).status == 201);
  const auto page = world.call("GET", "/v2/team/app/tags/list?n=2&last=a");
  CHECK(text(page) == R"({"name":"team/app","tags":["b","c"]})");
  CHECK(page.headers.get("link") == "</v2/team/app/tags/list?n=2&last=c>; rel=\"next\"");
  CHECK(world.call("GET", "/v2/team/app/tags/list?n=x").status == 400);
  CHECK(world.call("DELETE", "/v2/team/app/manifests/a").status == 202);
  CHECK(world.call("DELETE", "/v2/team/app/manifests/a").status == 404);
  const std::string digest = oci::sha256_digest(manifest);
  CHECK(world.call("GET", "/v2/team/app/manifests/" + digest).status == 200);
  CHECK(world.call("DELETE", "/v2/team/app/manifests/" + digest).status == 202);
  CHECK(world.call("GET", "/v2/team/app/manifests/" + digest).status == 404);
  CHECK(text(world.call("GET", "/v2/team/app/tags/list")) == R"({"name":"team/app","tags":["e"]})");
}

TEST_CASE("what refers to a manifest is found by its digest and type") {
  World world;
  const std::string subject = oci::sha256_digest(world.manifest("config"));
  const std::string empty = world.push_blob("{}");
  const std::string referrer = R"({"schemaVersion":2,"artifactType":"a/sbom","config":{"mediaType":"e","digest":")" + empty +
                               R"("},"layers":[],"subject":{"digest":")" + subject + R"("},"annotations":{"k":"v"}})";
  const auto put = world.call("PUT", "/v2/team/app/manifests/" + oci::sha256_digest(referrer), referrer);
  CHECK(put.status == 201);
  CHECK(put.headers.get("oci-subject") == subject);
  const std::string found = text(world.call("GET", "/v2/team/app/referrers/" + subject));
  CHECK(found.find(oci::sha256_digest(referrer)) != std::string::npos);
  CHECK(found.find(R"("artifactType":"a/sbom","annotations":{"k":"v"})") != std::string::npos);
  const auto none = world.call("GET", "/v2/team/app/referrers/" + subject + "?artifactType=other");
  CHECK(text(none).find(R"("manifests":[])") != std::string::npos);
  CHECK(none.headers.get("oci-filters-applied") == "artifactType");
}

struct HandClock final : Clock {
  std::int64_t wall_ns() const override { return now; }
  std::int64_t monotonic_ns() const override { return now; }
  std::int64_t now = 1;
};

TEST_CASE("content that nothing names goes after its grace, and not what a tag, an index or a question keeps") {
  Folder folder;
  world_real::RealDisk disk;
  HandClock clock;
  ImageStore store(disk, clock, folder.path);
  REQUIRE(store.open().ok());
  const auto blob = [&](const std::string& content) {
    const std::string digest = oci::sha256_digest(content);
    REQUIRE(write_file_atomically(disk, store.upload_path("u"), content).ok());
    REQUIRE(store.adopt_blob(store.upload_path("u"), digest).ok());
    return digest;
  };
  const auto manifest = [](const std::string& config) {
    return R"({"schemaVersion":2,"config":{"digest":")" + config + R"("},"layers":[]})";
  };
  const std::string kept = blob("kept"), lost = blob("lost"), asked = blob("asked"), child = manifest(kept),
                    old = manifest(lost);
  REQUIRE(store.put_manifest("app", oci::sha256_digest(child), "", child).ok());
  const std::string index = R"({"schemaVersion":2,"manifests":[{"digest":")" + oci::sha256_digest(child) + R"("}]})";
  REQUIRE(store.put_manifest("app", "1", "", old).ok());
  CHECK(store.sweep().value() == 0);
  REQUIRE(store.put_manifest("app", "1", "", index).ok());
  REQUIRE(store.remove_manifest("app", "none").value() == false);
  clock.now += ImageStore::kGrace.count() / 2;
  CHECK(store.sweep().value() == 0);  // `old` and `lost` have no name from here on
  clock.now += ImageStore::kGrace.count() / 2;
  CHECK(store.blob_size(asked).value() == 5);
  CHECK(store.sweep().value() == 0);
  clock.now += ImageStore::kGrace.count() / 2;
  CHECK(store.sweep().value() == 2);
  CHECK_FALSE(store.blob_size(lost).value().has_value());
  CHECK(store.blob_size(kept).value() == 4);
  CHECK(store.blob_size(asked).value() == 5);
  // An import puts in what it finds: a manifest that names nothing sensible keeps nothing, and is no reason to stop.
  const std::string odd =
      blob(R"({"schemaVersion":2,"config":{"digest":"x"},"manifests":[{"digest":""},{"digest":"sha256:"},7]})");
  REQUIRE(write_file_atomically(disk, folder.path + "/index.json", oci::print_index({{"localhost/odd:1", "m", odd, 1}})).ok());
  CHECK(store.sweep().ok());
  CHECK(store.blob_size(odd).value().has_value());
  const auto lock = disk.lock(oci::lock_path(folder.path));
  REQUIRE(lock.ok());
  CHECK(store.sweep().error().reason() == Reason::kConflict);
}

}  // namespace
}  // namespace plinth::registry

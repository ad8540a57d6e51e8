#include "client/object_cache.h"

#include "client/client_testing.h"

namespace plinth::client {
namespace {

std::vector<std::string> names(const View& view, const Resource& resource, const std::string& name_space) {
  std::vector<std::string> out;
  view.list(resource, name_space, [&](const Object& object) {
    out.push_back(object.name_space + "/" + object.name);
    return true;
  });
  return out;
}

const std::string kOwned = R"(,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":"owner"}])";

TEST_CASE("a view finds objects by name, uid, owner and namespace") {
  ObjectCache cache;
  cache.add_kind(config_maps());
  cache.add_kind(pods());
  cache.replace(config_maps(), {test_object(config_maps(), "a", "x", 3, "u1"), test_object(config_maps(), "ab", "x", 4, "u2")},
                5);
  cache.apply(test_object(pods(), "a", "p", 7, "u3", kOwned), false);
  const auto view = cache.view();
  CHECK(names(*view, config_maps(), "a") == std::vector<std::string>{"a/x"});
  CHECK(names(*view, config_maps(), "") == std::vector<std::string>{"a/x", "ab/x"});
  CHECK(view->count(config_maps(), "") == 2);
  CHECK(view->get(config_maps(), "ab", "x")->uid == "u2");
  CHECK_FALSE(view->get(config_maps(), "b", "x"));
  CHECK(view->by_uid("u3")->name == "p");
  REQUIRE(view->owned_by("owner").size() == 1);
  CHECK(view->owned_by("owner")[0].uid == "u3");
  CHECK(view->seen(config_maps()) == 5);
  CHECK(view->seen(pods()) == 7);
  CHECK(view->find_resource("", "pods")->kind == "Pod");
  CHECK_FALSE(view->find_resource("apps", "pods"));
}

TEST_CASE("a list tells what it changes, also what went away meanwhile") {
  ObjectCache cache;
  cache.add_kind(config_maps());
  cache.replace(config_maps(),
                {test_object(config_maps(), "a", "same", 1, "u1"), test_object(config_maps(), "a", "gone", 2, "u2"),
                 test_object(config_maps(), "a", "changed", 3, "u3"), test_object(config_maps(), "a", "again", 4, "u4")},
                4);
  const auto changes =
      cache.replace(config_maps(),
                    {test_object(config_maps(), "a", "same", 1, "u1"), test_object(config_maps(), "a", "changed", 8, "u3"),
                     test_object(config_maps(), "a", "again", 9, "u5"), test_object(config_maps(), "a", "new", 7, "u6")},
                    9);
  std::vector<std::string> told;
  for (const Change& c : changes)
    told.push_back((c.deleted ? "-" : c.created ? "+" : "~") + c.object.name + "/" + c.object.uid);
  std::sort(told.begin(), told.end());
  CHECK(told == std::vector<std::string>{"+again/u5", "+new/u6", "-again/u4", "-gone/u2", "~changed/u3"});
}

TEST_CASE("a kind that is followed in another version keeps its objects until the list in that one comes") {
  Resource before{"example.com", "v1beta1", "things", "Thing", true}, now = before;
  now.version = "v1";
  ObjectCache cache;
  cache.add_kind(before);
  cache.replace(before, {test_object(before, "a", "x", 1, "u1")}, 3);
  CHECK_FALSE(cache.has_version(now));
  cache.add_kind(now);
  CHECK(cache.has_version(now));
  CHECK(cache.view()->find_resource("example.com", "things")->version == "v1");
  REQUIRE(cache.view()->resources().size() == 1);
  CHECK(cache.view()->resources()[0].version == "v1");
  CHECK(cache.view()->get(now, "a", "x")->resource.version == "v1beta1");
  // No new revision, but whoever wants to write it must know the version.
  REQUIRE(cache.replace(now, {test_object(now, "a", "x", 1, "u1")}, 3).size() == 1);
  CHECK(cache.view()->get(now, "a", "x")->resource.version == "v1");
  CHECK(cache.replace(now, {test_object(now, "a", "x", 1, "u1")}, 3).empty());
}

TEST_CASE("changes that are not news are dropped") {
  ObjectCache cache;
  cache.add_kind(config_maps());
  cache.replace(config_maps(), {}, 10);
  CHECK_FALSE(cache.apply(test_object(config_maps(), "a", "x", 9, "u"), false));  // from before the list, and deleted since
  CHECK(cache.apply(test_object(config_maps(), "a", "x", 11, "u"), false)->created);
  CHECK_FALSE(cache.apply(test_object(config_maps(), "a", "x", 11, "u"), false));
  CHECK_FALSE(cache.apply(test_object(config_maps(), "a", "x", 12, "u"), false)->created);
  CHECK(cache.apply(test_object(config_maps(), "a", "x", 13, "u"), true)->deleted);
  CHECK_FALSE(cache.view()->get(config_maps(), "a", "x"));
  CHECK_FALSE(cache.apply(test_object(pods(), "a", "x", 99, "u"), false));  // a kind that is not followed
}

TEST_CASE("a view that is held does not change") {
  ObjectCache cache;
  cache.add_kind(config_maps());
  cache.apply(test_object(config_maps(), "a", "x", 1, "u1"), false);
  const auto before = cache.view();
  cache.apply(test_object(config_maps(), "a", "y", 2, "u2", kOwned), false);
  CHECK(cache.remove_kind(config_maps()).size() == 2);
  CHECK(names(*before, config_maps(), "") == std::vector<std::string>{"a/x"});
  CHECK(before->owned_by("owner").empty());
  CHECK(cache.view()->resources().empty());
}

}  // namespace
}  // namespace plinth::client

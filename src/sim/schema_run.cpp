#include "sim/schema_run.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/json.h"
#include "base/text.h"
#include "sim/rest.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSteps = 60, kLivesMax = 6, kCandidatesMax = 16;
constexpr int kAttemptsMax = 4;
constexpr const char* kDefinitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
constexpr const char* kDefinition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.com";

std::string objects_path(std::size_t version) {
  return std::string("/apis/example.com/") + kModelVersions[version] + "/namespaces/default/things";
}

std::string object_json(std::size_t version, const std::string& name, const Thing& spec) {
  return fmt::format(R"({{"apiVersion":"example.com/{}","kind":"Thing","metadata":{{"name":"{}"}},"spec":{}}})",
                     kModelVersions[version], name, text_of(spec));
}

bool is_known(int status) { return status > 0 && status < 500; }

}  // namespace

SchemaRun::SchemaRun(std::uint64_t seed, ClientKind client)
    : platform_(seed,
                [client] {
                  SimPlatformOptions options;
                  options.client = client;
                  return options;
                }()),
      random_(seed * 4507 + 5) {}

bool SchemaRun::boot() {
  ++lives_;
  const auto booted = platform_.boot();
  if (!booted.ok()) fail("it does not start: " + booted.error().message());
  return booted.ok();
}

void SchemaRun::plan_crash() {
  if (lives_ < lives_max_ && random_.below(4) > 0) platform_.world().disk().crash_after_writes(1 + random_.below(30));
}

void SchemaRun::pass(Duration time) {
  platform_.settle(time);
  if (!platform_.world().disk().crashed()) return;
  platform_.crash();
  if (boot()) plan_crash();
}

server::LocalAnswer SchemaRun::call(const std::string& method, const std::string& path, const std::string& body) {
  if (!wrong_.empty()) return {};
  auto answer = platform_.call(method, path, body);
  if (platform_.world().disk().crashed()) pass(0s);
  return answer;
}

void SchemaRun::look_at_definition() {
  for (int attempt = 0; attempt < kAttemptsMax && wrong_.empty(); ++attempt) {
    const auto answer = call("GET", kDefinition);
    if (!is_known(answer.status)) continue;
    shape_.reset();
    if (answer.status == 404) return;
    const auto crd = parse_json(answer.body);
    const auto label = crd.ok() ? parse_integer<std::size_t>((*crd)["metadata"]["labels"]["shape"].as_string()) : std::nullopt;
    if (!label || *label >= shapes_.size()) return fail("the definition has lost its label");
    shape_ = *label;
    return;
  }
  fail("the definition cannot be read");
}

void SchemaRun::define() {
  shapes_.push_back(shape_ ? changed_shape(shape(), random_) : random_shape(random_));
  const std::string metadata =
      fmt::format(R"("metadata":{{"name":"things.example.com","labels":{{"shape":"{}"}}}})", shapes_.size() - 1);
  const std::string versions = "\"versions\":" + versions_json(shapes_.back());
  server::LocalAnswer answer;
  if (shape_) {
    answer = call("PATCH", kDefinition, "{" + metadata + ",\"spec\":{" + versions + "}}");
  } else {
    answer = call(
        "POST", kDefinitions,
        R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",)" + metadata +
            R"(,"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"things","singular":"thing","kind":"Thing",)"
            R"("listKind":"ThingList"},)" +
            versions + "}}");
  }
  if (answer.status >= 400 && answer.status < 500) fail("a definition is refused: " + answer.body);
  const bool is_new = !shape_;
  look_at_definition();
  if (is_new) pass(5s);  // until its names are accepted
}

// With all its objects.
void SchemaRun::remove_definition() {
  call("DELETE", kDefinition);
  for (int attempt = 0; attempt < kAttemptsMax && wrong_.empty(); ++attempt) {
    pass(15s);
    look_at_definition();
    if (!shape_) return objects_.clear();
  }
  const auto answer = call("GET", kDefinition);
  const auto crd = parse_json(answer.body);
  if (answer.status == 200 && crd.ok() && (*crd)["metadata"].find("deletionTimestamp") != nullptr)
    fail("a definition is being deleted for ever: " + answer.body);
}

void SchemaRun::change(const std::string& name, const server::LocalAnswer& answer, std::size_t version, int refusal,
                       const std::function<Candidates(const Candidate&)>& after) {
  Candidates& now = objects_[name];
  if (now.empty()) now.emplace_back();
  if (!shape().versions[version].served) {
    if (is_known(answer.status) && answer.status != 404) fail("a version that is not served is: " + answer.body);
    return;
  }
  Candidates next;
  const bool done = answer.status >= 200 && answer.status < 300;
  for (const Candidate& candidate : now) {
    const Candidates changed = after(candidate);
    const bool refused = changed.empty();
    if ((done && refused) || (is_known(answer.status) && !done && !refused)) continue;
    if (!done) next.push_back(candidate);
    next.insert(next.end(), changed.begin(), changed.end());
  }
  if (is_known(answer.status) && !done && answer.status != refusal)
    return fail(fmt::format("{} is refused: {}", name, answer.body));
  if (next.empty()) return fail(fmt::format("{} cannot be what it was answered to be: {}", name, answer.body));
  acknowledged_ += done;
  now = std::move(next);
  if (now.size() > kCandidatesMax) fail("too much is uncertain of " + name);
}

void SchemaRun::create_object() {
  const std::string name = some_name();
  const std::size_t version = some_version();
  const ModelShape& as = shape();
  const Thing spec = random_spec(random_);
  const auto answer = call("POST", objects_path(version), object_json(version, name, spec));
  change(name, answer, version, 409, [&](const Candidate& was) {
    return was ? Candidates() : Candidates{stored(as, version, received(as, version, spec))};
  });
}

void SchemaRun::replace_object() {
  const std::string name = some_name();
  const std::size_t version = some_version();
  const ModelShape& as = shape();
  const Thing spec = random_spec(random_);
  const auto current = call("GET", objects_path(version) + "/" + name);
  const auto object = parse_json(current.body);
  if (current.status != 200 || !object.ok()) return;
  Draft draft(*object);
  draft.set(draft.root(), "spec", draft.adopt(parse_json(text_of(spec)).value()));
  const auto answer = call("PUT", objects_path(version) + "/" + name, to_json(draft.root()));
  change(name, answer, version, 409, [&](const Candidate& was) {
    if (!was) return Candidates();
    const Thing wanted = received(as, version, spec);
    Candidates out{stored(as, version, wanted)};
    if (wanted == seen(as, version, *was)) out.push_back(was);
    return out;
  });
}

void SchemaRun::patch_object() {
  const std::string name = some_name();
  const std::size_t version = some_version();
  const ModelShape& as = shape();
  const Thing patch = random_spec(random_);
  const auto answer = call("PATCH", objects_path(version) + "/" + name, "{\"spec\":" + text_of(patch) + "}");
  change(name, answer, version, 404, [&](const Candidate& was) {
    if (!was) return Candidates();
    const Thing before = seen(as, version, *was);
    Thing merged = before;
    merge_thing(merged, patch);
    merged = received(as, version, std::move(merged));
    Candidates out{stored(as, version, merged)};
    if (merged == before) out.push_back(was);  // what changes nothing need not be written
    return out;
  });
}

void SchemaRun::delete_object() {
  const std::string name = some_name();
  const std::size_t version = some_version();
  const auto answer = call("DELETE", objects_path(version) + "/" + name);
  change(name, answer, version, 404, [](const Candidate& was) { return was ? Candidates{Candidate()} : Candidates(); });
}

// Narrows what the object may be.
std::string SchemaRun::check_object(const std::string& name, std::size_t version) {
  const auto answer = call("GET", objects_path(version) + "/" + name);
  if (!is_known(answer.status)) return "";
  if (!shape().versions[version].served) return answer.status == 404 ? "" : "a version that is not served is: " + answer.body;
  const auto object = parse_json(answer.body);
  if (!object.ok()) return "an answer that is not JSON: " + answer.body;
  const Thing spec = thing_of((*object)["spec"]);
  const std::string revision((*object)["metadata"]["resourceVersion"].as_string());
  Candidates& candidates = objects_[name];
  const Candidates before = candidates;
  std::erase_if(candidates, [&](const Candidate& candidate) {
    if (!candidate) return answer.status != 404;
    if (answer.status != 200 || (!candidate->revision.empty() && candidate->revision != revision)) return true;
    return seen(shape(), version, *candidate) != spec;
  });
  for (Candidate& candidate : candidates) {
    if (candidate) candidate->revision = revision;
  }
  if (!candidates.empty()) return "";
  std::string expected;
  for (const Candidate& candidate : before) {
    expected += "\n  " + (candidate ? candidate->revision + " " + text_of(seen(shape(), version, *candidate)) + " of " +
                                          kModelVersions[candidate->version] + " " + text_of(candidate->spec)
                                    : "nothing");
  }
  return fmt::format("{} in {} should be{}\nbut is {}\nby {}", name, kModelVersions[version], expected, answer.body,
                     versions_json(shape()));
}

// A list shows what single reads show.
std::string SchemaRun::check_list(std::size_t version) {
  const auto answer = call("GET", objects_path(version));
  if (!is_known(answer.status) || !shape().versions[version].served) return "";
  const auto list = parse_json(answer.body);
  if (answer.status != 200 || !list.ok()) return "a list is refused: " + answer.body;
  for (const Value& item : (*list)["items"].items()) {
    const auto& candidates = objects_[std::string(item["metadata"]["name"].as_string())];
    const Thing spec = thing_of(item["spec"]);
    const bool known = std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
      return candidate && seen(shape(), version, *candidate) == spec;
    });
    if (!known) return fmt::format("a list in {} shows {}", kModelVersions[version], to_json(item));
  }
  return "";
}

std::string SchemaRun::check() {
  if (!shape_) return "";
  std::vector<std::string> names;
  for (const auto& [name, candidates] : objects_) names.push_back(name);
  for (std::size_t version = 0; version < kModelVersions.size(); ++version) {
    for (const std::string& name : names) {
      if (std::string wrong = check_object(name, version); !wrong.empty()) return wrong;
    }
    if (std::string wrong = check_list(version); !wrong.empty()) return wrong;
  }
  return "";
}

void SchemaRun::step() {
  if (random_.below(6) == 0) plan_crash();
  const std::uint64_t choice = random_.below(100);
  if (!shape_ || choice < 15)
    define();
  else if (choice < 18)
    remove_definition();
  else if (choice < 45)
    create_object();
  else if (choice < 60)
    replace_object();
  else if (choice < 85)
    patch_object();
  else
    delete_object();
  if (random_.below(3) == 0) pass(Duration(static_cast<std::int64_t>(random_.below(2'000'000'000))));
  if (std::string wrong = check(); !wrong.empty()) fail(wrong);
}

std::string SchemaRun::check_rest() {
  if (std::string wrong = check(); !wrong.empty()) return wrong;
  if (std::string wrong = not_at_rest(platform_); !wrong.empty()) return wrong;
  const store::Revision before = platform_.control().store().snapshot()->revision();
  platform_.settle(60s);
  const store::Revision after = platform_.control().store().snapshot()->revision();
  return before == after ? "" : fmt::format("something is written for ever: {} to {}", before, after);
}

std::string SchemaRun::run() {
  lives_max_ = kLivesMax;
  if (!boot()) return wrong_;
  plan_crash();
  for (std::size_t i = 0; i < kSteps && wrong_.empty(); ++i) step();
  platform_.world().disk().clear_faults();
  pass(60s);
  if (wrong_.empty()) wrong_ = check_rest();
  if (!wrong_.empty() || !shape_) return wrong_;
  remove_definition();
  if (wrong_.empty() && shape_) fail("the definition is not deleted");
  platform_.control().store().snapshot()->scan("/example.com/", "", [&](const store::RecordPtr& record) {
    fail("left behind: " + std::string(record->key()));
    return false;
  });
  return wrong_;
}

}  // namespace plinth::sim

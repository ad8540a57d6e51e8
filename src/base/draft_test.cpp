#include <algorithm>
#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "base/json.h"
#include "base/value.h"

namespace plinth {
namespace {

Document parse(std::string_view text) {
  auto doc = parse_json(text);
  REQUIRE(doc.ok());
  return std::move(*doc);
}

TEST_CASE("values: access of the wrong type gives the zero of the asked one") {
  Document doc = parse(R"({"s":"x","i":7,"d":2.9,"b":true,"n":null,"a":[1],"o":{"k":{"z":1}}})");
  CHECK(doc["s"].as_int() == 0);
  CHECK(doc["i"].as_string().empty());
  CHECK(doc["d"].as_int() == 2);
  CHECK(doc["i"].as_double() == 7.0);
  CHECK(doc["b"].as_bool());
  CHECK_FALSE(doc["i"].as_bool());
  CHECK(doc["missing"].is_null());
  CHECK(doc["o"]["k"]["z"].as_int() == 1);
  CHECK(doc["s"]["k"]["z"].is_null());
  CHECK(doc["a"].members().empty());
  CHECK(doc["o"].items().empty());
  CHECK(doc->find_path({"o", "k", "z"})->as_int() == 1);
  CHECK(doc->find_path({"o", "x", "z"}) == nullptr);
  CHECK(Value::of(1e300).as_int() == std::numeric_limits<std::int64_t>::max());
  CHECK(Value::of(-1e300).as_int() == std::numeric_limits<std::int64_t>::min());
  CHECK(Value::empty_object().is_object());
  CHECK(Value::empty_array().size() == 0);
}

TEST_CASE("values: equality") {
  const std::pair<std::string_view, std::string_view> same[] = {
      {R"({"a":1,"b":[1,{"c":null}]})", R"({"b":[1.0,{"c":null}],"a":1e0})"},
      {"[]", "[]"},
      {"9007199254740993", "9007199254740993"}};
  for (const auto& texts : same) CHECK(equal(parse(texts.first).root(), parse(texts.second).root()));
  const std::pair<std::string_view, std::string_view> different[] = {{"[1,2]", "[2,1]"},
                                                                     {R"({"a":1})", R"({"a":1,"b":null})"},
                                                                     {R"({"a":1})", R"({"b":1})"},
                                                                     {"1", "\"1\""},
                                                                     {"true", "1"},
                                                                     {"null", "false"},
                                                                     {"[]", "{}"},
                                                                     {"9007199254740993", "9007199254740992.0"},
                                                                     {"[1]", "[1,1]"}};
  for (const auto& texts : different) {
    CAPTURE(texts.first);
    CHECK_FALSE(equal(parse(texts.first).root(), parse(texts.second).root()));
  }
  Draft large, shuffled;
  for (int i = 0; i < 100; ++i) large.set(large.root(), "k" + std::to_string(i), Value::of(i));
  for (int i = 99; i >= 0; --i) shuffled.set(shuffled.root(), "k" + std::to_string(i), Value::of(i));
  CHECK(equal(large.root(), shuffled.root()));
  shuffled.set(shuffled.root(), "k50", Value::of(-1));
  CHECK_FALSE(equal(large.root(), shuffled.root()));
}

TEST_CASE("draft: the base never changes") {
  Document base = parse(R"({"metadata":{"name":"a","labels":{"x":"1"}},"spec":{"list":[1,2,3]}})");
  std::string before = to_json(base.root());
  Draft draft(base);
  draft.member_path(draft.root(), {"metadata", "labels", "y"}) = draft.text("2");
  draft.push(draft.member(draft.member(draft.root(), "spec"), "list"), Value::of(4));
  draft.remove(draft.member(draft.root(), "metadata"), "name");
  CHECK(to_json(draft.root()) == R"({"metadata":{"labels":{"x":"1","y":"2"}},"spec":{"list":[1,2,3,4]}})");
  CHECK(to_json(base.root()) == before);
  Document changed = std::move(draft).finish();
  Draft again(changed);
  again.set(again.root(), "kind", "Pod");
  again.item(again.member(again.member(again.root(), "spec"), "list"), 0) = Value::of(9);
  CHECK(to_json(changed.root()) == R"({"metadata":{"labels":{"x":"1","y":"2"}},"spec":{"list":[1,2,3,4]}})");
  CHECK(to_json(again.root()) == R"({"metadata":{"labels":{"x":"1","y":"2"}},"spec":{"list":[9,2,3,4]},"kind":"Pod"})");
}

TEST_CASE("draft: untouched parts are shared, not copied") {
  Document base = parse(R"({"big":{"deep":[{"x":1}]},"small":1})");
  Draft draft(base);
  draft.set(draft.root(), "small", Value::of(2));
  Document changed = std::move(draft).finish();
  CHECK(changed["big"].members().data() == base["big"].members().data());
}

TEST_CASE("draft: a document outlives what it was made from") {
  Document doc;
  {
    Document base = parse(R"({"spec":{"text":"a text that lives in the arena of the base document"}})");
    Document other = parse(R"({"status":{"text":"and one that lives in the arena of another document"}})");
    Draft draft(base);
    draft.set(draft.root(), "status", draft.adopt(other)["status"]);
    doc = std::move(draft).finish();
  }
  CHECK(doc["spec"]["text"].as_string() == "a text that lives in the arena of the base document");
  CHECK(doc["status"]["text"].as_string() == "and one that lives in the arena of another document");
}

TEST_CASE("draft: without a change the base's storage is handed on") {
  Document base = parse(R"({"a":{"b":1}})");
  Document same = Draft(base).finish();
  CHECK(same.arena() == base.arena());
  CHECK(to_json(same.root()) == R"({"a":{"b":1}})");
}

TEST_CASE("draft: a document changed many times over does not keep all its ancestors") {
  Document doc = parse(R"({"count":0,"metadata":{"name":"text of the first one"},"list":[{"custom-key":1}]})");
  std::weak_ptr<const Arena> first = doc.arena();
  for (int i = 1; i <= 100; ++i) {
    Draft draft(doc);
    draft.set(draft.root(), "count", Value::of(i));
    doc = std::move(draft).finish();
    CHECK(doc.arena()->depth() <= Draft::kArenaDepthMax);
  }
  CHECK(first.expired());
  CHECK(to_json(doc.root()) == R"({"count":100,"metadata":{"name":"text of the first one"},"list":[{"custom-key":1}]})");
}

TEST_CASE("draft: edits of containers and of what is none") {
  Draft draft;
  Value& root = draft.root();
  CHECK(draft.mutable_items(root).empty());
  CHECK_FALSE(draft.remove(root, "x"));
  CHECK(draft.mutable_find(root, "x") == nullptr);
  CHECK(root.is_null());
  draft.set(root, "text", "now an object");
  draft.push(draft.member(root, "list"), Value::of(1));
  draft.push(draft.member(root, "text"), Value::of(2));  // a text becomes a list
  draft.insert(draft.member(root, "list"), 0, Value::of(0));
  draft.insert(draft.member(root, "list"), 99, Value::of(9));
  CHECK(to_json(root) == R"({"text":[2],"list":[0,1,9]})");
  draft.erase(draft.member(root, "list"), 7);
  draft.erase(draft.member(root, "list"), 1);
  draft.remove_if(root, {true, false});
  CHECK(to_json(root) == R"({"list":[0,9]})");
  draft.remove_if(draft.member(root, "list"), {false, true, true});
  CHECK(to_json(root) == R"({"list":[0]})");
  for (Member& m : draft.mutable_members(root)) m.value = Value::of(true);
  CHECK(to_json(root) == R"({"list":true})");
  root = draft.object();
  CHECK(to_json(root) == "{}");
  root = Value::empty_array();
  draft.push(root, Value::of(1));
  CHECK(to_json(root) == "[1]");
  CHECK(Value::empty_array().size() == 0);
}

TEST_CASE("draft: a clone is independent of its source") {
  Document base = parse(R"({"a":{"custom":[1,{"x":"y"}]}})");
  Draft draft;
  draft.set(draft.root(), "one", draft.clone(base["a"]));
  draft.set(draft.root(), "two", draft.clone(draft.root()["one"]));
  draft.set(draft.member(draft.root(), "two"), "custom", Value::of(2));
  base = Document();
  CHECK(to_json(draft.root()) == R"({"one":{"custom":[1,{"x":"y"}]},"two":{"custom":2}})");
}

// A plain tree that edits are checked against.
struct Model {
  enum Kind { kInt, kText, kList, kMap } kind = kInt;
  std::int64_t number = 0;
  std::string text;
  std::vector<Model> list;         // items, or values of members
  std::vector<std::string> names;  // of members

  Model* find(const std::string& name) {
    auto at = std::find(names.begin(), names.end(), name);
    return at == names.end() ? nullptr : &list[static_cast<std::size_t>(at - names.begin())];
  }
  void remove(const std::string& name) {
    if (find(name) == nullptr) return;
    list.erase(list.begin() + (find(name) - list.data()));
    names.erase(std::find(names.begin(), names.end(), name));
  }
  std::string json() const {
    std::string out;
    switch (kind) {
      case kInt:
        return std::to_string(number);
      case kText:
        return '"' + text + '"';
      case kList:
        for (const Model& m : list) out += (out.empty() ? "" : ",") + m.json();
        return '[' + out + ']';
      case kMap:
        for (std::size_t i = 0; i < list.size(); ++i) out += (out.empty() ? "\"" : ",\"") + names[i] + "\":" + list[i].json();
        return '{' + out + '}';
    }
    return out;
  }
};

class Editor {
 public:
  explicit Editor(unsigned seed) : random_(seed) {}

  // One random change at a random place, done to both.
  void edit(Draft& draft, Value& slot, Model& model, int depth) {
    unsigned choice = below(10);
    if (model.kind == Model::kMap && !model.list.empty() && depth < 6 && choice < 6) {
      std::size_t i = below(static_cast<unsigned>(model.list.size()));
      Value& child = choice < 3 ? draft.member(slot, model.names[i]) : *draft.mutable_find(slot, model.names[i]);
      return edit(draft, child, model.list[i], depth + 1);
    }
    if (model.kind == Model::kList && !model.list.empty() && depth < 6 && choice < 6) {
      std::size_t i = below(static_cast<unsigned>(model.list.size()));
      return edit(draft, choice < 3 ? draft.item(slot, i) : draft.mutable_items(slot)[i], model.list[i], depth + 1);
    }
    if (model.kind == Model::kMap) return edit_map(draft, slot, model);
    if (model.kind == Model::kList) return edit_list(draft, slot, model);
    replace(draft, slot, model);
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

  void replace(Draft& draft, Value& slot, Model& model) {
    model = Model();
    model.kind = static_cast<Model::Kind>(below(4));
    model.number = below(1000);
    model.text = "text" + std::to_string(below(1000));
    switch (model.kind) {
      case Model::kInt:
        slot = Value::of(model.number);
        break;
      case Model::kText:
        slot = draft.text(model.text);
        break;
      case Model::kList:
        slot = below(2) == 0 ? draft.array(below(3)) : Value::empty_array();
        break;
      case Model::kMap:
        slot = below(2) == 0 ? draft.object(below(3)) : Value::empty_object();
        break;
    }
  }

  void edit_map(Draft& draft, Value& slot, Model& model) {
    std::string key = (below(2) == 0 ? "key" : "metadata") + std::to_string(below(8));
    if (below(3) == 0) {
      bool had = model.find(key) != nullptr;
      CHECK(draft.remove(slot, key) == had);
      model.remove(key);
      return;
    }
    if (model.find(key) == nullptr) {
      model.names.push_back(key);
      model.list.emplace_back();
    }
    Model& child = *model.find(key);
    replace(draft, draft.member(slot, key), child);
  }

  void edit_list(Draft& draft, Value& slot, Model& model) {
    unsigned size = static_cast<unsigned>(model.list.size());
    switch (below(4)) {
      case 0:
        if (size == 0) return;
        draft.erase(slot, size / 2);
        model.list.erase(model.list.begin() + size / 2);
        return;
      case 1: {
        std::vector<bool> drop;
        std::vector<Model> kept;
        for (const Model& m : model.list) {
          drop.push_back(below(3) == 0);
          if (!drop.back()) kept.push_back(m);
        }
        draft.remove_if(slot, drop);
        model.list = kept;
        return;
      }
      case 2: {
        unsigned at = below(size + 1);
        Model child;
        Value v;
        replace(draft, v, child);
        draft.insert(slot, at, v);
        model.list.insert(model.list.begin() + at, child);
        return;
      }
      default: {
        Model child;
        Value v;
        replace(draft, v, child);
        draft.push(slot, v);
        model.list.push_back(child);
      }
    }
  }

  std::mt19937 random_;
};

TEST_CASE("draft: random edits do what they do to a plain tree, and earlier documents stay as they were") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Editor editor(seed);
    Model model;
    model.kind = Model::kMap;
    Document doc = parse("{}");
    std::vector<std::pair<Document, std::string>> history;
    for (int round = 0; round < 30; ++round) {
      Draft draft(doc);
      for (int i = 0; i < 12; ++i) editor.edit(draft, draft.root(), model, 0);
      REQUIRE(to_json(draft.root()) == model.json());
      doc = std::move(draft).finish();
      history.emplace_back(doc, model.json());
    }
    for (const auto& [old, text] : history) {
      REQUIRE(to_json(old.root()) == text);
      REQUIRE(equal(parse(text).root(), old.root()));
    }
  }
}

}  // namespace
}  // namespace plinth

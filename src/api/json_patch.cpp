#include "api/json_patch.h"

#include <charconv>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace plinth::api {
namespace {

constexpr std::string_view kMissing = "missing value";
constexpr std::string_view kInvalidIndex = "invalid index referenced";

Error failed(std::string message) { return Error(Reason::kInvalid, std::move(message)); }

// ~1 stands for '/', ~0 for '~'.
std::string decode_key(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    char next = i + 1 < token.size() ? token[i + 1] : '\0';
    bool escape = token[i] == '~' && (next == '0' || next == '1');
    out += escape ? (next == '0' ? '~' : '/') : token[i];
    if (escape) ++i;
  }
  return out;
}

std::string_view json_type(const Value& v) {
  if (v.is_bool()) return "bool";
  if (v.is_number()) return "number";
  if (v.is_string()) return "string";
  return v.is_array() ? "array" : v.is_object() ? "object" : "null";
}

Error wrong_type(const Value& v, std::string_view wanted) {
  return failed(fmt::format("json: cannot unmarshal {} into Go value of type {}", json_type(v), wanted));
}

// 1 and 1.0 are different texts, and so different values, to a test.
bool same(const Value& a, const Value& b) {
  if (a.type() != b.type() || a.size() != b.size()) return false;
  if (a.is_array()) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!same(a.items()[i], b.items()[i])) return false;
    }
    return true;
  }
  if (!a.is_object()) return equal(a, b);
  for (const Member& m : a.members()) {
    const Value* other = b.find(m.key());
    if (other == nullptr || !same(m.value, *other)) return false;
  }
  return true;
}

class Patcher {
 public:
  Patcher(Draft& draft, const Value& operation) : draft_(draft), operation_(operation) {}

  Result<void> run() {
    std::string_view op = operation_["op"].as_string();
    if (op == "add") return add();
    if (op == "remove") return remove();
    if (op == "replace") return replace();
    if (op == "move") return move();
    if (op == "copy") return copy();
    if (op == "test") return test();
    return failed(fmt::format("Unexpected kind: {}", operation_["op"].is_string() ? op : "unknown"));
  }

 private:
  // The container of a path's last step.
  struct Place {
    Value* container = nullptr;
    std::string key;
  };

  Result<std::string> path(std::string_view name) {
    const Value* v = operation_.find(name);
    if (v == nullptr || v->is_null()) {
      return failed(
          fmt::format("{} field: {}", name == "path" ? "operation missing path" : "operation, missing from", kMissing));
    }
    if (!v->is_string()) return wrong_type(*v, "string");
    return std::string(v->as_string());
  }

  Place find(std::string_view path) {
    std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return {};
    Value* at = &draft_.root();
    for (path.remove_prefix(slash + 1);; path.remove_prefix(slash + 1)) {
      slash = path.find('/');
      std::string key = decode_key(path.substr(0, slash));
      if (slash == std::string_view::npos) return {at, std::move(key)};
      at = step(*at, key);
      if (at == nullptr || !(at->is_array() || at->is_object())) return {};
    }
  }

  Value* step(Value& container, const std::string& key) {
    if (container.is_object()) return draft_.mutable_find(container, key);
    Result<std::size_t> i = index(key, container.size());
    return i.ok() ? &draft_.item(container, *i) : nullptr;
  }

  // An index below `limit`; negative ones count from there.
  static Result<std::size_t> index(const std::string& key, std::size_t limit) {
    std::int64_t n = 0;
    const char* begin = key.data() + (!key.empty() && key[0] == '+' ? 1 : 0);
    auto [end, error] = std::from_chars(begin, key.data() + key.size(), n);
    if (error == std::errc::result_out_of_range)
      return failed(fmt::format("strconv.Atoi: parsing \"{}\": value out of range", key));
    if (error != std::errc() || end != key.data() + key.size()) {
      return failed(fmt::format("strconv.Atoi: parsing \"{}\": invalid syntax", key));
    }
    auto size = static_cast<std::int64_t>(limit);
    if (n >= size || n < -size) return failed(fmt::format("Unable to access invalid index: {}: {}", n, kInvalidIndex));
    return static_cast<std::size_t>(n < 0 ? n + size : n);
  }

  // What is there; null when a member is absent.
  static Result<Value> get(const Place& place) {
    if (place.container->is_object()) return (*place.container)[place.key];
    std::size_t i = TRY(index(place.key, place.container->size()));
    return place.container->items()[i];
  }

  Result<void> put(const Place& place, Value v) {
    if (place.container->is_object()) {
      draft_.set(*place.container, place.key, v);
      return {};
    }
    std::size_t size = place.container->size();
    if (place.key == "-") {
      draft_.push(*place.container, v);
      return {};
    }
    Result<std::size_t> i = index(place.key, size + 1);
    if (!i.ok()) {
      bool number = i.error().message().starts_with("Unable");
      return number ? std::move(i).error()
                    : failed(fmt::format("value was not a proper array index: '{}': {}", place.key, i.error().message()));
    }
    draft_.insert(*place.container, *i, v);
    return {};
  }

  Result<void> drop(const Place& place) {
    if (place.container->is_object()) {
      if (draft_.remove(*place.container, place.key)) return {};
      return failed(fmt::format("Unable to remove nonexistent key: {}: {}", place.key, kMissing));
    }
    std::size_t i = TRY(index(place.key, place.container->size()));
    draft_.erase(*place.container, i);
    return {};
  }

  static Result<void> within(Result<void> done, std::string_view what, std::string_view where) {
    if (done.ok()) return {};
    return failed(fmt::format("{} '{}': {}", what, where, done.error().message()));
  }

  Result<void> add() {
    Result<std::string> path = this->path("path");
    if (!path.ok()) return failed(fmt::format("add operation failed to decode path: {}", kMissing));
    Place place = find(*path);
    if (place.container == nullptr) {
      return failed(fmt::format("add operation does not apply: doc is missing path: \"{}\": {}", *path, kMissing));
    }
    return within(put(place, operation_["value"]), "error in add for path:", *path);
  }

  Result<void> remove() {
    Result<std::string> path = this->path("path");
    if (!path.ok()) return failed(fmt::format("remove operation failed to decode path: {}", kMissing));
    Place place = find(*path);
    if (place.container == nullptr) {
      return failed(fmt::format("remove operation does not apply: doc is missing path: \"{}\": {}", *path, kMissing));
    }
    return within(drop(place), "error in remove for path:", *path);
  }

  Result<void> replace() {
    Result<std::string> path = this->path("path");
    if (!path.ok()) return failed("replace operation failed to decode path: " + path.error().message());
    if (path->empty()) {
      Value v = operation_["value"];
      if (!v.is_object() && !v.is_array()) return failed("replace operation value must be object or array");
      draft_.root() = v;
      return {};
    }
    Place place = find(*path);
    if (place.container == nullptr) {
      return failed(fmt::format("replace operation does not apply: doc is missing path: {}: {}", *path, kMissing));
    }
    if (!get(place).ok()) {
      return failed(fmt::format("replace operation does not apply: doc is missing key: {}: {}", *path, kMissing));
    }
    Value v = operation_["value"];
    if (place.container->is_object())
      draft_.set(*place.container, place.key, v);
    else
      draft_.item(*place.container, TRY(index(place.key, place.container->size()))) = v;
    return {};
  }

  Result<void> move() {
    Result<std::string> from = path("from");
    if (!from.ok()) return failed("move operation failed to decode from: " + from.error().message());
    Place source = find(*from);
    if (source.container == nullptr) {
      return failed(fmt::format("move operation does not apply: doc is missing from path: {}: {}", *from, kMissing));
    }
    Result<Value> v = get(source);
    if (!v.ok()) return failed(fmt::format("error in move for path: '{}': {}", source.key, v.error().message()));
    TRY(within(drop(source), "error in move for path:", source.key));
    return put_at(*v, "move", "error in move for path:");
  }

  Result<void> copy() {
    Result<std::string> from = path("from");
    if (!from.ok()) return failed("copy operation failed to decode from: " + from.error().message());
    Place source = find(*from);
    if (source.container == nullptr) {
      return failed(fmt::format("copy operation does not apply: doc is missing from path: {}: {}", *from, kMissing));
    }
    Result<Value> v = get(source);
    if (!v.ok()) return failed(fmt::format("error in copy for from: '{}': {}", *from, v.error().message()));
    return put_at(draft_.clone(*v), "copy", nullptr);
  }

  Result<void> put_at(Value v, std::string_view op, const char* lead) {
    Result<std::string> path = this->path("path");
    // Upstream hides the cause where it copies.
    if (!path.ok())
      return failed(fmt::format("{} operation failed to decode path: {}", op,
                                lead != nullptr ? std::string_view(path.error().message()) : kMissing));
    Place place = find(*path);
    if (place.container == nullptr) {
      return failed(fmt::format("{} operation does not apply: doc is missing destination path: {}: {}", op, *path, kMissing));
    }
    Result<void> done = put(place, v);
    if (lead != nullptr) return within(std::move(done), lead, *path);
    return done.ok() ? std::move(done) : failed("error while adding value during copy: " + done.error().message());
  }

  Result<void> test() {
    Result<std::string> path = this->path("path");
    if (!path.ok()) return failed("test operation failed to decode path: " + path.error().message());
    Value wanted = operation_["value"];
    Error mismatch = failed(fmt::format("testing value {} failed: test failed", *path));
    if (path->empty()) return same(draft_.root(), wanted) ? Result<void>() : Result<void>(std::move(mismatch));
    Place place = find(*path);
    if (place.container == nullptr) {
      return failed(fmt::format("test operation does not apply: is missing path: {}: {}", *path, kMissing));
    }
    Result<Value> v = get(place);
    if (!v.ok()) return failed(fmt::format("error in test for path: '{}': {}", *path, v.error().message()));
    return same(*v, wanted) ? Result<void>() : Result<void>(std::move(mismatch));
  }

  Draft& draft_;
  const Value& operation_;
};

}  // namespace

Result<Document> json_patch(const Document& object, const Document& patch) {
  const Value& list = patch.root();
  if (!list.is_array() && !list.is_null()) return bad_request(wrong_type(list, "jsonpatch.Patch").message());
  if (list.size() > kJsonPatchOperationsMax) {
    return Error(Reason::kRequestEntityTooLarge,
                 fmt::format("Request entity is too large: The allowed maximum operations in a JSON patch is {}, got {}",
                             kJsonPatchOperationsMax, list.size()));
  }
  for (const Value& operation : list.items()) {
    if (!operation.is_object() && !operation.is_null())
      return bad_request(wrong_type(operation, "jsonpatch.Operation").message());
  }
  Draft draft(object);
  draft.adopt(patch);
  for (const Value& operation : list.items()) TRY(Patcher(draft, operation).run());
  return std::move(draft).finish();
}

}  // namespace plinth::api

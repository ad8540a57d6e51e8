// kro's own functions: random.*, maps, json, hash, lists, omit().
#include <fmt/core.h>
#include <openssl/evp.h>

#include "base/json.h"
#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

constexpr std::int64_t kTextMax = 1'000'000;  // characters that random.* makes

std::string digest(const EVP_MD* algorithm, std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), &size, algorithm, nullptr);
  out.resize(size);
  return out;
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// The same seed gives the same text; it has a period of eight characters, so it is no place for secrets.
Value seeded_string(CallContext& context, Args args) {
  constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::int64_t length = args[0].as_int();
  if (length <= 0) return context.error("random.seededString length must be positive");
  if (length > kTextMax) return context.error(fmt::format("random.seededString length must be at most {}", kTextMax));
  std::string hash = digest(EVP_sha256(), args[1].as_string());
  std::string out;
  for (std::int64_t i = 0; i < length; ++i)
    out += kAlphabet[big_endian(hash.substr(static_cast<std::size_t>(4 * i % 32), 4)) % kAlphabet.size()];
  return context.string(out);
}

Value seeded_int(CallContext& context, Args args) {
  std::int64_t min = args[0].as_int(), max = args[1].as_int();
  if (min >= max) return context.error("random.seededInt min must be less than max");
  std::uint64_t range = static_cast<std::uint64_t>(max) - static_cast<std::uint64_t>(min);
  std::uint64_t drawn = big_endian(digest(EVP_sha256(), args[2].as_string()).substr(0, 8)) % range;
  return Value::of(static_cast<std::int64_t>(static_cast<std::uint64_t>(min) + drawn));
}

Value alphanumeric(CallContext& context, Args args) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::int64_t length = args[0].as_int();
  if (length <= 0 || length > kTextMax)
    return context.error(fmt::format("random.alphanumeric length must be from 1 to {}", kTextMax));
  auto* entropy = static_cast<Entropy*>(const_cast<void*>(context.overload.state.get()));
  std::string out;
  unsigned char bytes[64];
  constexpr unsigned kUnbiased = 256 / 62 * 62;  // bytes past it would favour the alphabet's beginning
  while (out.size() < static_cast<std::size_t>(length)) {
    entropy->fill(bytes);
    for (unsigned char b : bytes) {
      if (b < kUnbiased && out.size() < static_cast<std::size_t>(length)) out += kAlphabet[b % kAlphabet.size()];
    }
  }
  return context.string(out);
}

// The second map's entries win; with `deep`, maps within maps are merged likewise.
Value merged(const Value& a, const Value& b, bool deep, int depth, Memory& memory) {
  constexpr int kDepthMax = 512;
  Map first(a), second(b);
  MapBuilder out(memory, first.size() + second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    MapEntry entry = first.entry(i, memory);
    Value other;
    if (second.find(entry.key, memory, &other)) {
      bool both = deep && depth < kDepthMax && entry.value.is(Kind::kMap) && other.is(Kind::kMap);
      entry.value = both ? merged(entry.value, other, deep, depth + 1, memory) : other;
    }
    out.insert(entry.key, entry.value);
  }
  for (std::size_t i = 0; i < second.size(); ++i) {
    MapEntry entry = second.entry(i, memory);
    out.insert(entry.key, entry.value);  // those of both maps are there already
  }
  return Value::map(out.finish());
}

Value merge(CallContext& context, Args args) { return merged(args[0], args[1], false, 0, context.memory); }

Value deep_merge(CallContext& context, Args args) {
  if (!args[0].is(Kind::kMap) || !args[1].is(Kind::kMap)) return no_such_overload(context.memory, "deepMerge", args);
  return merged(args[0], args[1], true, 0, context.memory);
}

Value marshal(CallContext& context, Args args) {
  Draft draft;
  auto document = to_document(args[0], draft);
  if (!document.ok()) return context.error("json.marshal: " + document.error().message());
  return context.string(to_json(*document));
}

// All numbers are doubles, as encoding/json reads them.
Value copied(const DocumentValue& value, Memory& memory) {
  switch (value.type()) {
    case DocumentValue::Type::kString:
      return Value::string(memory.copy(value.as_string()));
    case DocumentValue::Type::kInt:
    case DocumentValue::Type::kDouble:
      return Value::of(value.as_double());
    case DocumentValue::Type::kArray: {
      ListBody* out = new_list(memory, value.size());
      for (const DocumentValue& item : value.items()) out->items[out->size++] = copied(item, memory);
      return Value::list(out);
    }
    case DocumentValue::Type::kObject: {
      MapBuilder out(memory, value.size());
      for (const Member& member : value.members())
        out.insert(Value::string(memory.copy(member.key())), copied(member.value, memory));
      return Value::map(out.finish());
    }
    default:
      return Value::of_document(value, nullptr, memory);
  }
}

Value unmarshal(CallContext& context, Args args) {
  auto document = parse_json(args[0].as_string());
  if (!document.ok()) return context.error("json.unmarshal: " + document.error().message());
  return copied(document->root(), context.memory);
}

Value fnv64a(CallContext& context, Args args) {
  std::uint64_t hash = 14695981039346656037ull;
  for (char c : args[0].as_string()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  char* out = context.memory.text(8);
  for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(hash >> (56 - 8 * i));
  return Value::bytes({out, 8});
}

Value sha256(CallContext& context, Args args) {
  return Value::bytes(context.memory.copy(digest(EVP_sha256(), args[0].as_string())));
}
Value md5(CallContext& context, Args args) { return Value::bytes(context.memory.copy(digest(EVP_md5(), args[0].as_string()))); }

enum class Edit : std::uint8_t { kSet, kInsert, kRemove };

template <Edit kEdit>
Value edit_list(CallContext& context, Args args) {
  List list(args[0]);
  std::int64_t at = args[1].as_int();
  auto end = static_cast<std::int64_t>(list.size()) + (kEdit == Edit::kInsert ? 1 : 0);
  if (at < 0 || at >= end)
    return context.error(fmt::format("index {} out of bounds for a list of {} elements", at, list.size()));
  ListBody* out = new_list(context.memory, list.size() + 1);
  for (std::size_t i = 0; i <= list.size(); ++i) {
    bool here = static_cast<std::int64_t>(i) == at;
    if (here && kEdit != Edit::kRemove) out->items[out->size++] = args[2];
    if (i < list.size() && !(here && kEdit != Edit::kInsert)) out->items[out->size++] = list.at(i, context.memory);
  }
  return Value::list(out);
}

constexpr OpaqueType kOmitType = {
    "kro.omit",
    [](const Opaque&, const Opaque&) { return true; },
    [](const Opaque&, std::string& out) { out += "omit()"; },
};
constexpr Opaque kOmit = {&kOmitType};

Value omit(CallContext&, Args) { return Value::opaque(&kOmit); }

std::uint64_t cost_of_list(Sizes sizes, std::uint64_t) { return saturating_add(1 + kListCreationCost, sizes[0]); }
std::uint64_t cost_of_text(Sizes, std::uint64_t result) { return 1 + traversal_cost(result); }
std::uint64_t cost_of_third(Sizes sizes, std::uint64_t) { return 1 + traversal_cost(sizes[2]); }
std::uint64_t cost_of_maps(Sizes sizes, std::uint64_t) {
  return saturating_add(kMapCreationCost, saturating_add(sizes[0], sizes[1]));
}

void add_lists(Library& l) {
  const Type list = list_of_a(), i = Type::integer();
  l.global("lists.setAtIndex", "lists_set_at_index", {list, i, type_a()}, list, edit_list<Edit::kSet>).with_cost(cost_of_list);
  l.global("lists.insertAtIndex", "lists_insert_at_index", {list, i, type_a()}, list, edit_list<Edit::kInsert>)
      .with_cost(cost_of_list);
  l.global("lists.removeAtIndex", "lists_remove_at_index", {list, i}, list, edit_list<Edit::kRemove>).with_cost(cost_of_list);
}

}  // namespace

bool is_omit(const Value& value) { return value.is(Kind::kOpaque) && value.as_opaque().type == &kOmitType; }

Library kro_library() {
  Library l("kro");
  const Type s = Type::string(), i = Type::integer(), d = Type::dyn(), map = map_of_ab(), bytes = Type::bytes();
  l.global("random.seededString", "random_seeded_string", {i, s}, s, seeded_string).with_cost(cost_of_text);
  l.global("random.seededInt", "random_seeded_int", {i, i, s}, i, seeded_int).with_cost(cost_of_third);
  l.member("merge", "map_merge", {map, map}, map, merge).with_cost(cost_of_maps);
  l.member("deepMerge", "dyn_deep_merge", {d, d}, d, deep_merge).with_cost(cost_of_maps);
  l.global("json.marshal", "json_marshal", {d}, s, marshal).with_cost(cost_of_text);
  l.global("json.unmarshal", "json_unmarshal", {s}, d, unmarshal).with_cost(cost_of_first);
  l.global("hash.fnv64a", "hash_fnv64a", {s}, bytes, fnv64a).with_cost(cost_of_first);
  l.global("hash.sha256", "hash_sha256", {s}, bytes, sha256).with_cost(cost_of_first);
  l.global("hash.md5", "hash_md5", {s}, bytes, md5).with_cost(cost_of_first);
  add_lists(l);
  return l;
}

Library omit_library() {
  Library l("kro.omit");
  l.global("omit", "omit", {}, Type::dyn(), omit);
  return l;
}

Library entropy_library(std::shared_ptr<Entropy> entropy) {
  Library l("entropy");
  l.global("random.alphanumeric", "random_alphanumeric", {Type::integer()}, Type::string(), alphanumeric).impure().state =
      std::move(entropy);
  return l;
}

}  // namespace plinth::cel

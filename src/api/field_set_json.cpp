// FieldsV1: the JSON form of field sets.
#include <algorithm>

#include <fmt/format.h>

#include "api/field_set.h"

namespace plinth::api {
namespace {

using Node = FieldSetNode;
using Nodes = std::vector<Node>;

class Reader {
 public:
  explicit Reader(Arena& arena) : arena_(arena) {}

  // Reads an object's members; true when its container is itself in the set.
  Result<bool> read(const Value& fields, Nodes& out) {
    if (!fields.is_object() && !fields.is_null()) return bad_request("FieldsV1: expected an object or null");
    std::size_t begin = out.size();
    bool member = false, sorted = true;
    std::size_t last = 0;
    for (const Member& m : fields.members()) {
      if (m.key() == ".") {
        member = true;
        continue;
      }
      Node node;
      switch (PathElement::parse(m.key(), arena_, node.element)) {
        case PathElement::Parsed::kUnknownKind:
          continue;  // a later version may know it
        case PathElement::Parsed::kError:
          return bad_request(fmt::format("FieldsV1: bad path element {}", m.key()));
        case PathElement::Parsed::kElement:
          break;
      }
      std::size_t at = out.size();
      if (at > begin && out[last].element.compare(node.element) >= 0) sorted = false;
      last = at;
      out.push_back(node);
      out[at].member = TRY(read(m.value, out));
      out[at].span = static_cast<std::uint32_t>(out.size() - at);
    }
    if (!sorted) sort_level(begin, out);
    return member || out.size() == begin;
  }

 private:
  // Others may write the elements in another order; upstream's is not part of the format.
  static void sort_level(std::size_t begin, Nodes& out) {
    Nodes level(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end());
    out.resize(begin);
    std::vector<const Node*> siblings;
    for (const Node* n = level.data(); n < level.data() + level.size(); n += n->span) siblings.push_back(n);
    std::stable_sort(siblings.begin(), siblings.end(),
                     [](const Node* a, const Node* b) { return a->element.compare(b->element) < 0; });
    for (std::size_t i = 0; i < siblings.size(); ++i) {
      // Two spellings of one element: a member if either is, children from the later one that has any.
      const Node* with_children = siblings[i];
      bool member = siblings[i]->member;
      for (; i + 1 < siblings.size() && siblings[i]->element == siblings[i + 1]->element; ++i) {
        member = member || siblings[i + 1]->member;
        if (siblings[i + 1]->span > 1) with_children = siblings[i + 1];
      }
      std::size_t at = out.size();
      out.insert(out.end(), with_children, with_children + with_children->span);
      out[at].member = member;
    }
  }

  Arena& arena_;
};

void append_level(std::string& out, const Node* begin, const Node* end, bool self) {
  out += '{';
  if (self && begin < end) out += R"(".":{})";
  for (const Node* n = begin; n < end; n += n->span) {
    if (out.back() != '{') out += ',';
    n->element.append_json_key(out);
    out += ':';
    append_level(out, n + 1, n + n->span, n->member);
  }
  out += '}';
}

}  // namespace

Result<FieldSet> FieldSet::parse(const Value& fields, Arena& arena) {
  Nodes nodes;
  TRY(Reader(arena).read(fields, nodes));
  return FieldSet(std::move(nodes));
}

void FieldSet::append_json(std::string& out) const { append_level(out, nodes_.data(), nodes_.data() + nodes_.size(), false); }

std::string FieldSet::to_json() const {
  std::string out;
  append_json(out);
  return out;
}

}  // namespace plinth::api

#include "api/strategic_list.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/go_dump.h"

namespace plinth::api {
namespace {

Result<void> check_keys(const ValueList& list, std::string_view key) {
  if (key.empty()) return {};
  for (const Value& item : list) {
    if (!item.is_object()) return bad_request("expected a list of objects, but received a " + std::string(go_type_name(item)));
    if (item.find(key) == nullptr) {
      return bad_request(fmt::format("map: {} does not contain declared merge key: {}", go_plain(item), key));
    }
  }
  return {};
}

void sort_by(ValueList& list, const ValueList& order, std::string_view key) {
  std::stable_sort(list.begin(), list.end(), [&](const Value& a, const Value& b) {
    return index_of_name(order, item_name(a, key), key) < index_of_name(order, item_name(b, key), key);
  });
}

}  // namespace

Value item_name(const Value& item, std::string_view key) { return key.empty() ? item : item[key]; }

bool same_name(const Value& a, const Value& b) {
  return a.type() == b.type() && !a.is_array() && !a.is_object() && equal(a, b);
}

std::size_t index_of_name(const ValueList& list, const Value& name, std::string_view key) {
  auto at = std::find_if(list.begin(), list.end(), [&](const Value& item) { return same_name(item_name(item, key), name); });
  return static_cast<std::size_t>(at - list.begin());
}

Result<void> check_same_kind(const ValueList& a, const ValueList& b) {
  const Value* first = !a.empty() ? &a[0] : !b.empty() ? &b[0] : nullptr;
  if (first == nullptr) return bad_request("no elements in any of the given slices");
  if (first->is_array()) return Error(Reason::kInvalid, "lists of lists are not supported");
  for (const ValueList* list : {&a, &b}) {
    for (const Value& item : *list) {
      if (item.type() != first->type() || item.is_null()) return bad_request("list element types are not identical");
    }
  }
  return {};
}

Result<ValueList> ordered(const ValueList& merged, const ValueList& order, const ValueList& live, std::string_view key) {
  for (const ValueList* list : {&merged, &order, &live}) TRY(check_keys(*list, key));
  ValueList named, others;
  for (const Value& item : merged) {
    bool is_named = index_of_name(order, item_name(item, key), key) < order.size();
    (is_named ? named : others).push_back(item);
  }
  sort_by(named, order, key);
  sort_by(others, live, key);
  // Each of the others goes before the first named item that it preceded in the live list.
  ValueList out;
  std::size_t next = 0;
  for (const Value& item : named) {
    std::size_t at = index_of_name(live, item_name(item, key), key);
    while (next < others.size() && at < live.size() && index_of_name(live, item_name(others[next], key), key) < at) {
      out.push_back(others[next++]);
    }
    out.push_back(item);
  }
  out.insert(out.end(), others.begin() + static_cast<std::ptrdiff_t>(next), others.end());
  return out;
}

void drop_repeated(ValueList& list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (std::size_t j = i + 1; j < list.size();) {
      if (!same_name(list[i], list[j])) {
        ++j;
        continue;
      }
      list[j] = list.back();
      list.pop_back();
    }
  }
}

}  // namespace plinth::api

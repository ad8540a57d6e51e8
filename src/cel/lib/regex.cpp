// Regular expressions: cel-go's regex.extract, extractAll, replace, and Kubernetes' find and findAll.
#include <fmt/core.h>
#include <re2/re2.h>

#include "base/quoted.h"
#include "base/utf8.h"
#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"
#include "cel/pattern.h"

namespace plinth::cel {
namespace {

constexpr int kGroupsMax = 10;  // \0 to \9

struct Match {
  re2::StringPiece groups[kGroupsMax];
  std::size_t begin(std::string_view text) const { return static_cast<std::size_t>(groups[0].data() - text.data()); }
  std::size_t end(std::string_view text) const { return begin(text) + groups[0].size(); }
  std::string_view group(int i) const { return {groups[i].data(), groups[i].size()}; }
};

// Matches one after the other, as Go finds them: none overlaps, and an empty one not directly after another.
class Matches {
 public:
  Matches(const re2::RE2& pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  bool next(Match* match) {
    int groups = std::min(pattern_.NumberOfCapturingGroups() + 1, kGroupsMax);
    while (from_ <= text_.size()) {
      if (!pattern_.Match({text_.data(), text_.size()}, from_, text_.size(), re2::RE2::UNANCHORED, match->groups, groups))
        return false;
      bool empty = match->groups[0].empty();
      std::size_t begin = match->begin(text_), end = match->end(text_);
      bool adjacent = empty && begin == last_end_;
      from_ = end;
      if (empty) from_ += end < text_.size() ? decode_rune(text_.substr(end)).length : 1;
      last_end_ = end;
      if (!adjacent) return true;
    }
    return false;
  }

 private:
  const re2::RE2& pattern_;
  std::string_view text_;
  std::size_t from_ = 0;
  std::size_t last_end_ = std::string_view::npos;
};

// Runs `function(pattern)` with the pattern of the second argument.
template <typename F>
Value with_pattern(CallContext& context, Args args, F function) {
  std::shared_ptr<const Pattern> holder;
  Value error;
  const Pattern* pattern = pattern_of(context, args[1], holder, &error);
  return pattern == nullptr ? error : function(pattern->re2());
}

Value too_many_groups(CallContext& context, Args args) {
  return context.error("regular expression has more than one capturing group: " + quoted(args[1].as_string()));
}

Value some(CallContext& context, std::string_view text) {
  return Value::optional(context.memory.make<Value>(Value::string(text)));
}

Value list_of(CallContext& context, const std::vector<std::string_view>& items) {
  ListBody* out = new_list(context.memory, items.size());
  for (std::string_view item : items) out->items[out->size++] = Value::string(item);
  return Value::list(out);
}

Value extract(CallContext& context, Args args) {
  return with_pattern(context, args, [&](const re2::RE2& pattern) {
    int groups = pattern.NumberOfCapturingGroups();
    if (groups > 1) return too_many_groups(context, args);
    Match match;
    if (!Matches(pattern, args[0].as_string()).next(&match)) return Value::none();
    if (groups == 1 && match.group(1).empty()) return Value::none();
    return some(context, match.group(groups));
  });
}

Value extract_all(CallContext& context, Args args) {
  return with_pattern(context, args, [&](const re2::RE2& pattern) {
    int groups = pattern.NumberOfCapturingGroups();
    if (groups > 1) return too_many_groups(context, args);
    std::vector<std::string_view> found;
    Matches matches(pattern, args[0].as_string());
    for (Match match; matches.next(&match);) {
      if (groups == 0 || !match.group(1).empty()) found.push_back(match.group(groups));
    }
    return list_of(context, found);
  });
}

// The replacement with \0 ... \9 filled in; what is wrong with it in `error`.
bool append_replacement(std::string& out, std::string_view replacement, const Match& match, int groups, std::string* error) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\') {
      out += replacement[i];
      continue;
    }
    if (++i == replacement.size()) {
      *error = fmt::format("invalid replacement string: '{}' \\ not allowed at end", replacement);
      return false;
    }
    if (replacement[i] == '\\') {
      out += '\\';
      continue;
    }
    int group = replacement[i] - '0';
    if (group < 0 || group > 9) {
      *error = fmt::format("invalid replacement string: '{}' \\ must be followed by a digit or \\", replacement);
      return false;
    }
    if (group > groups) {
      *error = fmt::format("replacement string references group {} but regex has only {} group(s)", group, groups);
      return false;
    }
    out += match.group(group);
  }
  return true;
}

Value replace(CallContext& context, Args args) {
  std::int64_t left = args.size() > 3 ? args[3].as_int() : -1;
  if (left == 0) return args[0];
  return with_pattern(context, args, [&](const re2::RE2& pattern) {
    std::string_view text = args[0].as_string();
    std::string out, error;
    std::size_t copied = 0;
    Matches matches(pattern, text);
    for (Match match; left != 0 && matches.next(&match); --left) {
      out.append(text.substr(copied, match.begin(text) - copied));
      copied = match.end(text);
      if (!append_replacement(out, args[2].as_string(), match, pattern.NumberOfCapturingGroups(), &error))
        return context.error(error);
      if (!context.memory.fits(out.size())) return fatal_error(context.memory, "result of regex.replace() is too large");
    }
    return context.string(out.append(text.substr(copied)));
  });
}

Value find(CallContext& context, Args args) {
  return with_pattern(context, args, [&](const re2::RE2& pattern) {
    Match match;
    return Value::string(Matches(pattern, args[0].as_string()).next(&match) ? match.group(0) : std::string_view(""));
  });
}

Value find_all(CallContext& context, Args args) {
  std::int64_t left = args.size() > 2 ? args[2].as_int() : -1;
  return with_pattern(context, args, [&](const re2::RE2& pattern) {
    std::vector<std::string_view> found;
    Matches matches(pattern, args[0].as_string());
    for (Match match; left != 0 && matches.next(&match); --left) found.push_back(match.group(0));
    return list_of(context, found);
  });
}

// A pattern's expressions are taken to be four characters long.
std::uint64_t search_cost(std::uint64_t text, std::uint64_t pattern) {
  return saturating_multiply(traversal_cost(saturating_add(text, 1)), pattern / 4 + (pattern % 4 != 0 ? 1 : 0));
}
std::uint64_t find_cost(Sizes sizes, std::uint64_t) { return search_cost(sizes[0], sizes[1]); }
std::uint64_t extract_cost(Sizes sizes, std::uint64_t result) {
  return saturating_add(saturating_add(1 + kListCreationCost, result), search_cost(sizes[0], saturating_add(sizes[1], 1)));
}

}  // namespace

Library regex_library() {
  Library l("regex");
  const Type s = Type::string(), i = Type::integer();
  l.global("regex.extract", "regex_extract_string_string", {s, s}, Type::optional(s), extract)
      .preparing(1, prepare_pattern)
      .with_cost(extract_cost);
  l.global("regex.extractAll", "regex_extractAll_string_string", {s, s}, Type::list(s), extract_all)
      .preparing(1, prepare_pattern)
      .with_cost(extract_cost);
  l.global("regex.replace", "regex_replace_string_string_string", {s, s, s}, s, replace)
      .preparing(1, prepare_pattern)
      .with_cost(extract_cost);
  l.global("regex.replace", "regex_replace_string_string_string_int", {s, s, s, i}, s, replace)
      .preparing(1, prepare_pattern)
      .with_cost(extract_cost);
  return l;
}

Library kubernetes_regex_library() {
  Library l("kubernetes.regex");
  const Type s = Type::string(), i = Type::integer();
  l.member("find", "string_find_string", {s, s}, s, find)
      .preparing(1, prepare_pattern)
      .with_cost(find_cost, ResultSize::kUpToFirst);
  l.member("findAll", "string_find_all_string", {s, s}, Type::list(s), find_all)
      .preparing(1, prepare_pattern)
      .with_cost(find_cost, ResultSize::kUpToFirst);
  l.member("findAll", "string_find_all_string_int", {s, s, i}, Type::list(s), find_all)
      .preparing(1, prepare_pattern)
      .with_cost(find_cost, ResultSize::kUpToFirst);
  return l;
}

}  // namespace plinth::cel

// cel-go's ext strings. Indexes count code points.
#include <algorithm>

#include <fmt/core.h>

#include "base/utf8.h"
#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"
#include "cel/lib/string_format.h"
#include "cel/lib/text_parts.h"

namespace plinth::cel {
namespace {

Value out_of_range(CallContext& context, std::int64_t index) {
  return context.error(fmt::format("index out of range: {}", index));
}

Value char_at(CallContext& context, Args args) {
  std::string_view text = args[0].as_string();
  auto at = byte_offset(text, args[1].as_int());
  if (!at) return out_of_range(context, args[1].as_int());
  if (*at == text.size()) return Value::string("");
  return Value::string(text.substr(*at, decode_rune(text.substr(*at)).length));
}

Value position(std::string_view text, std::size_t at) {
  if (at == std::string_view::npos) return Value::of(-1);
  return Value::of(static_cast<std::int64_t>(code_points(text.substr(0, at))));
}

Value index_of(CallContext& context, Args args) {
  std::string_view text = args[0].as_string();
  std::int64_t from = args.size() > 2 ? args[2].as_int() : 0;
  auto at = byte_offset(text, from);
  if (!at) return out_of_range(context, from);
  return position(text, text.find(args[1].as_string(), *at));
}

Value last_index_of(CallContext& context, Args args) {
  std::string_view text = args[0].as_string();
  std::size_t at = text.size();
  if (args.size() > 2) {
    auto from = byte_offset(text, args[2].as_int());
    if (!from) return out_of_range(context, args[2].as_int());
    at = *from;
    if (at == text.size() && !args[1].as_string().empty()) return Value::of(-1);
  }
  return position(text, text.rfind(args[1].as_string(), at));
}

template <char kFrom, char kTo, int kShift>
Value shift_case(CallContext& context, Args args) {
  std::string_view text = args[0].as_string();
  char* out = context.memory.text(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    out[i] = text[i] >= kFrom && text[i] <= kTo ? static_cast<char>(text[i] + kShift) : text[i];
  }
  return Value::string({out, text.size()});
}

Value replace(CallContext& context, Args args) {
  std::int64_t count = args.size() > 3 ? args[3].as_int() : -1;
  std::string_view text = args[0].as_string(), from = args[1].as_string(), to = args[2].as_string();
  std::size_t found_max = from.empty() ? text.size() + 1 : text.size() / from.size();
  if (!context.memory.fits(saturating_add(text.size(), saturating_multiply(found_max, to.size())))) {
    return fatal_error(context.memory, "result of replace() is too large");
  }
  return context.string(replace_text(text, from, to, count));
}

Value split(CallContext& context, Args args) {
  std::int64_t count = args.size() > 2 ? args[2].as_int() : -1;
  auto pieces = split_text(args[0].as_string(), args[1].as_string(), count);
  ListBody* out = new_list(context.memory, pieces.size());
  for (std::string_view piece : pieces) out->items[out->size++] = Value::string(piece);
  return Value::list(out);
}

Value substring(CallContext& context, Args args) {
  std::string_view text = args[0].as_string();
  auto from = byte_offset(text, args[1].as_int());
  if (!from) return out_of_range(context, args[1].as_int());
  if (args.size() == 2) return Value::string(text.substr(*from));
  auto to = byte_offset(text, args[2].as_int());
  if (!to) return out_of_range(context, args[2].as_int());
  if (*from > *to)
    return context.error(fmt::format("invalid substring range. start: {}, end: {}", args[1].as_int(), args[2].as_int()));
  return Value::string(text.substr(*from, *to - *from));
}

Value trim(CallContext&, Args args) { return Value::string(trim_text(args[0].as_string())); }

Value reverse(CallContext& context, Args args) {
  std::string_view text = args[0].as_string();
  char* out = context.memory.text(text.size());
  std::size_t end = text.size();
  for (std::size_t at = 0; at < text.size();) {
    std::size_t n = std::max<std::size_t>(1, utf8_length(text.substr(at)));
    end -= n;
    std::memcpy(out + end, text.data() + at, n);
    at += n;
  }
  return Value::string({out, text.size()});
}

Value join(CallContext& context, Args args) {
  List list(args[0]);
  std::string_view separator = args.size() > 1 ? args[1].as_string() : std::string_view();
  std::string out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Value item = list.at(i, context.memory);
    if (!item.is(Kind::kString)) return no_such_overload(context.memory, "join", {&item, 1});
    if (i != 0) out += separator;
    out += item.as_string();
    if (!context.memory.fits(out.size())) return fatal_error(context.memory, "result of join() is too large");
  }
  return context.string(out);
}

void append_quoted(std::string& out, char32_t rune) {
  switch (rune) {
    case '\a':
      out += "\\a";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\v':
      out += "\\v";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '"':
      out += "\\\"";
      break;
    default:
      append_utf8(out, rune);
  }
}

Value quote(CallContext& context, Args args) {
  std::string out = "\"";
  for (std::string_view rest = args[0].as_string(); !rest.empty();) {
    DecodedRune rune = decode_rune(rest);
    append_quoted(out, rune.rune);
    rest.remove_prefix(rune.length);
  }
  return context.string(out + "\"");
}

Value format(CallContext& context, Args args) {
  auto text = format_string(args[0].as_string(), List(args[1]), context.memory);
  return text.ok() ? context.string(*text) : context.error(text.error().message());
}

// Going through the text and making the result of it.
std::uint64_t cost_of_rebuilding(Sizes sizes, std::uint64_t) { return traversal_cost(saturating_multiply(2, sizes[0])); }
std::uint64_t cost_of_joining(Sizes, std::uint64_t result) { return traversal_cost(saturating_multiply(2, result)); }

// The most that a text can be after `from` became `to` everywhere, and the least: so many times as it fits, where that makes it
// longer or shorter.
CallEstimate replace_estimate(const CallSizes& sizes) {
  const SizeRange text = sizes.arguments[0], from = sizes.arguments[1], to = sizes.arguments[2];
  const auto times = [](std::uint64_t size, std::uint64_t part) { return size / part + (size % part != 0 ? 1 : 0); };
  std::uint64_t most = text.max, least = text.min;
  if (from.min == 0)
    most = saturating_add(saturating_multiply(saturating_add(text.max, 1), to.max), text.max);
  else if (to.max > from.min)
    most = saturating_multiply(times(text.max, from.min), to.max);
  if (from.max == 0)
    least = saturating_add(saturating_multiply(saturating_add(text.min, 1), to.min), text.min);
  else if (from.max > to.min)
    least = saturating_multiply(times(text.min, from.max), to.min);
  return {{traversal_cost(saturating_multiply(2, text.min)), traversal_cost(saturating_multiply(2, text.max))},
          SizeRange{least, most}};
}

CallEstimate split_estimate(const CallSizes& sizes) {
  const SizeRange text = sizes.arguments[0];
  const bool is_limited = sizes.arguments.size() == 3 && sizes.number;
  return {{traversal_cost(saturating_multiply(2, text.min)), traversal_cost(saturating_multiply(2, text.max))},
          SizeRange{0, is_limited ? static_cast<std::uint64_t>(*sizes.number) : text.max}};
}

CallEstimate join_estimate(const CallSizes& sizes) {
  const SizeRange list = sizes.arguments[0];
  const SizeRange separator = sizes.arguments.size() > 1 ? sizes.arguments[1] : SizeRange();
  const auto joined = [](std::uint64_t count, std::uint64_t item, std::uint64_t between) {
    return saturating_add(saturating_multiply(count, item), saturating_multiply(count == 0 ? 0 : count - 1, between));
  };
  const SizeRange result{joined(list.min, sizes.items.min, separator.min), joined(list.max, sizes.items.max, separator.max)};
  return {{traversal_cost(result.min), traversal_cost(result.max)}, result};
}

void add_searches(Library& l) {
  const Type s = Type::string(), i = Type::integer();
  l.member("charAt", "string_char_at_int", {s, i}, s, char_at);
  l.member("indexOf", "string_index_of_string", {s, s}, i, index_of).with_cost(cost_of_first);
  l.member("indexOf", "string_index_of_string_int", {s, s, i}, i, index_of).with_cost(cost_of_first);
  l.member("lastIndexOf", "string_last_index_of_string", {s, s}, i, last_index_of).with_cost(cost_of_first);
  l.member("lastIndexOf", "string_last_index_of_string_int", {s, s, i}, i, last_index_of).with_cost(cost_of_first);
}

}  // namespace

Library strings_library() {
  Library l("strings");
  const Type s = Type::string(), i = Type::integer(), strings = Type::list(s);
  add_searches(l);
  l.member("lowerAscii", "string_lower_ascii", {s}, s, shift_case<'A', 'Z', 32>).with_cost(cost_of_first, ResultSize::kOfFirst);
  l.member("upperAscii", "string_upper_ascii", {s}, s, shift_case<'a', 'z', -32>)
      .with_cost(cost_of_first, ResultSize::kOfFirst);
  l.member("replace", "string_replace_string_string", {s, s, s}, s, replace)
      .with_cost(cost_of_rebuilding)
      .estimated(replace_estimate);
  l.member("replace", "string_replace_string_string_int", {s, s, s, i}, s, replace)
      .with_cost(cost_of_rebuilding)
      .estimated(replace_estimate);
  l.member("split", "string_split_string", {s, s}, strings, split).with_cost(cost_of_rebuilding).estimated(split_estimate);
  l.member("split", "string_split_string_int", {s, s, i}, strings, split)
      .with_cost(cost_of_rebuilding)
      .estimated(split_estimate);
  l.member("substring", "string_substring_int", {s, i}, s, substring).with_cost(cost_of_first, ResultSize::kUpToFirst);
  l.member("substring", "string_substring_int_int", {s, i, i}, s, substring).with_cost(cost_of_first, ResultSize::kUpToFirst);
  l.member("trim", "string_trim", {s}, s, trim).with_cost(cost_of_first, ResultSize::kUpToFirst);
  l.member("reverse", "string_reverse", {s}, s, reverse).with_cost(cost_of_first, ResultSize::kOfFirst);
  l.member("join", "list_join", {strings}, s, join).with_cost(cost_of_joining).estimated(join_estimate);
  l.member("join", "list_join_string", {strings, s}, s, join).with_cost(cost_of_joining).estimated(join_estimate);
  l.global("strings.quote", "strings_quote", {s}, s, quote).with_cost(cost_of_first);
  l.member("format", "string_format", {s, Type::list(Type::dyn())}, s, format).with_cost(cost_of_first);
  return l;
}

}  // namespace plinth::cel

#include "node/runtime/sim_script.h"

#include "base/text.h"

namespace plinth::node {
namespace {

using Kind = ScriptStep::Kind;

std::string expand(std::string_view word, const ScriptContext& context) {
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '$' || i + 1 == word.size()) {
      out += word[i];
      continue;
    }
    const bool braces = word[i + 1] == '{';
    std::size_t end = i + (braces ? 2 : 1);
    const std::size_t begin = end;
    while (end < word.size() && (isalnum(static_cast<unsigned char>(word[end])) || word[end] == '_')) ++end;
    const std::string_view name = word.substr(begin, end - begin);
    if (name.empty()) {
      out += word[i];
      continue;
    }
    out += context.envs.find(name).value_or("");
    i = braces && end < word.size() ? end : end - 1;
  }
  return out;
}

// Words of one simple command; quotes as the shell has them, without escapes but in double quotes.
std::vector<std::string> words_of(std::string_view text, const ScriptContext& context) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\'' || c == '"') {
      const std::size_t end = text.find(c, i + 1);
      const std::string_view inside = text.substr(i + 1, end == std::string_view::npos ? end : end - i - 1);
      word += c == '"' ? expand(inside, context) : std::string(inside);
      open = true;
      if (end == std::string_view::npos) break;
      i = end;
    } else if (c == ' ' || c == '\t') {
      if (open) words.push_back(std::move(word));
      word.clear();
      open = false;
    } else {
      std::size_t end = i;
      while (end < text.size() && text.find_first_of(" \t'\"", end) != end) ++end;
      word += expand(text.substr(i, end - i), context);
      open = true;
      i = end - 1;
    }
  }
  if (open) words.push_back(std::move(word));
  return words;
}

std::vector<std::string> commands_of(std::string_view text) {
  std::vector<std::string> out(1);
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == ';' || c == '\n' || (c == '&' && i > 0 && text[i - 1] == '&')) {
      out.emplace_back();
      continue;
    } else if (c == '&' && (i == 0 || text[i - 1] != '>')) {
      if (i + 1 < text.size() && text[i + 1] == '&') continue;
      out.emplace_back();  // in the background: its time counts all the same
      continue;
    }
    out.back() += c;
  }
  return out;
}

Duration seconds_of(std::string_view text) {
  if (text == "infinity") return std::chrono::hours(24 * 365);
  if (auto whole = parse_integer<std::int64_t>(text)) return std::chrono::seconds(*whole);
  const auto [whole, fraction] = cut(text, ".");
  std::int64_t ns = parse_integer<std::int64_t>(whole).value_or(0) * 1'000'000'000;
  if (fraction) {
    std::string digits(fraction->substr(0, 9));
    digits.resize(9, '0');
    ns += parse_integer<std::int64_t>(digits).value_or(0);
  }
  return Duration(ns);
}

struct Builder {
  const ScriptContext& context;
  std::vector<ScriptStep> steps;

  void output(std::string text, bool error_output = false) {
    ScriptStep step;
    step.kind = Kind::kOutput;
    step.text = std::move(text);
    step.error_output = error_output;
    steps.push_back(std::move(step));
  }
  void add(Kind kind, std::int32_t code = 0, Duration duration = Duration(0)) {
    ScriptStep step;
    step.kind = kind;
    step.code = code;
    step.duration = duration;
    steps.push_back(std::move(step));
  }
  // True when the script ends here.
  bool fail_with(std::string text, std::int32_t code) {
    output(std::move(text), true);
    add(Kind::kExit, code);
    return true;
  }

  static std::string option(const std::vector<std::string>& words, std::size_t i) { return i < words.size() ? words[i] : ""; }
  static std::int32_t number(const std::vector<std::string>& words, std::size_t i) {
    return parse_integer<std::int32_t>(option(words, i)).value_or(0);
  }

  // Takes "> FILE" and the like off the words.
  static ScriptStep redirection(std::vector<std::string>& words) {
    ScriptStep to;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == ">&2" || words[i] == "1>&2") {
        to.error_output = true;
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(i--));
      } else if ((words[i] == ">" || words[i] == ">>") && i + 1 < words.size()) {
        to.append = words[i] == ">>";
        to.file = words[i + 1];
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(i), words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
        --i;
      }
    }
    return to;
  }

  bool simple_command(std::vector<std::string> words) {
    const ScriptStep to = redirection(words);
    const std::size_t first = steps.size();
    const bool ended = program(words);
    for (std::size_t i = first; i < steps.size(); ++i) {
      if (steps[i].kind != Kind::kOutput) continue;
      steps[i].file = to.file;
      steps[i].append = to.append || i > first;
      steps[i].error_output = steps[i].error_output || to.error_output;
    }
    return ended;
  }

  bool program(const std::vector<std::string>& words) {
    const std::string& name = words[0];
    const std::string base = name.substr(name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1);
    if (names_nothing(name)) return fail_with("sh: " + name + ": not found\n", 127);
    if (base == "true" || base == "wait" || base == ":") return false;
    if (base == "false") return add(Kind::kExit, 1), true;
    if (base == "exit") return add(Kind::kExit, number(words, 1)), true;
    if (base == "sleep") return add(Kind::kSleep, 0, seconds_of(option(words, 1))), false;
    if (base == "fail-times") {
      add(Kind::kFailTimes, number(words, 2));
      steps.back().count = static_cast<std::uint32_t>(number(words, 1));
      return false;
    }
    if (base == "echo" || base == "printf" || base == "hostname") {
      std::vector<std::string> rest(words.begin() + 1, words.end());
      const std::string text = base == "hostname" ? context.hostname : join(rest, " ");
      return output(text + (base == "printf" ? "" : "\n")), false;
    }
    if (base == "env") {
      std::string all;
      context.envs.visit([&](const KeyValue& env) { all += env.key + "=" + env.value + "\n"; });
      return output(std::move(all)), false;
    }
    if (base == "trap") {
      const std::string action = option(words, 1);
      const std::vector<std::string_view> parts = split(action, ' ');
      if (action.empty()) return add(Kind::kIgnoreTerm), false;
      return add(Kind::kTermExit, parts.size() > 1 ? parse_integer<std::int32_t>(parts[1]).value_or(0) : 0), false;
    }
    if (base == "cat" || base == "ls") return file_command(base, words);
    return add(Kind::kRun), true;
  }

  bool file_command(const std::string& base, const std::vector<std::string>& words) {
    if (base == "cat" && words.size() == 1) return add(Kind::kCopyInput), false;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i].rfind('-', 0) == 0) continue;
      auto text = base == "cat" ? context.read(words[i]) : context.list(words[i]);
      if (!text.ok()) return fail_with(base + ": " + text.error().message() + "\n", 1);
      output(std::move(*text));
    }
    return false;
  }
};

bool is_shell(std::string_view name) { return name == "sh" || name == "/bin/sh" || name == "bash" || name == "/bin/bash"; }

}  // namespace

bool names_nothing(std::string_view name) {
  return contains(name, "no-such") || contains(name, "no/such") || contains(name, "nonexist") || contains(name, "not-found") ||
         contains(name, "does-not-exist");
}

Result<std::vector<ScriptStep>> parse_script(const std::vector<std::string>& command, const ScriptContext& context) {
  Builder builder{context, {}};
  if (command.empty()) {
    builder.add(Kind::kRun);
    return std::move(builder.steps);
  }
  if (names_nothing(command[0]))
    return Error(Reason::kInternalError, "exec: \"" + command[0] + "\": no such file or directory: unknown");
  bool ended = false;
  if (is_shell(command[0]) && command.size() >= 3 && command[1].find('c') != std::string::npos) {
    for (const std::string& text : commands_of(command[2])) {
      std::vector<std::string> words = words_of(trim(text), context);
      if (!words.empty() && !ended) ended = builder.simple_command(std::move(words));
    }
  } else {
    ended = builder.simple_command(command);
  }
  if (!ended) builder.add(Kind::kExit, 0);
  return std::move(builder.steps);
}

}  // namespace plinth::node

// Compiled regular expressions of a schema, made once each.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace re2 {
class RE2;
}

namespace plinth::api {

// Owned by what owns the schema (a CRD's compiled schema, the server for the built-in ones). Thread-safe.
class PatternCache {
 public:
  PatternCache();
  ~PatternCache();
  PatternCache(const PatternCache&) = delete;
  PatternCache& operator=(const PatternCache&) = delete;

  // Whether the pattern (Go's syntax family, unanchored) matches anywhere. `error` is set when it does not compile.
  bool matches(std::string_view pattern, std::string_view text, std::string* error);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<re2::RE2>> compiled_;  // guarded by mutex_; entries are never removed
};

// Whether a pattern compiles; the message when not.
std::string pattern_error(std::string_view pattern);

}  // namespace plinth::api

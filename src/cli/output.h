// How commands print data.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "cli/command.h"

namespace plinth::cli {

inline constexpr OptionSpec kDataOutput = {"-o,--output", "FORMAT", "json or yaml instead of text", "", false, "json,yaml"};

// Of -o; BadRequest names what is possible. "": the command's own text.
Result<std::string> data_format(const Arguments& arguments, const std::vector<std::string>& others = {});
// As JSON with an end of line, or as YAML.
std::string data_text(const Value& value, const std::string& format);

// Columns of text, three spaces apart, as kubectl sets them; nothing after the last one.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> head) { add(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;
  std::size_t row_count() const { return rows_.size() - 1; }

 private:
  std::vector<std::vector<std::string>> rows_;
};

// How many characters a text of UTF-8 has.
std::size_t character_count(std::string_view text);
// "5m12s", "3d4h": the time since an RFC 3339 text, as kubectl shows ages.
std::string age_text(std::string_view since, std::int64_t wall_ns);

}  // namespace plinth::cli

// Events of both groups; they are the same objects under other field names.
#include <algorithm>
#include <cctype>

#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"

namespace plinth::api {
namespace {

constexpr Column kEventColumns[] = {
    text_column("Last Seen", "Time since it was last observed."),
    text_column("Type", "Normal or Warning; others may follow."),
    text_column("Reason", "Short, machine-readable cause of the event."),
    text_column("Object", "What the event is about."),
    wide_column("Subobject", "Part of the object that the event is about."),
    wide_column("Source", "Component that reported the event."),
    text_column("Message", "What happened, for people."),
    wide_column("First Seen", "Time since it was first observed."),
    wide_column("Count", "How often it was observed."),
    {"Name", "string", "name", "Name of the event object.", 1, ""},
};

// Where each part of an event stands in a version's document.
struct EventFields {
  std::string_view about, message, first_seen, last_seen, count, source, component;
};
constexpr EventFields kCoreFields = {"involvedObject", "message", "firstTimestamp",    "lastTimestamp",
                                     "count",          "source",  "reportingComponent"};
constexpr EventFields kEventsFields = {
    "regarding",          "note", "deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount", "deprecatedSource",
    "reportingController"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string target_text(const Value& about) {
  std::string text = lower(about["kind"].as_string());
  const std::string_view name = about["name"].as_string();
  if (!name.empty()) text.append("/").append(name);
  return text;
}

std::string source_text(const Value& object, const EventFields& fields) {
  const Value source = object[fields.source];
  std::string text(or_else(source["component"].as_string(), object[fields.component].as_string()));
  const std::string_view host = or_else(source["host"].as_string(), object["reportingInstance"].as_string());
  if (!host.empty()) text.append(", ").append(host);
  return text;
}

void print_event(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const EventFields& fields = object.find("regarding") != nullptr ? kEventsFields : kCoreFields;
  const std::string first_seen = age(or_else(object[fields.first_seen].as_string(), object["eventTime"].as_string()), now_s);
  const std::string_view last_timestamp = object[fields.last_seen].as_string();
  std::string last_seen = last_timestamp.empty() ? first_seen : age(last_timestamp, now_s);
  std::int64_t count = object[fields.count].as_int();
  const Value series = object["series"];
  if (series.is_object()) {
    last_seen = age(series["lastObservedTime"].as_string(), now_s);
    count = series["count"].as_int();
  } else if (count == 0) {
    count = 1;  // a single event of the newer recorders has no count
  }
  const Value about = object[fields.about];
  cells.text(last_seen);
  cells.text(object["type"].as_string());
  cells.text(object["reason"].as_string());
  cells.text(target_text(about));
  cells.text(about["fieldPath"].as_string());
  cells.text(source_text(object, fields));
  cells.text(trim(object[fields.message].as_string()));
  cells.text(first_seen);
  cells.integer(count);
  name_cell(object, cells);
}

constexpr Printer kPrinters[] = {
    {"", "Event", kEventColumns, print_event},
    {"events.k8s.io", "Event", kEventColumns, print_event},
};

}  // namespace

std::span<const Printer> event_printers() { return kPrinters; }

}  // namespace plinth::api

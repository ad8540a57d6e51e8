#include "api/walk.h"

#include "base/value_body.h"

namespace plinth::api {
namespace {

void append_name(std::string& out, std::string_view name) {
  if (!out.empty()) out += '.';
  out += name;
}

enum class Style { kField, kStrict, kGo };

void append(std::string& out, const PathStep& step, Style style) {
  if (step.parent != nullptr) append(out, *step.parent, style);
  switch (step.kind) {
    case PathStep::Kind::kRoot:
      out += step.name;
      break;
    case PathStep::Kind::kField:
      append_name(out, step.name);
      break;
    case PathStep::Kind::kKey:
      if (style == Style::kField)
        out.append("[").append(step.name).append("]");
      else if (style == Style::kStrict)
        append_name(out, step.name);
      break;
    case PathStep::Kind::kIndex:
      if (style != Style::kGo) out.append("[").append(std::to_string(step.at)).append("]");
      break;
  }
}

}  // namespace

std::string PathStep::text() const {
  std::string out;
  append(out, *this, Style::kField);
  return out;
}

std::string PathStep::strict_text() const {
  std::string out;
  append(out, *this, Style::kStrict);
  return out;
}

std::string PathStep::go_text() const {
  std::string out;
  append(out, *this, Style::kGo);
  return out;
}

bool is_stored_in(const Value& value, const Arena* arena) {
  return (value.is_array() || value.is_object()) && ValueBuilder::body_of(value)->arena == arena;
}

void Rewrite::set(std::size_t i, const Value& v) {
  // The first call makes the container the draft's own; later calls find it so.
  if (out_.is_object())
    draft_.mutable_members(out_)[i].value = v;
  else
    draft_.mutable_items(out_)[i] = v;
  changed_ = true;
}

void Rewrite::drop(std::size_t i) {
  if (drop_.size() <= i) drop_.resize(i + 1, false);
  drop_[i] = true;
}

void Rewrite::add(std::string_view key, const Value& v) {
  draft_.member(out_, key) = v;
  changed_ = true;
}

bool Rewrite::finish(Value& out) {
  if (!drop_.empty()) {
    draft_.remove_if(out_, drop_);
    changed_ = true;
  }
  if (changed_) out = out_;
  return changed_;
}

}  // namespace plinth::api

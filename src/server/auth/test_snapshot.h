// For tests: objects given as JSON, seen as a snapshot of the store.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "server/auth/user.h"
#include "store/record_codec.h"
#include "store/store.h"

namespace plinth::server::auth {

// `object` is complete but for kind and apiVersion.
inline store::EncodedObject encode_test_object(const std::string& object) {
  store::EncodedObject encoded;
  const Document document = std::move(parse_json(object)).value();
  encoded.uid = document["metadata"]["uid"].as_string();
  Draft draft(document);
  draft.remove(draft.root(), "metadata");
  std::string body = to_json(draft.root());
  body.erase(0, 1);
  body.pop_back();
  if (!body.empty()) body += ',';
  encoded.metadata_offset = static_cast<std::uint32_t>(body.size());
  std::string metadata = to_json(document["metadata"]);
  metadata.pop_back();
  body += "\"metadata\":" + metadata + (metadata.size() > 1 ? "," : "") + "\"resourceVersion\":";
  encoded.revision_slot = static_cast<std::uint32_t>(body.size());
  body.append(store::kRevisionSlotBytes, ' ');
  encoded.managed_fields_cut = static_cast<std::uint32_t>(body.size());
  encoded.body = body + "}}";
  return encoded;
}

class TestSnapshot final : public store::Snapshot {
 public:
  void put(const std::string& key, const std::string& object) {
    auto record = std::move(store::RecordBuilder::build(key, encode_test_object(object))).value();
    ++revision_;
    store::RecordBuilder::stamp(*record, revision_, revision_);
    records_[key] = std::move(record);
  }
  void remove(const std::string& key) {
    ++revision_;
    records_.erase(key);
  }

  store::Revision revision() const override { return revision_; }
  store::RecordPtr get(std::string_view key) const override {
    const auto found = records_.find(key);
    return found == records_.end() ? nullptr : found->second;
  }
  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(const store::RecordPtr&)>& visit) const override {
    for (auto it = records_.lower_bound(start); it != records_.end() && it->first.starts_with(prefix); ++it) {
      if (!visit(it->second)) return;
    }
  }
  std::size_t count(std::string_view prefix) const override { return count_from(prefix, prefix); }
  std::size_t count_from(std::string_view prefix, std::string_view start) const override {
    std::size_t n = 0;
    scan(prefix, start, [&](const store::RecordPtr&) { return ++n > 0; });
    return n;
  }
  store::RecordPtr by_uid(std::string_view uid) const override {
    for (const auto& [key, record] : records_) {
      if (record->uid() == uid) return record;
    }
    return nullptr;
  }
  void owned_by(std::string_view, const std::function<bool(const store::RecordPtr&)>&) const override {}
  bool indexes_labels(std::string_view) const override { return false; }
  void labelled(std::string_view, std::string_view, std::string_view,
                const std::function<bool(const store::RecordPtr&)>&) const override {}
  std::size_t count_labelled(std::string_view, std::string_view, std::string_view) const override { return 0; }
  std::size_t object_count() const override { return records_.size(); }
  std::uint64_t object_bytes() const override { return 0; }
  std::int64_t counter(std::string_view ledger, std::string_view name) const override {
    const auto found = counters_.find(std::string(ledger) + " " + std::string(name));
    return found == counters_.end() ? 0 : found->second;
  }
  void set_counter(const std::string& ledger, const std::string& name, std::int64_t value) {
    counters_[ledger + " " + name] = value;
  }
  std::optional<std::string> claim_owner(std::string_view, std::string_view) const override { return std::nullopt; }
  void claims(std::string_view, const std::function<bool(std::string_view, std::string_view)>&) const override {}

 private:
  store::Revision revision_ = 0;
  std::map<std::string, store::RecordPtr, std::less<>> records_;
  std::map<std::string, std::int64_t> counters_;
};

// Bytes that only count up from a seed.
class TestEntropy final : public Entropy {
 public:
  explicit TestEntropy(unsigned char seed = 1) : next_(seed) {}
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& byte : out) byte = next_++;
  }

 private:
  unsigned char next_;
};

inline UserPtr test_user(std::string name, std::vector<std::string> groups = {}) {
  auto user = std::make_shared<UserInfo>();
  user->name = std::move(name);
  user->groups = std::move(groups);
  return user;
}

}  // namespace plinth::server::auth

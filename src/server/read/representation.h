// How objects of one kind are written for one client: as they are, as Table rows, or as PartialObjectMetadata.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/printers/printer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "server/context.h"
#include "server/media_type.h"
#include "server/request_info.h"

namespace plinth::server {

class Representation {
 public:
  // BadRequest for an unknown includeObject.
  static Result<std::shared_ptr<Representation>> make(ServerContext& context, ResolvedKind kind, Accepted accepted,
                                                      const Query& query);

  // One object, complete. `record` may be in any form.
  Result<ByteChain> object(const store::RecordPtr& record) const;
  // The `object` of a watch event; a Table's columns come with the first event only.
  Result<ByteChain> watch_object(const store::RecordPtr& record, bool first) const;
  ByteChain bookmark(store::Revision revision, bool initial_events_end) const;

  // A list is list_head() + items joined by ',' + list_tail().
  std::string list_head() const;
  Result<void> append_item(std::string& out, const store::RecordPtr& record) const;
  std::string list_tail(store::Revision revision, std::string_view continue_token, std::int64_t remaining) const;

  const ResolvedKind& kind() const { return kind_; }
  const Accepted& accepted() const { return accepted_; }

 private:
  enum class Include : std::uint8_t { kMetadata, kObject, kNone };
  Representation(ServerContext& context, ResolvedKind kind, Accepted accepted);
  bool is_table() const { return accepted_.transform == Transform::kTable; }
  bool is_partial() const;
  void append_partial(std::string& out, const store::Record& record) const;
  Result<void> append_row(std::string& out, const store::RecordPtr& record) const;
  void choose_columns();
  void append_columns(std::string& out) const;
  std::string table_head(bool columns) const;

  ServerContext& context_;
  ResolvedKind kind_;
  Accepted accepted_;
  Include include_ = Include::kMetadata;
  std::vector<api::Column> columns_;           // of a Table
  const api::Printer* printer_ = nullptr;      // of a Table of a built-in kind
  std::shared_ptr<const std::string> header_;  // type header, shared by all answers
};
using RepresentationPtr = std::shared_ptr<Representation>;

}  // namespace plinth::server

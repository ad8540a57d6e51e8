// The kinds that are served: the built-in rows and one row for every established CRD. Published as immutable tables, so that
// discovery, OpenAPI and the pipeline switch at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/kind.h"
#include "api/pattern_cache.h"
#include "base/result.h"
#include "base/value.h"
#include "store/store.h"

namespace plinth::api {
class SchemaRules;
}

namespace plinth::server {

// A CRD's row. The schema of a version is decoded and compiled on first use: hundreds of CRDs that nobody uses cost their names
// only, beside the text that the store has anyway.
class CustomKind {
 public:
  // Of a stored CustomResourceDefinition; null when it cannot be read.
  static std::shared_ptr<CustomKind> make(store::RecordPtr record);
  virtual ~CustomKind() = default;

  virtual const api::KindRow& row() const = 0;
  virtual std::uint64_t shape() const = 0;       // equal where instances look and behave the same
  virtual store::Revision revision() const = 0;  // of the CRD object that the row was made from
  virtual const std::string& crd_name() const = 0;
  virtual bool established() const = 0;
  virtual bool terminating() const = 0;
  // Compiles the version's schema if need be; any thread.
  virtual void ensure_schema(const api::KindVersion& version) const = 0;
  // Compiled patterns of a version whose schema is compiled.
  virtual api::PatternCache* patterns(const api::KindVersion& version) const = 0;
  // x-kubernetes-validations of a version whose schema is compiled; compiled on first use. Null when it has none.
  virtual const api::SchemaRules* rules(const api::KindVersion& version) const = 0;
};

// A kind at a version, and what keeps its row alive.
struct ResolvedKind {
  const api::KindRow* row = nullptr;
  const api::KindVersion* version = nullptr;
  std::shared_ptr<const CustomKind> custom;  // null for built-in kinds
};

// One immutable state of the registry.
class KindTable {
 public:
  // `group` "" is core. Null row when there is no such served resource.
  ResolvedKind find(std::string_view group, std::string_view version, std::string_view plural) const;
  ResolvedKind find_kind(std::string_view group, std::string_view version, std::string_view kind) const;
  // The kind that has objects of its own under this name, at its preferred version; null when there is none.
  const ResolvedKind* find_stored(std::string_view group, std::string_view plural) const;
  // Any version: the row of a group's kind; the storage version is resolved.
  ResolvedKind storage_of(const api::KindRow& row) const;
  // Rows in discovery order: core, built-in groups, then CRD groups by name.
  const std::vector<ResolvedKind>& rows() const { return rows_; }  // version = preferred
  std::vector<std::string_view> groups() const;
  // Versions that a group serves, preferred first.
  std::vector<std::string_view> versions(std::string_view group) const;
  // Grows with every change of the table.
  std::uint64_t generation() const { return generation_; }

 private:
  friend class KindRegistry;
  std::vector<ResolvedKind> rows_;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t>
      stored_;                                                    // group, plural (the rows' own) to place in rows_
  std::map<std::string, ResolvedKind, std::less<>> by_resource_;  // "group/version/plural"
  std::map<std::string, ResolvedKind, std::less<>> by_kind_;      // "group/version/Kind"
  std::uint64_t generation_ = 0;
};
using KindTablePtr = std::shared_ptr<const KindTable>;

// "v1" before "v1beta1" before "v1alpha1" before anything else (apimachinery version.CompareKubeAwareVersionStrings).
bool version_precedes(std::string_view a, std::string_view b);

class KindRegistry {
 public:
  KindRegistry();
  KindTablePtr table() const;
  // Takes over the CRDs of a snapshot when any of them changed since the last call. Any thread. Returns whether the table
  // changed.
  bool sync(const store::Snapshot& snapshot);
  // Whether kinds that only a node's measurements fill (metrics.k8s.io) are served; not from the start. Where nobody measures,
  // clients that walk through all kinds must not meet one that always fails. Any thread.
  void serve_measured(bool measured);
  // `changed` runs, on the thread that called sync(), after a new table is published, with the kinds whose served shape changed
  // ("group/plural"): their watches end.
  void on_change(std::function<void(const std::vector<std::string>&)> changed);

 private:
  void publish();  // under the mutex
  KindTablePtr build(const std::vector<std::shared_ptr<const CustomKind>>& custom) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const CustomKind>> custom_;  // by CRD name
  store::Revision synced_ = 0;
  bool measured_ = false;
  std::uint64_t generation_ = 0;
  KindTablePtr table_;  // after what it is built from
  std::function<void(const std::vector<std::string>&)> changed_;
};

}  // namespace plinth::server

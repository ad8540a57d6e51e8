#include "server/resources/resource_metrics.h"

#include <fmt/format.h>

#include "api/quantity.h"
#include "base/time_text.h"
#include "server/object_codec.h"
#include "server/read/filter.h"
#include "server/read/representation.h"
#include "server/status.h"

namespace plinth::server {
namespace {

std::string canonical(const std::string& text) {
  auto quantity = api::Quantity::parse(text);
  return quantity.ok() ? quantity->text() : text;
}

Value usage_value(Draft& draft, const api::Usage& usage) {
  Value out = draft.object();
  draft.set(out, "cpu", canonical(fmt::format("{}n", usage.cpu_nano_cores)));
  draft.set(out, "memory", api::Quantity(usage.memory_bytes, api::Quantity::Format::kBinarySi).text());
  return out;
}

void set_period(Draft& draft, const api::UsagePeriod& period) {
  draft.set(draft.root(), "timestamp", format_rfc3339(period.timestamp_ns));
  draft.set(draft.root(), "window", format_duration(Duration(period.window_ns)));
}

// Makes the objects of one answer.
class Source {
 public:
  Source(ServerContext& context, const ResolvedKind& kind, api::UsageTablePtr table)
      : context_(context), kind_(kind), snapshot_(context.store->snapshot()), table_(std::move(table)) {}

  store::Revision revision() const { return snapshot_->revision(); }

  // Null: nothing is known about it.
  Result<store::RecordPtr> find(const std::string& name_space, const std::string& name) const {
    if (of_nodes()) {
      const auto node = table_->nodes.find(name);
      return node == table_->nodes.end() ? store::RecordPtr() : make(name, node->second);
    }
    const auto pod = table_->pods.find({name_space, name});
    return pod == table_->pods.end() ? store::RecordPtr() : make(name_space, name, pod->second);
  }

  // In the order of keys.
  Result<std::vector<store::RecordPtr>> all(const std::string& name_space) const {
    std::vector<store::RecordPtr> out;
    const auto take = [&](store::RecordPtr record) {
      if (record) out.push_back(std::move(record));
    };
    if (of_nodes()) {
      for (const auto& [name, usage] : table_->nodes) take(TRY(make(name, usage)));
      return out;
    }
    for (const auto& [key, usage] : table_->pods) {
      if (name_space.empty() || key.first == name_space) take(TRY(make(key.first, key.second, usage)));
    }
    return out;
  }

 private:
  bool of_nodes() const { return kind_.row->scope == api::Scope::kCluster; }

  store::RecordPtr measured(const std::string& name_space, const std::string& name) const {
    const ResolvedKind object = context_.registry->table()->find("", "v1", of_nodes() ? "nodes" : "pods");
    return object.row == nullptr ? nullptr : snapshot_->get(object_key(*object.row, name_space, name));
  }

  void set_metadata(Draft& draft, const std::string& name_space, const std::string& name, const store::Record& object) const {
    Value& metadata = draft.member(draft.root(), "metadata");
    draft.set(metadata, "name", name);
    if (!name_space.empty()) draft.set(metadata, "namespace", name_space);
    draft.set(metadata, "creationTimestamp", format_rfc3339(context_.clock->wall_ns()));
    if (object.labels().empty()) return;
    Value labels = draft.object(object.labels().size());
    for (const auto& [key, value] : object.labels()) draft.set(labels, key, value);
    draft.set(metadata, "labels", labels);
  }

  Result<store::RecordPtr> make(const std::string& name, const api::NodeUsage& usage) const {
    const store::RecordPtr node = measured("", name);
    if (!node) return store::RecordPtr();
    Draft draft;
    set_metadata(draft, "", name, *node);
    set_period(draft, usage.period);
    draft.set(draft.root(), "usage", usage_value(draft, usage.usage));
    return encode(draft, "", name);
  }

  Result<store::RecordPtr> make(const std::string& name_space, const std::string& name, const api::PodUsage& usage) const {
    const store::RecordPtr pod = measured(name_space, name);
    // Another pod of that name has not been measured yet.
    if (!pod || pod->uid() != usage.uid) return store::RecordPtr();
    Draft draft;
    set_metadata(draft, name_space, name, *pod);
    set_period(draft, usage.period);
    Value containers = draft.array();
    for (const api::ContainerUsage& container : usage.containers) {
      Value entry = draft.object();
      draft.set(entry, "name", container.name);
      draft.set(entry, "usage", usage_value(draft, container.usage));
      draft.push(containers, entry);
    }
    draft.set(draft.root(), "containers", containers);
    return encode(draft, name_space, name);
  }

  Result<store::RecordPtr> encode(const Draft& draft, const std::string& name_space, const std::string& name) const {
    const store::EncodedObject encoded = encode_object(draft.root(), "", *kind_.row, *kind_.version, kind_.version->stamp);
    return make_record(object_key(*kind_.row, name_space, name), revision(), revision(), encoded);
  }

  ServerContext& context_;
  const ResolvedKind& kind_;
  const store::SnapshotPtr snapshot_;
  const api::UsageTablePtr table_;
};

void get(Exchange& exchange, const ResolvedKind& kind, const Source& source, const Representation& representation) {
  const RequestInfo& info = exchange.info;
  auto record = source.find(info.name_space, info.name);
  if (!record.ok()) return exchange.fail(record.error());
  if (*record == nullptr) return exchange.fail(not_found(kind.row->group, kind.row->plural, info.name));
  auto body = representation.object(*record);
  if (!body.ok()) return exchange.fail(body.error());
  exchange.reply(200, std::move(*body), representation.accepted());
}

Result<ByteChain> list(const Exchange& exchange, const ResolvedKind& kind, const Source& source,
                       const Representation& representation) {
  const ListOptions options = TRY(parse_list_options(exchange.info.query, false));
  const Filter filter = TRY(Filter::make(kind, exchange.info, options));
  std::string out = representation.list_head();
  bool first = true;
  for (const store::RecordPtr& record : TRY(source.all(exchange.info.name_space))) {
    if (!filter.matches(*record)) continue;
    if (!std::exchange(first, false)) out += ',';
    TRY(representation.append_item(out, record));
  }
  out += representation.list_tail(source.revision(), "", 0);
  return ByteChain{SharedBytes(std::move(out))};
}

}  // namespace

void serve_resource_metrics(ServerContext& context, const NodeSlots& node, ExchangePtr exchange) {
  const RequestInfo& info = exchange->info;
  const std::string& verb = info.verb;
  const ResolvedKind kind = context.registry->table()->find(info.group, info.version, info.resource);
  if (kind.row == nullptr || !info.subresource.empty()) return exchange->fail(unknown_path());
  if (kind.row->scope == api::Scope::kCluster && !info.name_space.empty()) return exchange->fail(unknown_path());
  if (verb != "get" && verb != "list") return exchange->fail(method_not_allowed(kind.row->group, kind.row->plural, verb));
  auto accepted = negotiate_object(exchange->request.headers.get("accept"), true);
  if (!accepted.ok()) return exchange->fail(accepted.error());
  auto representation = Representation::make(context, kind, *accepted, exchange->info.query);
  if (!representation.ok()) return exchange->fail(representation.error());
  api::UsageTablePtr table = node.usage();
  if (!table) return exchange->fail(Error(Reason::kServiceUnavailable, "nothing has been measured yet"));
  const Source source(context, kind, std::move(table));
  if (verb == "get") return get(*exchange, kind, source, **representation);
  auto body = list(*exchange, kind, source, **representation);
  if (!body.ok()) return exchange->fail(body.error());
  exchange->reply(200, std::move(*body), *accepted);
}

}  // namespace plinth::server

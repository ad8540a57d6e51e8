// The variables that containers have for Services (NAME_SERVICE_HOST and so on), as the kubelet makes them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "client/cache.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

// What the pods of a namespace have of Services, each name once: the first counts. Immutable and shared by their containers.
class ServiceLinks : public std::enable_shared_from_this<ServiceLinks> {
 public:
  explicit ServiceLinks(std::vector<KeyValue> variables);
  ServiceLinks(const ServiceLinks&) = delete;
  ServiceLinks& operator=(const ServiceLinks&) = delete;

  std::shared_ptr<const std::vector<KeyValue>> shared() const { return {shared_from_this(), &variables_}; }
  const std::string* find(std::string_view name) const;  // null: there is none

 private:
  std::vector<KeyValue> variables_;
  std::unordered_map<std::string_view, std::size_t> places_;  // in variables_
};
using ServiceLinksPtr = std::shared_ptr<const ServiceLinks>;

// Remembers the links of a namespace until one of its Services changes, and what stands for each Service at its revision.
class ServiceVariables {
 public:
  // Of the Service default/kubernetes, and with `links` of those of the namespace, until there are `variables_max`.
  ServiceLinksPtr of_pod(const client::View& view, const std::string& name_space, bool links, std::size_t variables_max);
  // A Service of that namespace came, changed or went.
  void changed(std::string_view name_space);
  // Any may have.
  void forget();

 private:
  struct Known {
    std::uint64_t revision = 0;
    std::vector<KeyValue> variables;
  };
  const std::vector<KeyValue>& of_service(const client::Object& service);
  std::vector<KeyValue> collect(const client::View& view, const std::string& name_space, bool links, std::size_t variables_max);

  std::map<std::string, Known> known_;  // by uid
  struct OfNamespace {
    ServiceLinksPtr with_links, without;
  };
  std::map<std::string, OfNamespace, std::less<>> namespaces_;
};

}  // namespace plinth::node

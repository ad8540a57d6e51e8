// The Service by which pods ask the cluster's DNS: kube-system/kube-dns, with Endpoints and an EndpointSlice that name where it
// listens.
#pragma once

#include <memory>
#include <string>

#include "client/controller.h"

namespace plinth::network::dns {

struct DnsServiceOptions {
  std::string cluster_ip;  // "10.96.0.10"
  std::string address;     // IPv4 that the server listens on, port 53
};
// Makes them when they are missing, and mends them. A Service of that name with another cluster IP stays as it is, and so does
// one that selects pods: somebody runs a DNS server of their own there.
std::unique_ptr<client::Controller> make_dns_service(DnsServiceOptions options);

}  // namespace plinth::network::dns

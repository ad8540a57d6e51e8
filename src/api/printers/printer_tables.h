// The printers by domain; find_printer() looks through them. Private to this folder.
#pragma once

#include <span>

#include "api/printers/printer.h"

namespace plinth::api {

std::span<const Printer> core_printers();  // config, namespaces, service accounts, pod templates, quota
std::span<const Printer> pod_printers();
std::span<const Printer> node_printers();
std::span<const Printer> event_printers();
std::span<const Printer> workload_printers();  // apps and batch
std::span<const Printer> autoscaler_printers();
std::span<const Printer> network_printers();    // services, endpoints, ingresses, network policies
std::span<const Printer> storage_printers();    // volumes, claims, classes, CSI
std::span<const Printer> policy_printers();     // RBAC, disruption budgets, leases, priorities, certificates
std::span<const Printer> admission_printers();  // webhooks, admission policies, API services
std::span<const Printer> metrics_printers();    // usage of nodes and pods

}  // namespace plinth::api

// The node's structs as messages of the wire, and back. For .cpp files of cri only: the generated headers are heavy.
#pragma once

#include "node/runtime/runtime.h"
#include "runtime.pb.h"

namespace plinth::cri {

namespace wire = ::runtime::v1;

void fill(wire::PodSandboxConfig& to, const node::SandboxConfig& from);
void fill(wire::ContainerConfig& to, const node::ContainerConfig& from);
void fill(wire::LinuxContainerResources& to, const node::LinuxResources& from);
void fill(wire::PodSandboxFilter& to, const node::SandboxFilter& from);
void fill(wire::ContainerFilter& to, const node::ContainerFilter& from);
void fill(wire::AuthConfig& to, const node::ImageAuth& from);

node::Sandbox read(const wire::PodSandbox& from);
node::SandboxStatus read(const wire::PodSandboxStatus& from);
node::Container read(const wire::Container& from);
node::ContainerStatus read(const wire::ContainerStatus& from);
node::ContainerStats read(const wire::ContainerStats& from);
node::FilesystemUsage read(const wire::FilesystemUsage& from);
node::Image read(const wire::Image& from);

}  // namespace plinth::cri

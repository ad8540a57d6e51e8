// A process in a chroot shares the root of its mount namespace with somebody else. Who enters the namespace of a container that
// was made there (setns(2), as runtimes do for exec) ends up in that other root, not in the container's.
#pragma once

namespace plinth::world_real {

// In a chroot, moves this process to a mount namespace of its own whose root is what it has for "/". Mounts made later on
// either side are seen on the other. Elsewhere, and without the right to it, nothing happens. The process must have one thread.
void give_own_root();

}  // namespace plinth::world_real

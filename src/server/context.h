// What every operation of the API server works with. One per server; outlives all exchanges.
#pragma once

#include <cstddef>
#include <cstdint>

#include "api/strategies/allocation.h"
#include "base/world.h"
#include "server/kind_registry.h"
#include "store/store.h"

namespace plinth::server {

class CurrentForms;
class DecodedObjects;
class PinnedSnapshots;
class WatchBook;
class AdmissionBook;
class AdmissionChain;
class WebhookClients;

namespace auth {
class Auth;
}

struct ServerLimits {
  std::size_t list_slice_bytes = 128 * 1024;  // JSON made before the loop gets its turn
  std::size_t list_slice_objects = 256;
  std::size_t protobuf_list_bytes_max = 64 * 1024 * 1024;  // of a list that cannot be sent before it is whole
  std::size_t stream_queue_bytes_max = 1024 * 1024;        // unsent bytes of one streamed answer before it waits for its client
  std::size_t watchers_max = 20'000;
  std::size_t admission_waits_max = 9;  // how often a write waits for what a controller is about to make ...
  Duration admission_wait = std::chrono::milliseconds(150);  // ... and how long each time
  std::size_t write_attempts_max = 8;                        // a write that lost a race is prepared again this often
  std::size_t object_bytes_max = 1536 * 1024;                // of an encoded object
  Duration future_revision_wait = std::chrono::seconds(3);
  Duration bookmark_interval = std::chrono::seconds(60);
  Duration watch_timeout_min = std::chrono::minutes(30);  // when a client names none: random between this and twice this
};

struct ServerContext {
  Clock* clock = nullptr;
  Entropy* entropy = nullptr;
  Network* network = nullptr;
  Pool* pool = nullptr;  // see ApiServerParts
  store::Store* store = nullptr;
  KindRegistry* registry = nullptr;
  CurrentForms* forms = nullptr;
  DecodedObjects* decoded = nullptr;
  PinnedSnapshots* pins = nullptr;
  WatchBook* watches = nullptr;
  AdmissionChain* admission = nullptr;
  AdmissionBook* admission_book = nullptr;
  WebhookClients* webhook_clients = nullptr;
  auth::Auth* auth = nullptr;
  ServerLimits limits;
  api::AllocationSettings allocation;

  std::int64_t now_s() const { return clock->wall_ns() / 1'000'000'000; }
};

}  // namespace plinth::server

// events.k8s.io/v1 Event, which is stored as a core/v1 Event: the same members under other names.
#pragma once

#include "base/value.h"

namespace plinth::api {

void event_to_core(Draft& draft);
void event_from_core(Draft& draft);

}  // namespace plinth::api

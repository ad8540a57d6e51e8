// What the application does on a NATS server.
#pragma once

namespace silly_demo {

// Starts what NATS_SUBSCRIBE=true (silly-demo.hello, ci.silly-demo, fibonacci.request) and NATS_PUBLISH=true (a greeting on
// `ping`, once a minute) ask for, in threads of their own, at NATS_URL. Nothing where neither is set.
void start_nats();

}  // namespace silly_demo

// What the application answers over HTTP.
#pragma once

#include "http.h"
#include "videos.h"

namespace silly_demo {

// GET / (the text of MESSAGE, else "This is a silly demo", and " version X" where VERSION is set), GET /ping, GET
// /fibonacci?number=N, GET /videos, POST /video?id=I&title=T.
HttpAnswer answer(const HttpRequest& request, Videos& videos);

}  // namespace silly_demo

// The pull half of the distribution API (distribution-spec v1.1, end-1 to end-3) over any ImageSource.
#pragma once

#include "net/http.h"
#include "oci/image_source.h"

namespace plinth::oci {

// GET and HEAD of /v2/, /v2/NAME/manifests/REFERENCE, /v2/NAME/blobs/DIGEST, with the mirror's ?ns=HOST. `source` outlives it.
net::HttpHandler pull_endpoint(ImageSource& source);

}  // namespace plinth::oci

// The image of pods' sandboxes.
#pragma once

#include <string_view>

#include "oci/image.h"

namespace plinth::cri {

constexpr std::string_view kPauseRegistry = "localhost";
constexpr std::string_view kPauseRepository = "plinth/pause";
constexpr std::string_view kPauseTag = "1";

oci::BuiltImage pause_image();

}  // namespace plinth::cri

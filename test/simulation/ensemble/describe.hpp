/// What travels, for the eye of somebody who reads a trace.
#pragma once

#include <string>

#include "conclave/types.hpp"

namespace conclave::ensemble {

/// A frame between two servers.
[[nodiscard]] std::string describe_frame(bytes_view frame);

/// Whole frames from a server to a client: their number, and how far they reach.
[[nodiscard]] std::string describe_answers(bytes_view frames);

} // namespace conclave::ensemble

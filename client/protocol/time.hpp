/// Time as the client's core knows it: given, never read.
#pragma once

#include <conclave/client/clock.hpp>

namespace conclave::client {

using time_point = session_clock::time_point;
using duration = session_clock::duration;

} // namespace conclave::client

/// Time as the client's core knows it: given, never read.
#pragma once

#include <chrono>

namespace conclave::client {

using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

} // namespace conclave::client

/// Work that may end the process which does it.
#pragma once

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <functional>
#include <string>

namespace conclave::maintenance {

/// Calls `work` in a copy of this process and gives what it returned, at most 1 MiB. To be called
/// while there is one thread only.
/// @return a sentence that says how the copy ended, if it did not return
[[nodiscard]] result<bytes, std::string> run_in_child(const std::function<bytes()>& work);

} // namespace conclave::maintenance

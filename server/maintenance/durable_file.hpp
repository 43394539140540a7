/// Files that are there as a whole, also after a power loss.
#pragma once

#include <conclave/function_ref.hpp>
#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

namespace conclave::maintenance {

/// Writes what `fill` gives to its argument (which says false when it could not be written) to
/// "<path>.part", syncs it, and gives it its name. Readable by its owner alone.
/// @return its size; a sentence on failure, and nothing is left behind then
[[nodiscard]] result<std::int64_t, std::string> write_durably(
    const std::filesystem::path& path,
    function_ref<result<void, std::string>(function_ref<bool(bytes_view)>)> fill
);

} // namespace conclave::maintenance

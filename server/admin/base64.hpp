/// The other half of `conclave::base64`.
#pragma once

#include <conclave/types.hpp>

#include <optional>

namespace conclave::admin {

/// Standard base64; the padding may be missing. Nothing if it is malformed.
[[nodiscard]] std::optional<bytes> base64_decoded(bytes_view text);

} // namespace conclave::admin

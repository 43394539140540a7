/// The step of `resolve` that is about TLS.
#pragma once

#include "server/configuration/draft.hpp"

namespace conclave::configuration {

/// Precondition: the listeners are settled.
void settle_tls(draft& from, report& out);

} // namespace conclave::configuration

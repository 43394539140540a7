/// Assertions for broken invariants: on in every build, never for bytes that come from outside.
#pragma once

namespace conclave {

/// Prints the place and the text, then aborts. For a broken invariant of the program itself.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

} // namespace conclave

#define CONCLAVE_ASSERT(expression)                                                                \
    ((expression) ? static_cast<void>(0)                                                           \
                  : ::conclave::assertion_failed(#expression, __FILE__, __LINE__))

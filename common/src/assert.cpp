#include "conclave/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace conclave {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
    std::fprintf(stderr, "conclave: broken invariant at %s:%d: %s\n", file, line, expression);
    std::abort();
}

} // namespace conclave

/// An ensemble whose histories part.
#pragma once

#include "test/unit/zab/ensemble.hpp"

namespace conclave::test {

/// 1 led, and its log goes on with entries that nobody else has; 2 and 3 went on without it.
struct forked_ensemble : ensemble {
    explicit forked_ensemble(std::size_t uncommitted, ensemble_options options = {})
        : ensemble(voters(3), options) {
        begin();
        write("common");
        hold(1, 2);
        hold(1, 3);
        for (std::size_t count = 0; count < uncommitted; ++count) {
            propose(1, "never committed");
        }
        stabilize();
        crash(1);
        release(1, 2);
        release(1, 3);
        REQUIRE(elect() == "");
        write("instead");
    }
};

} // namespace conclave::test

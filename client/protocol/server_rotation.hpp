/// Which server to dial next, and when.
#pragma once

#include "client/protocol/time.hpp"

#include <conclave/client/settings.hpp>

#include <cstddef>
#include <random>
#include <vector>

namespace conclave::client {

/// Goes round the servers in an order that is drawn once, so that the clients of an ensemble
/// spread. The first round after a success waits for nothing; each further round waits longer.
class server_rotation {
public:
    struct attempt {
        std::size_t server{}; ///< index into the connect string
        duration delay{};

        friend bool operator==(const attempt&, const attempt&) = default;
    };

    /// Precondition: `server_count` > 0.
    server_rotation(std::size_t server_count, backoff waits, std::uint64_t seed);

    [[nodiscard]] attempt next();

    /// The server that was dialled last has proved to work.
    void on_success();

private:
    [[nodiscard]] duration draw_wait();

    std::vector<std::size_t> order_;
    backoff waits_;
    std::minstd_rand random_;
    std::size_t position_ = 0;
    std::size_t tried_ = 0; ///< since the last success
};

} // namespace conclave::client

/// An open connection and its buffers, which live as long as anything reads or writes.
#pragma once

#include "client/src/stream.hpp"

#include <conclave/types.hpp>

#include <array>

namespace conclave::client {

struct connection {
    explicit connection(std::unique_ptr<stream> opened) : transport(std::move(opened)) {}

    static constexpr std::size_t read_size = std::size_t{64} << 10U;

    std::unique_ptr<stream> transport;
    std::array<char, read_size> input;
    bytes output; ///< being written
    bool is_reading = false;
    bool is_writing = false;
};

} // namespace conclave::client

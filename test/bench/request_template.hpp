/// Requests that are encoded once and then only renumbered.
#pragma once

#include <conclave/protocol.hpp>
#include <conclave/types.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace conclave::bench {

/// Where the znodes of a run are: `<root>/d<directory>/n<node>`, all numbers of fixed width, so
/// that a path can be written by overwriting digits. The name of the root is the caller's and needs
/// its leading slash.
struct layout {
    static constexpr std::size_t directory_digits = 6;
    static constexpr std::size_t node_digits = 9;

    bytes root = "/bench";
    std::uint32_t node_count = 0;
    std::uint32_t children_per_directory = 1000;

    [[nodiscard]] std::uint32_t directory_of(std::uint32_t node) const {
        return node / children_per_directory;
    }

    [[nodiscard]] std::uint32_t directory_count() const {
        return (node_count + children_per_directory - 1) / children_per_directory;
    }

    [[nodiscard]] bytes directory_path(std::uint32_t directory) const;
    [[nodiscard]] bytes node_path(std::uint32_t node) const;
};

/// A whole request frame. `append` copies it and overwrites the xid and the digits of the path,
/// which costs the client far less than encoding it: the client shares the machine with the server
/// and must not be what is measured.
class request_template {
public:
    /// exists or getData of a znode, without a watch.
    static request_template read(opcode type, const layout& where);

    /// setData of a znode, whatever its version.
    static request_template set_data(const layout& where, bytes_view data);

    /// create of a directory or of a znode, open to everyone.
    static request_template create_directory(const layout& where);
    static request_template create_node(const layout& where, bytes_view data);

    /// create of a sequential znode beside those of a directory: its name never collides, so runs
    /// can be repeated.
    static request_template create_sequential(const layout& where, bytes_view data);

    void append(bytes& out, std::int32_t id, std::uint32_t directory, std::uint32_t node) const;

private:
    request_template(bytes frame, const layout& where, bool has_node);

    bytes frame_;
    std::size_t directory_position_; ///< of the first digit in `frame_`
    std::size_t node_position_;      ///< likewise; 0 when the path has no node digits
};

} // namespace conclave::bench

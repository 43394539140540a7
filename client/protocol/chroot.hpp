/// A path that stands before every path of a program, so that it can live in a part of the tree.
#pragma once

#include <conclave/types.hpp>

namespace conclave::client {

/// Purely textual; the server knows nothing of it.
class chroot {
public:
    /// `prefix` is empty or a valid path other than "/".
    explicit chroot(bytes prefix) : prefix_(std::move(prefix)) {}

    /// The path as the server knows it.
    [[nodiscard]] bytes to_server(bytes_view path) const;

    /// The same for the beginning of a path, which may end in a slash: that of a sequential node.
    [[nodiscard]] bytes to_server_prefix(bytes_view text) const { return prefix_ + bytes{text}; }

    /// The path as the program knows it. One that lies outside stays as it is: the server's own
    /// nodes, such as /zookeeper/config, can be watched from inside.
    [[nodiscard]] bytes to_program(bytes_view path) const;

private:
    bytes prefix_;
};

} // namespace conclave::client

/// Reading a file from front to back without one system call per look.
#pragma once

#include "server/log/file_system.hpp"

namespace conclave::txnlog {

/// A sliding view of one file. Memory: the largest piece asked for, at least 256 KiB.
class file_window {
public:
    /// Sees the octets below `end`; `source` must outlive the window.
    file_window(file& source, std::uint64_t end) : source_(source), end_(end) {}

    /// `size` octets at `offset`; fewer where the file ends, none where it cannot be read. Valid
    /// until the next call.
    [[nodiscard]] bytes_view at(std::uint64_t offset, std::size_t size);

    [[nodiscard]] std::uint64_t end() const { return end_; }

    /// The first error that the file gave, if any.
    [[nodiscard]] std::error_code error() const { return error_; }

private:
    [[nodiscard]] bool covers(std::uint64_t offset, std::size_t size) const;
    std::error_code load(std::uint64_t offset, std::size_t size);

    file& source_;
    std::uint64_t end_;
    bytes buffer_;
    bytes_view loaded_;
    std::uint64_t loaded_offset_ = 0;
    std::error_code error_;
};

} // namespace conclave::txnlog

/// Keys and certificates that follow their files.
#pragma once

#include "server/net/asio.hpp"
#include "server/tls/context.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace conclave::net {

/// The keys in force for new connections. When their files change, they are read again once the
/// change has settled; what cannot be used is told in one line, and the keys stay as they are.
///
/// Files are read on the thread of `loader`; `current` is for the thread of `user`. Kept alive by
/// what it waits for, once started.
class tls_keys : public std::enable_shared_from_this<tls_keys> {
public:
    /// Reads the files. `whose` stands in log lines.
    /// @throws std::runtime_error with a sentence for the operator
    tls_keys(
        asio::io_context& loader, asio::io_context& user, tls::settings from, std::string whose
    );
    tls_keys(const tls_keys&) = delete;
    tls_keys& operator=(const tls_keys&) = delete;

    [[nodiscard]] const tls::context& current() const { return *current_; }

    /// Looks at the files from now on. Once.
    void follow_files(std::chrono::milliseconds interval = std::chrono::seconds{1});

private:
    /// What shows that a file is another one; zeros if there is none.
    struct file_mark {
        std::uint64_t device{};
        std::uint64_t inode{};
        std::int64_t size{};
        std::int64_t changed_ns{};

        friend bool operator==(const file_mark&, const file_mark&) = default;
    };

    [[nodiscard]] static file_mark mark_of(const std::string& file);
    [[nodiscard]] std::vector<file_mark> marks() const;
    void wait();
    void look();
    void load();

    asio::io_context& user_;
    const tls::settings settings_;
    const std::string whose_;
    timer next_look_;
    std::chrono::milliseconds interval_{};
    std::vector<file_mark> loaded_; ///< of the files that were read last
    std::vector<file_mark> seen_;   ///< when they were looked at last
    std::shared_ptr<const tls::context> current_;
};

} // namespace conclave::net

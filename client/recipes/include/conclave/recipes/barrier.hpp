/// A gate that is closed for everybody, or open.
#pragma once

#include <conclave/client/session.hpp>

#include <memory>
#include <string>

namespace conclave::recipes {

namespace detail {

using plain_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

void raise_barrier(const client::session& zk, const std::string& path, plain_handler handler);
void lower_barrier(const client::session& zk, const std::string& path, plain_handler handler);
void await_barrier(const client::session& zk, const std::string& path, plain_handler handler);

} // namespace detail

/// The barrier stands while its node exists. Everybody who waits goes on once it is removed; who
/// comes then does not wait at all. The node is persistent: the barrier outlives whoever has set
/// it. Everything goes on across reconnects. Works together with Curator's DistributedBarrier and
/// kazoo's Barrier. **Threads**: as for the session.
class barrier {
public:
    barrier(const client::session& zk, std::string path)
        : zk_(zk.within(std::chrono::milliseconds{0})), path_(std::move(path)) {}

    /// Sets it: `void(error_code)`. Success also if it stands already.
    template <class Token>
    auto async_set(Token&& token) const {
        return initiate(detail::raise_barrier, token);
    }

    /// Removes it: `void(error_code)`. Success also if it does not stand.
    template <class Token>
    auto async_remove(Token&& token) const {
        return initiate(detail::lower_barrier, token);
    }

    /// `void(error_code)`, when it does not stand. One that is removed and set again at once may be
    /// seen as standing all the time.
    template <class Token>
    auto async_wait(Token&& token) const {
        return initiate(detail::await_barrier, token);
    }

private:
    template <class Begin, class Token>
    auto initiate(Begin begin, Token& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [begin](auto handler, const client::session& zk, const std::string& path) {
                begin(zk, path, std::move(handler));
            },
            token,
            zk_,
            path_
        );
    }

    client::session zk_;
    std::string path_;
};

} // namespace conclave::recipes

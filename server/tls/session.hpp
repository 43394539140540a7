/// TLS over one connected socket.
#pragma once

#include "server/tls/context.hpp"

#include <conclave/types.hpp>

#include <optional>
#include <span>
#include <string>

namespace conclave::tls {

/// How far an operation on a socket that never blocks has come.
enum class progress {
    done,
    wants_read,  ///< to be tried again when the socket is readable
    wants_write, ///< to be tried again when the socket is writable
    ended,       ///< the other side sends nothing more
    failed,      ///< for good; `failure` says why
};

struct transfer {
    progress is{};
    std::size_t size{}; ///< octets; not 0 if and only if it is done
};

/// Speaks TLS on a socket that does not block. One thread at a time. The socket belongs to somebody
/// else and must be open whenever a method is called that may use it.
///
/// The other side can make it hold a few records' worth of memory, and nothing while it is idle. It
/// cannot keep a call from returning: what a call takes from the socket is bounded.
class session {
public:
    enum class side { acceptor, dialer };

    session(const context& shared, int descriptor, side own);

    /// To be called until it is done, before anything else.
    [[nodiscard]] progress shake_hands();

    /// Fills `into` as far as octets are there.
    [[nodiscard]] transfer read_some(std::span<char> into);

    /// True if a further `read_some` may bring something although the socket is not readable.
    [[nodiscard]] bool holds_input() const { return holds_input_; }

    /// Sends the first octets of `from`. After `wants_...` the next call must offer the same octets
    /// again, and may offer more behind them.
    [[nodiscard]] transfer write_some(bytes_view from);

    /// Tells the other side that nothing more follows.
    [[nodiscard]] progress end_output();

    /// What went wrong, as a part of a sentence. Precondition: something has failed.
    [[nodiscard]] const std::string& failure() const { return failure_; }

    /// Who the other side has proved to be, as Java prints it; nothing if it has shown no
    /// certificate, and before the handshake is done. Any thread from then on.
    [[nodiscard]] const std::optional<bytes>& peer_subject() const { return peer_subject_; }

    /// Whether the certificate of the other side is for that host, which is a name or an address.
    [[nodiscard]] bool is_peer_named(const std::string& host) const;

private:
    progress outcome_of(int returned);

    ssl_pointer native_;
    std::optional<bytes> peer_subject_;
    std::string failure_;
    bool holds_input_ = false;
};

} // namespace conclave::tls

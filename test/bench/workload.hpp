/// What the benchmark asks of the server, one request after the other.
#pragma once

#include "test/bench/request_template.hpp"

#include <cstdint>
#include <optional>

namespace conclave::bench {

/// Latencies are reported for reads and writes apart.
enum class request_kind : std::uint8_t { read, write };

/// What to expect as the answer to a request that was just appended.
struct issued_request {
    request_kind kind{};

    /// Size of the reply's record, without the header. A reply of another size fails the run: it is
    /// not an answer about the znode that was loaded.
    std::uint32_t reply_size = 0;
};

/// Where the driver gets its requests from.
class request_source {
public:
    virtual ~request_source() = default;

    /// Appends one request frame with the xid `id`. Nothing when there are no more requests.
    virtual std::optional<issued_request> append_next(bytes& out, std::int32_t id) = 0;
};

/// Endless requests on uniformly chosen znodes.
class random_requests : public request_source {
public:
    /// A mix of getData and setData.
    static random_requests mixed(const layout& where, bytes_view data, unsigned read_percent);
    static random_requests exists(const layout& where);
    static random_requests create(const layout& where, bytes_view data);

    std::optional<issued_request> append_next(bytes& out, std::int32_t id) override;

private:
    struct choice {
        request_template request;
        issued_request expected;
    };

    random_requests(const layout& where, choice read, choice write, unsigned read_percent);

    /// @return a number below `bound`; the same sequence in every run.
    std::uint32_t random_below(std::uint32_t bound);

    layout where_;
    choice read_;
    choice write_;
    unsigned read_percent_;
    std::uint64_t random_state_ = 0x9e3779b97f4a7c15;
};

/// Creates the numbers `[first, last)` in order: the directories of a run, or its znodes.
class creation : public request_source {
public:
    static creation of_directories(const layout& where);
    static creation of_nodes(const layout& where, bytes_view data);

    std::optional<issued_request> append_next(bytes& out, std::int32_t id) override;

private:
    creation(
        request_template request,
        std::uint32_t reply_size,
        std::uint32_t count,
        std::uint32_t per_directory
    );

    request_template request_;
    std::uint32_t reply_size_;
    std::uint32_t count_;
    std::uint32_t per_directory_;
    std::uint32_t next_ = 0;
};

} // namespace conclave::bench

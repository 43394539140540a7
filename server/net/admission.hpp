/// How many connections there may be (zookeeper-protocol 10.5).
#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <unordered_map>

namespace conclave::net {

/// Counts connections, in total and per source address. One thread: that of the listener.
class admission {
public:
    enum class verdict { admitted, too_many, too_many_from_address };

    /// 0 means no limit.
    admission(std::uint32_t count_max, std::uint32_t count_max_per_address)
        : count_max_(count_max), count_max_per_address_(count_max_per_address) {}

    /// Counts the connection if it is admitted; then `release` must follow once.
    [[nodiscard]] verdict admit(const boost::asio::ip::address& from);

    void release(const boost::asio::ip::address& from);

    [[nodiscard]] std::uint32_t count() const { return count_; }

private:
    std::uint32_t count_max_;
    std::uint32_t count_max_per_address_;
    std::uint32_t count_ = 0;
    std::unordered_map<boost::asio::ip::address, std::uint32_t> per_address_; ///< no zero in it
};

} // namespace conclave::net

#include "server/net/admission.hpp"

#include <conclave/assert.hpp>

namespace conclave::net {

admission::verdict admission::admit(const boost::asio::ip::address& from) {
    if (count_max_ != 0 && count_ >= count_max_) {
        return verdict::too_many;
    }
    if (count_max_per_address_ != 0) {
        const auto at = per_address_.find(from);
        if (at != per_address_.end() && at->second >= count_max_per_address_) {
            return verdict::too_many_from_address;
        }
    }
    ++count_;
    ++per_address_[from];
    return verdict::admitted;
}

void admission::release(const boost::asio::ip::address& from) {
    const auto at = per_address_.find(from);
    CONCLAVE_ASSERT(at != per_address_.end());
    --count_;
    if (--at->second == 0) {
        per_address_.erase(at);
    }
}

} // namespace conclave::net

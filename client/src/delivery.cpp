#include "client/src/delivery.hpp"

#include <boost/asio/error.hpp>

namespace conclave::client {

error_code to_asio(std::error_code code) {
    if (!code) {
        return {};
    }
    if (code == std::errc::operation_canceled) {
        return asio::error::operation_aborted;
    }
    if (code.category() == std::system_category()) {
        return {code.value(), boost::system::system_category()}; // the one that Asio compares with
    }
    return error_code{code};
}

} // namespace conclave::client

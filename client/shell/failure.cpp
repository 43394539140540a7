#include "client/shell/failure.hpp"

#include <conclave/client/error.hpp>

namespace conclave::shell {

exit_code exit_code_of(const std::error_code& error) {
    if (!error) {
        return exit_code::done;
    }
    if (error == std::errc::interrupted) {
        return exit_code::interrupted;
    }
    if (error.category() != protocol_category()) {
        return exit_code::not_connected;
    }
    switch (static_cast<errc>(error.value())) {
    case errc::no_node:
        return exit_code::no_node;
    case errc::node_exists:
    case errc::not_empty:
    case errc::bad_version:
        return exit_code::conflict;
    case errc::no_auth:
    case errc::auth_failed:
    case errc::not_read_only:
    case errc::session_closed_require_auth:
        return exit_code::not_permitted;
    case errc::connection_loss:
    case errc::operation_timeout:
    case errc::session_expired:
    case errc::session_moved:
        return exit_code::not_connected;
    default:
        return exit_code::failed;
    }
}

int zkcli_exit_code(exit_code code) {
    return code == exit_code::done || code == exit_code::unknown_command ? static_cast<int>(code)
                                                                         : 1;
}

unexpected<failure> failed_with(const std::error_code& error, std::string path) {
    return unexpected{failure{exit_code_of(error), {}, error, std::move(path)}};
}

unexpected<failure> failed_because(std::string text) {
    return unexpected{failure{exit_code::failed, std::move(text), {}, {}}};
}

unexpected<failure> misused(std::string text) {
    return unexpected{failure{exit_code::usage, std::move(text), {}, {}}};
}

} // namespace conclave::shell

#include "client/protocol/chroot.hpp"

#include <conclave/path.hpp>

namespace conclave::client {

bytes chroot::to_server(bytes_view path) const {
    if (prefix_.empty()) {
        return bytes{path};
    }
    bytes whole = prefix_;
    if (path != "/") {
        whole += path;
    }
    return whole;
}

bytes chroot::to_program(bytes_view path) const {
    if (prefix_.empty() || !path::is_at_or_below(path, prefix_)) {
        return bytes{path};
    }
    path.remove_prefix(prefix_.size());
    return path.empty() ? bytes{"/"} : bytes{path};
}

} // namespace conclave::client

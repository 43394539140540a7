/// Which requests the admin endpoint knows.
#pragma once

#include "server/admin/authorization.hpp"
#include "server/admin/http_exchange.hpp"

#include <functional>
#include <vector>

namespace conclave::admin {

/// A request on its way to what answers it.
struct routed_request {
    exchange_pointer exchange;
    caller by;
    bytes tail; ///< of the path, for a route that ends with "/*": begins with "/"

    [[nodiscard]] const http_request& asked() const { return exchange->request(); }
};

struct route {
    bytes method;
    bytes path; ///< "/*" at the end: whatever follows, at least "/"
    operation needs{};
    std::function<void(const routed_request&)> serve;
    std::size_t body_size_max = 0;
    /// How everybody who may ask is answered, before a body is read; none: by `serve`.
    std::function<http_response()> refuse = {};
};

class route_table {
public:
    void add(route added) { routes_.push_back(std::move(added)); }

    struct match {
        const route* found = nullptr;
        bytes tail;
        bytes allowed; ///< the methods of this path, for `Allow`; empty if there is none
    };

    /// GET answers HEAD too. The longest path wins.
    [[nodiscard]] match find(bytes_view method, bytes_view path) const;

    [[nodiscard]] const std::vector<route>& all() const { return routes_; }

private:
    std::vector<route> routes_;
};

} // namespace conclave::admin

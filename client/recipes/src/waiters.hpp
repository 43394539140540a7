/// Handlers that wait for the same thing.
#pragma once

#include "client/recipes/src/launch.hpp"

#include <boost/asio/error.hpp>

#include <list>
#include <memory>

namespace conclave::recipes::detail {

/// Each is told once, or cancelled by its own slot.
class waiters : public std::enable_shared_from_this<waiters> {
public:
    using handler_type = asio::any_completion_handler<void(error_code)>;

    explicit waiters(asio::any_io_executor home) : home_(std::move(home)) {}

    void add(handler_type handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        const auto place = handlers_.emplace(handlers_.end());
        place->swap(handler); // its move assignment recurses for ever in Boost 1.81
        if (slot.is_connected()) {
            slot.assign([weak = weak_from_this(), place](asio::cancellation_type) {
                if (const auto self = weak.lock()) {
                    self->tell(place, asio::error::operation_aborted);
                }
            });
        }
    }

    void tell_all(error_code what) {
        while (!handlers_.empty()) {
            tell(handlers_.begin(), what);
        }
    }

private:
    void tell(std::list<handler_type>::iterator place, error_code what) {
        handler_type taken{std::move(*place)};
        handlers_.erase(place);
        auto slot = asio::get_associated_cancellation_slot(taken);
        if (slot.is_connected()) {
            slot.clear();
        }
        complete(home_, std::move(taken), what);
    }

    asio::any_io_executor home_;
    std::list<handler_type> handlers_;
};

} // namespace conclave::recipes::detail

/// Operations that wait for their outcome.
#pragma once

#include "client/protocol/operation_codec.hpp"
#include "client/protocol/session_machine.hpp"
#include "client/src/event_channel.hpp"

#include <memory>
#include <vector>

namespace conclave::client {

using watch_channel = detail::event_channel<watch_event>;

/// One operation and the handler that waits for it.
class pending_operation {
public:
    pending_operation() = default;
    pending_operation(const pending_operation&) = delete;
    pending_operation& operator=(const pending_operation&) = delete;
    virtual ~pending_operation() = default;

    /// What the program may cancel this operation with; the caller connects it.
    [[nodiscard]] virtual asio::cancellation_slot cancellation_slot() const = 0;

    /// Decodes the reply and calls the handler, on the session's executor.
    /// @return false if the reply was not what was asked for
    virtual bool complete(const home_executor& home, const reply_view& reply) = 0;
};

/// Owns the operations of a session. Ids are never used twice, so one that is over is not found.
class operation_table {
public:
    operation_id add(std::unique_ptr<pending_operation> added) {
        if (free_.empty()) {
            free_.push_back(static_cast<std::uint32_t>(slots_.size()));
            slots_.emplace_back();
        }
        const std::uint32_t index = free_.back();
        free_.pop_back();
        slot& used = slots_[index];
        used.operation = std::move(added);
        return operation_id{(std::uint64_t{used.generation} << 32U) | index};
    }

    /// @return nothing if the operation is over already
    std::unique_ptr<pending_operation> take(operation_id id) {
        const auto index = static_cast<std::uint32_t>(id.value);
        if (index >= slots_.size() || slots_[index].generation != id.value >> 32U) {
            return nullptr;
        }
        ++slots_[index].generation;
        free_.push_back(index);
        return std::move(slots_[index].operation);
    }

private:
    struct slot {
        std::unique_ptr<pending_operation> operation;
        std::uint32_t generation = 1; ///< so that no id is 0
    };

    std::vector<slot> slots_;
    std::vector<std::uint32_t> free_;
};

namespace detail {

template <class Handler>
void clear_slot(const Handler& handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
        slot.clear();
    }
}

template <class Result>
struct is_watched : std::false_type {};

template <class Result>
struct is_watched<watched<Result>> : std::true_type {};

} // namespace detail

/// An operation that completes with what its reply says.
template <class Operation>
class typed_operation final : public pending_operation {
public:
    using result_type = typename Operation::result_type;
    using handler_type = asio::any_completion_handler<signature_of<Operation>>;

    /// `channel` is for operations that make a watch.
    typed_operation(
        handler_type handler, const chroot& root, std::shared_ptr<watch_channel> channel
    )
        : handler_(std::move(handler)), root_(root), channel_(std::move(channel)) {}

    [[nodiscard]] asio::cancellation_slot cancellation_slot() const override {
        return asio::get_associated_cancellation_slot(handler_);
    }

    bool complete(const home_executor& home, const reply_view& reply) override {
        detail::clear_slot(handler_);
        if constexpr (std::is_void_v<result_type>) {
            deliver(home, std::move(handler_), to_asio(reply.error));
            return true;
        } else {
            result_type decoded{};
            const std::error_code outcome = decode_into(reply, decoded);
            deliver(home, std::move(handler_), to_asio(outcome), std::move(decoded));
            return outcome != error::bad_reply;
        }
    }

private:
    std::error_code decode_into(const reply_view& reply, auto& decoded) {
        using decoded_type = std::remove_cvref_t<decltype(decoded)>;
        if constexpr (detail::is_watched<decoded_type>::value) {
            const std::error_code outcome = decode(reply, root_, decoded.result);
            hand_over_watch(outcome, decoded.next);
            return outcome;
        } else if constexpr (std::is_same_v<decoded_type, watch>) {
            hand_over_watch(reply.error, decoded);
            return reply.error;
        } else {
            return decode(reply, root_, decoded);
        }
    }

    void hand_over_watch(std::error_code outcome, watch& to) {
        watch owner{std::move(channel_)}; // ends with this scope if there is nothing to watch
        if (!outcome) {
            to = std::move(owner);
        }
    }

    handler_type handler_;
    const chroot& root_;
    std::shared_ptr<watch_channel> channel_;
};

/// An operation without a result: close, authenticate.
class plain_operation final : public pending_operation {
public:
    explicit plain_operation(asio::any_completion_handler<void(error_code)> handler)
        : handler_(std::move(handler)) {}

    [[nodiscard]] asio::cancellation_slot cancellation_slot() const override {
        return asio::get_associated_cancellation_slot(handler_);
    }

    bool complete(const home_executor& home, const reply_view& reply) override {
        detail::clear_slot(handler_);
        deliver(home, std::move(handler_), to_asio(reply.error));
        return true;
    }

private:
    asio::any_completion_handler<void(error_code)> handler_;
};

} // namespace conclave::client

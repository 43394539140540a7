/// What a client saw, for the search for linearisations (zab 7.4.3).
#include "test/simulation/ensemble/client.hpp"

namespace conclave::ensemble {

using history::failure;
using history::operation_kind;
using history::outcome;

namespace {

operation_kind kind_of(const asked_request& request) {
    switch (request.type) {
    case opcode::create:
        return request.mode == create_mode::persistent || request.mode == create_mode::ephemeral
                   ? operation_kind::create
                   : operation_kind::create_sequential;
    case opcode::remove:
        return operation_kind::remove;
    case opcode::set_data:
        return operation_kind::write;
    default:
        return operation_kind::read;
    }
}

failure failure_of(errc error) {
    switch (error) {
    case errc::no_node:
        return failure::no_node;
    case errc::node_exists:
        return failure::node_exists;
    case errc::bad_version:
        return failure::bad_version;
    default:
        return failure::other;
    }
}

} // namespace

/// @return  its number, counted from 1; 0 if nothing is kept.
std::size_t client::note_asked(const asked_request& request, const std::optional<bytes>& data) {
    if (!plan_.is_plain) {
        return 0;
    }
    history::operation asked;
    asked.session = fmt::format("{}-{}", number_, session_count_);
    asked.kind = kind_of(request);
    asked.path = request.path;
    asked.ended = outcome::unknown;
    asked.value = data;
    asked.is_ephemeral =
        request.mode == create_mode::ephemeral || request.mode == create_mode::ephemeral_sequential;
    if (request.version != -1 && is_change(asked.kind)) {
        asked.expected_version = request.version;
    }
    record_.push_back(std::move(asked));
    return record_.size();
}

void client::note_answered(
    const asked_request& request, const test::received_frame& frame, nanoseconds now
) {
    if (request.record == 0) {
        return;
    }
    history::operation& asked = record_[request.record - 1];
    asked.completed = now.count();
    asked.position = frame.header.at;
    if (frame.header.error != errc::ok) {
        asked.ended = outcome::failed;
        asked.error = failure_of(frame.header.error);
        return;
    }
    asked.ended = outcome::succeeded;
    if (asked.kind == operation_kind::create_sequential) {
        asked.created_path = frame.text();
    } else if (asked.kind == operation_kind::write || asked.kind == operation_kind::read) {
        asked.version = frame.stat_at_end().version;
    }
    if (asked.kind == operation_kind::read) {
        std::optional<bytes> data;
        jute::reader{frame.body}(data);
        asked.value = data;
    }
}

} // namespace conclave::ensemble

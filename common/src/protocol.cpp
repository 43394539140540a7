#include "conclave/protocol.hpp"

namespace conclave {

std::optional<connect_request> decode_connect_request(bytes_view frame) {
    jute::reader in{frame};
    connect_request request;
    in(request);
    if (!in.ok()) {
        return std::nullopt;
    }
    if (!in.rest().empty()) {
        bool read_only = false;
        in(read_only);
        request.read_only = read_only;
    }
    return request;
}

void append_connect_response(bytes& out, const connect_response& response) {
    const jute::frame_scope frame{out};
    jute::writer to{out};
    to(std::int32_t{0}, response.timeout_ms, response.session, response.password);
    if (response.read_only) {
        to(*response.read_only);
    }
}

namespace {

/// A vector whose null form is an error.
void read_present(jute::reader& in, std::vector<bytes_view>& elements) {
    const bytes_view before = in.rest();
    std::int32_t count = 0;
    jute::reader{before}(count);
    if (count == -1) {
        return in.fail();
    }
    in(elements);
}

} // namespace

std::optional<set_watches_request> decode_set_watches(bytes_view body, opcode type) {
    jute::reader in{body};
    set_watches_request request;
    in(request.relative_zxid);
    read_present(in, request.data);
    read_present(in, request.exist);
    read_present(in, request.child);
    if (type == opcode::set_watches2) {
        read_present(in, request.persistent);
        read_present(in, request.recursive);
    }
    if (!in.ok()) {
        return std::nullopt;
    }
    return request;
}

void append_watch_event(bytes& out, zxid at, event_type type, bytes_view path) {
    constexpr std::int32_t sync_connected = 3;
    const jute::frame_scope frame{out};
    jute::writer to{out};
    to(reply_header{notification_xid, at, errc::ok});
    to(static_cast<std::int32_t>(type), sync_connected, path);
}

void append_reply(bytes& out, const reply_header& header) {
    const jute::frame_scope frame{out};
    jute::writer{out}(header);
}

} // namespace conclave

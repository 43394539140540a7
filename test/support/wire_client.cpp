#include "test/support/wire_client.hpp"

#include "conclave/assert.hpp"

namespace conclave::test {

std::vector<acl_record> world_acl(std::int32_t permissions) {
    return {{permissions, "world", "anyone"}};
}

bytes connect_frame(
    std::int32_t timeout_ms, session_id session, bytes_view password, zxid last_seen, bool read_only
) {
    bytes frame;
    const bytes no_password(session_password_size, '\0');
    jute::writer{frame}(
        std::int32_t{0},
        last_seen,
        timeout_ms,
        session,
        password.empty() ? bytes_view{no_password} : password,
        read_only
    );
    return frame;
}

bytes create_frame(
    std::int32_t id, bytes_view path, bytes_view data, create_mode mode, opcode type
) {
    return request_frame(
        id, type, path, std::optional{data}, world_acl(), static_cast<std::int32_t>(mode)
    );
}

std::string received_frame::event_text() const {
    std::int32_t type = 0;
    std::int32_t state = 0;
    bytes_view path;
    jute::reader{body}(type, state, path);
    const char* const names[] = {"?", "created ", "deleted ", "changed ", "children "};
    return names[type] + std::string{path};
}

stat received_frame::stat_at_end() const {
    constexpr std::size_t stat_size = 68;
    CONCLAVE_ASSERT(body.size() >= stat_size);
    stat about;
    jute::reader{bytes_view{body}.substr(body.size() - stat_size)}(about);
    return about;
}

bytes received_frame::text() const {
    bytes_view text;
    jute::reader{body}(text);
    return bytes{text};
}

void frame_log::append(bytes_view data) {
    reader_.append(data);
    bytes_view payload;
    while (reader_.next(payload) == frame_reader::status::frame) {
        jute::reader in{payload};
        if (!handshake) {
            std::int32_t version = 0;
            connect_outcome outcome;
            in(version, outcome.timeout_ms, outcome.session, outcome.password);
            if (in.ok() && !in.rest().empty()) { // a client that does not ask about it is not told
                in(outcome.read_only);
            }
            CONCLAVE_ASSERT(in.ok());
            handshake = std::move(outcome);
            continue;
        }
        received_frame frame;
        in(frame.header);
        CONCLAVE_ASSERT(in.ok());
        frame.body.assign(in.rest());
        frames.push_back(std::move(frame));
    }
}

received_frame frame_log::take() {
    CONCLAVE_ASSERT(!frames.empty());
    received_frame first = std::move(frames.front());
    frames.pop_front();
    return first;
}

} // namespace conclave::test

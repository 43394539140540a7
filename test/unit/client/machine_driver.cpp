#include "test/unit/client/machine_driver.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace conclave::client::test {

namespace {

std::string text(const std::error_code& code) {
    return code ? code.message() : "ok";
}

struct in_words {
    std::string operator()(const dial& it) const { return fmt::format("dial {}", it.server); }

    std::string operator()(const hang_up&) const { return "hang up"; }

    std::string operator()(const probe& it) const { return fmt::format("probe {}", it.server); }

    std::string operator()(const completion& it) const {
        const std::string body = it.body.empty() ? "" : " " + bytes{it.body};
        return fmt::format("done {} {}{}", it.id.value, text(it.error), body);
    }

    std::string operator()(const watch_notice& it) const {
        return fmt::format("event {} {} {}", it.id.value, name(it.event.what), it.event.path);
    }

    std::string operator()(const watch_ended& it) const {
        return fmt::format("end of watch {} {}", it.id.value, text(it.reason));
    }

    std::string operator()(const state_change& it) const {
        return fmt::format("state {}", name(it.state));
    }
};

bytes framed(const auto&... fields) {
    bytes frame;
    {
        const jute::frame_scope scope{frame};
        jute::writer{frame}(fields...);
    }
    return frame;
}

} // namespace

bytes welcome(std::int64_t session, std::chrono::milliseconds timeout, bool is_read_only) {
    const auto timeout_ms = static_cast<std::int32_t>(timeout.count());
    return framed(
        std::int32_t{0}, timeout_ms, session, bytes(session_password_size, 'p'), is_read_only
    );
}

bytes refusal(bool is_read_only) {
    return framed(
        std::int32_t{0},
        std::int32_t{0},
        std::int64_t{0},
        bytes(session_password_size, '\0'),
        is_read_only
    );
}

bytes reply(std::int32_t id, std::int64_t at, errc error, bytes_view body) {
    bytes frame;
    {
        const jute::frame_scope scope{frame};
        jute::writer{frame}(reply_header{xid{id}, zxid{at}, error});
        frame += body;
    }
    return frame;
}

bytes event(event_type type, bytes_view path) {
    bytes frame;
    append_watch_event(frame, zxid{-1}, type, path);
    return frame;
}

settings short_session() {
    settings chosen;
    chosen.session_timeout = 9s;
    return chosen;
}

machine_driver::machine_driver(const settings& chosen, std::size_t server_count)
    : machine(chosen, server_count, 1) {}

void machine_driver::establish(bool is_read_only) {
    machine.start(now);
    machine.on_opened(now);
    is_greeting_next_ = true;
    receive(welcome(session, 9s, is_read_only));
    receive(event(event_type::created, "/nobody-cares")); // the server has proved to work
    static_cast<void>(sent());
    said();
}

void machine_driver::reopen() {
    machine.on_opened(now);
    is_greeting_next_ = true;
}

void machine_driver::receive(bytes_view data) {
    machine.on_bytes(received_.emplace_back(data), now);
}

void machine_driver::submit(std::uint64_t id, opcode type, bool is_repeatable) {
    request issued;
    issued.type = type;
    issued.is_repeatable = is_repeatable;
    machine.submit(operation_id{id}, std::move(issued));
}

void machine_driver::watch(
    std::uint64_t id, std::uint64_t watch, watch_kind kind, bytes_view path
) {
    request issued;
    issued.type = kind == watch_kind::exist ? opcode::exists : opcode::get_data;
    issued.is_repeatable = true;
    const watch_kind asked = kind == watch_kind::exist ? watch_kind::data : kind;
    issued.watch = watch_registration{watch_id{watch}, bytes{path}, asked};
    machine.submit(operation_id{id}, std::move(issued));
}

void machine_driver::collect() {
    machine.flush(now);
    written_ += machine.outgoing();
    machine.outgoing().clear();
    if (!is_greeting_next_ || written_.empty()) {
        return;
    }
    std::int32_t size = 0;
    jute::reader{written_}(size);
    greeting_ = written_.substr(4, static_cast<std::size_t>(size));
    written_.erase(0, 4 + static_cast<std::size_t>(size));
    is_greeting_next_ = false;
}

std::vector<sent_request> machine_driver::sent() {
    collect();
    frame_reader reader{std::size_t{1} << 20U};
    reader.append(std::exchange(written_, {}));
    std::vector<sent_request> found;
    bytes_view frame;
    while (reader.next(frame) == frame_reader::status::frame) {
        sent_request next;
        jute::reader in{frame};
        in(next.header);
        next.body = in.rest();
        found.push_back(std::move(next));
    }
    return found;
}

std::string machine_driver::sent_words() {
    std::string all;
    for (const sent_request& each : sent()) {
        all += fmt::format(
            "{}{}:{}",
            all.empty() ? "" : " ",
            static_cast<std::int32_t>(each.header.type),
            each.header.id.value
        );
    }
    return all;
}

std::optional<connect_request> machine_driver::greeting() {
    collect();
    if (greeting_.empty()) {
        return std::nullopt;
    }
    return decode_connect_request(greeting_);
}

void machine_driver::pass(duration time) {
    const time_point end = now + time;
    int met_count = 0;
    while (true) {
        const auto next = machine.next_deadline();
        if (!next || *next > end) {
            break;
        }
        REQUIRE(++met_count < 10000); // a deadline that stays would be met for ever
        now = std::max(now, *next);
        machine.on_timer(now);
        collect();
    }
    now = end;
}

words machine_driver::said() {
    for (const output& each : machine.take_outputs()) {
        said_.push_back(std::visit(in_words{}, each));
    }
    machine.release_input();
    received_.clear();
    return std::exchange(said_, {});
}

} // namespace conclave::client::test

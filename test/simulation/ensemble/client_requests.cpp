/// What clients ask for (zab 7.3).
#include "test/simulation/ensemble/client.hpp"
#include "test/simulation/ensemble/members.hpp"

#include <array>

namespace conclave::ensemble {

namespace {

constexpr std::array<const char*, 10> hot_paths{
    "/a", "/b", "/a/x", "/a/y", "/b/z", "/a/x/1", "/a/x/2", "/c", "/c/d", "/c/d/e"};

constexpr std::int32_t add_watch_persistent = 0;
constexpr std::int32_t add_watch_recursive = 1;

} // namespace

bytes client::some_path() {
    if (plan_.cold_paths > 0 && random_.chance(0.3)) {
        return fmt::format("/cold-{}", random_.below(plan_.cold_paths));
    }
    return hot_paths[random_.below(hot_paths.size())];
}

/// Told apart from everything that any other request writes.
bytes client::tagged_data(std::uint64_t& tag) {
    tag = next_tag_++;
    bytes data = fmt::format("{}.{} ", number_ * 1000 + session_count_, tag);
    if (random_.chance(0.03)) {
        data.resize(data.size() + random_.below(4000), 'x');
    }
    return data;
}

void client::ask_something(nanoseconds now) {
    if (random_.chance(plan_.reads)) {
        ask_read(now);
    } else if (!plan_.is_plain && random_.chance(0.15)) {
        ask_multi(now);
    } else if (plan_.reconfigure > 0 && random_.chance(plan_.reconfigure)) {
        ask_reconfig(now);
    } else {
        ask_write(now);
    }
}

void client::ask_ping(nanoseconds now) {
    send(
        {ping_xid.value, opcode::ping, {}}, test::request_frame(ping_xid.value, opcode::ping), now
    );
}

void client::ask_to_close(nanoseconds now) {
    const std::int32_t id = next_id_++;
    is_closing_ = true;
    send({id, opcode::close_session, {}}, test::request_frame(id, opcode::close_session), now);
}

void client::ask_read(nanoseconds now) {
    const std::int32_t id = next_id_++;
    asked_request request{id, {}, some_path()};
    request.is_watching = random_.chance(0.25);
    const bytes_view path{request.path};
    const std::uint64_t kind = random_.below(plan_.is_plain ? 3 : 12);
    if (kind == 0) {
        request.type = opcode::sync;
        request.is_watching = false;
        bytes frame = test::request_frame(id, opcode::sync, std::optional<bytes_view>{path});
        return send(std::move(request), std::move(frame), now);
    }
    if (kind == 3) {
        return ask_ping(now);
    }
    if (kind == 4 && random_.chance(0.2)) {
        request.type = opcode::add_watch;
        request.version = random_.chance(0.5) ? add_watch_persistent : add_watch_recursive;
        bytes frame = test::request_frame(
            id, opcode::add_watch, std::optional<bytes_view>{path}, request.version
        );
        return send(std::move(request), std::move(frame), now);
    }
    request.type = kind < 3              ? opcode::get_data
                   : random_.chance(0.5) ? opcode::exists
                                         : opcode::get_children2;
    if (plan_.is_plain) {
        request.record = note_asked(request, std::nullopt);
    }
    bytes frame = test::request_frame(id, request.type, path, request.is_watching);
    send(std::move(request), std::move(frame), now);
}

void client::ask_write(nanoseconds now) {
    const std::int32_t id = next_id_++;
    asked_request request{id, {}, some_path()};
    const bytes_view path{request.path};
    request.version = random_.chance(0.5) ? -1 : static_cast<std::int32_t>(random_.below(4));
    const std::uint64_t kind = random_.below(10);
    if (kind < 4) {
        return ask_create(now);
    }
    if (kind < 6) {
        request.type = opcode::remove;
        request.record = note_asked(request, std::nullopt);
        bytes frame = test::request_frame(id, opcode::remove, path, request.version);
        return send(std::move(request), std::move(frame), now);
    }
    if (kind == 6 && !plan_.is_plain) {
        request.type = opcode::set_acl;
        bytes frame =
            test::request_frame(id, opcode::set_acl, path, test::world_acl(), request.version);
        return send(std::move(request), std::move(frame), now);
    }
    request.type = opcode::set_data;
    const bytes data = tagged_data(request.tag);
    request.record = note_asked(request, data);
    bytes frame = test::request_frame(
        id, opcode::set_data, path, std::optional<bytes_view>{data}, request.version
    );
    send(std::move(request), std::move(frame), now);
}

/// Reads, and now and then a write, which is refused.
void client::ask_in_read_only_mode(nanoseconds now) {
    if (waiting_.size() > 10) {
        return;
    }
    const std::int32_t id = next_id_++;
    asked_request request{id, opcode::get_data, some_path()};
    if (random_.chance(0.2)) {
        request.type = random_.chance(0.5) ? opcode::remove : opcode::sync;
    }
    const bytes_view path{request.path};
    bytes frame = request.type == opcode::remove
                      ? test::request_frame(id, request.type, path, -1)
                      : test::request_frame(id, request.type, path, false);
    send(std::move(request), std::move(frame), now);
}

/// Some server joins, leaves, or gets or loses its vote; or a whole list is asked for.
void client::ask_reconfig(nanoseconds now) {
    const std::int32_t id = next_id_++;
    const auto server = static_cast<std::uint32_t>(random_.below(plan_.server_count())) + 1;
    const zab::membership& known = history_.members().stable;
    const bool is_member = known.find(server_id{server}) != nullptr;
    const auto line = [&](std::uint32_t of, bool is_voter) {
        return fmt::format("server.{}={}", of, address_of(of, is_voter));
    };
    bytes joining;
    bytes leaving;
    bytes whole;
    if (random_.chance(0.15)) {
        for (std::uint32_t each = 1; each <= plan_.server_count(); ++each) {
            if (random_.chance(0.7)) {
                whole += line(each, random_.chance(0.8)) + "\n";
            }
        }
    } else if (is_member && random_.chance(0.6)) {
        leaving = fmt::format("{}", server);
    } else {
        joining = line(server, random_.chance(0.8));
    }
    const auto given = [](const bytes& text) {
        return text.empty() ? std::nullopt : std::optional<bytes_view>{text};
    };
    const std::int64_t version = random_.chance(0.8) ? -1 : known.configured.value;
    bytes frame = test::request_frame(
        id, opcode::reconfig, given(joining), given(leaving), given(whole), version
    );
    send({id, opcode::reconfig, {}}, std::move(frame), now);
}

/// A container, or a node with a time to live.
void client::ask_create_passing(nanoseconds now) {
    const std::int32_t id = next_id_++;
    const bool is_container = random_.chance(0.5);
    asked_request request{
        id, is_container ? opcode::create_container : opcode::create_ttl, some_path()};
    request.mode = is_container ? create_mode::container : create_mode::persistent_ttl;
    request.ttl_ms = static_cast<std::int64_t>(1 + random_.below(2000));
    const bytes data = tagged_data(request.tag);
    bytes frame = test::create_frame(id, request.path, data, request.mode, request.type);
    if (!is_container) {
        jute::writer{frame}(request.ttl_ms);
    }
    send(std::move(request), std::move(frame), now);
}

void client::ask_create(nanoseconds now) {
    if (plan_.is_reaping && random_.chance(0.3)) {
        return ask_create_passing(now);
    }
    const std::int32_t id = next_id_++;
    asked_request request{id, opcode::create, some_path()};
    // A parent that was made anew counts from the beginning, which the search does not understand.
    const std::uint64_t kind = plan_.is_plain ? random_.below(2) * 7 : random_.below(8);
    request.mode = kind < 4    ? create_mode::persistent
                   : kind == 4 ? create_mode::persistent_sequential
                   : kind == 5 ? create_mode::ephemeral_sequential
                               : create_mode::ephemeral;
    if (kind == 4 || kind == 5) {
        request.path += "/n-";
    }
    const bytes data = tagged_data(request.tag);
    request.record = note_asked(request, data);
    bytes frame = test::create_frame(id, request.path, data, request.mode);
    send(std::move(request), std::move(frame), now);
}

void client::ask_multi(nanoseconds now) {
    const std::int32_t id = next_id_++;
    bytes frame;
    jute::writer to{frame};
    to(request_header{xid{id}, opcode::multi});
    for (std::uint64_t count = 1 + random_.below(4); count != 0; --count) {
        const bytes path = some_path();
        const auto start = [&](opcode type) {
            to(multi_header{static_cast<std::int32_t>(type), false, -1});
        };
        std::uint64_t tag = 0;
        switch (random_.below(4)) {
        case 0:
            start(opcode::create);
            to(bytes_view{path},
               std::optional<bytes_view>{tagged_data(tag)},
               test::world_acl(),
               static_cast<std::int32_t>(random_.below(2)));
            break;
        case 1:
            start(opcode::remove);
            to(bytes_view{path}, std::int32_t{-1});
            break;
        case 2:
            start(opcode::check);
            to(bytes_view{path}, static_cast<std::int32_t>(random_.below(3)));
            break;
        default:
            start(opcode::set_data);
            to(bytes_view{path}, std::optional<bytes_view>{tagged_data(tag)}, std::int32_t{-1});
            break;
        }
    }
    to(multi_header{-1, true, -1});
    send({id, opcode::multi, {}}, std::move(frame), now);
}

/// The first thing that is asked on a new connection, so that no change goes untold.
void client::ask_for_watches(nanoseconds now) {
    const watch_book::lists& wanted = watches_.wanted();
    bytes frame;
    jute::writer to{frame};
    to(request_header{set_watches_xid, opcode::set_watches2}, last_seen_);
    const auto put = [&](const std::set<bytes>& paths) {
        to(static_cast<std::int32_t>(paths.size()));
        for (const bytes& each : paths) {
            to(each);
        }
    };
    put(wanted.data);
    put(wanted.exist);
    put(wanted.child);
    put(wanted.persistent);
    put(wanted.recursive);
    asked_request request{set_watches_xid.value, opcode::set_watches2, {}};
    request.relative = last_seen_;
    send(std::move(request), std::move(frame), now);
}

} // namespace conclave::ensemble

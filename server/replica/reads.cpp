#include "server/replica/reads.hpp"

#include "server/zab/mutant.hpp"

#include "conclave/path.hpp"

namespace conclave::replica {

namespace {

using session::watch_kind;
using session::watch_selection;

/// Reads take "" for the root, but what they watch is "" (zookeeper-protocol 4.2, notes; seen
/// on 3.8.0).
bytes_view node_path(bytes_view path) {
    return path.empty() ? bytes_view{"/"} : path;
}

/// One request being answered: what it may look at and where the answer goes.
struct reading {
    const read_context& context;
    const connection& from;
    jute::writer to;
    bytes& out;
    bytes& events;

    [[nodiscard]] bool may(const tree::node_view& node, std::int32_t needed) const {
        return tree::is_allowed(node.acl, needed, from.who, context.access);
    }

    /// A node that the connection may see with any of the `needed` permissions.
    [[nodiscard]] result<tree::node_view> node_at(bytes_view path, std::int32_t needed) const {
        const std::optional<tree::node_view> node = context.nodes.find(path);
        if (!node) {
            return unexpected{errc::no_node};
        }
        if (!may(*node, needed)) {
            return unexpected{errc::no_auth};
        }
        return *node;
    }

    void watch(bytes_view path, watch_kind kind) const { context.watches.add(from.id, path, kind); }

    void write_children(bytes_view path) {
        const std::size_t count_at = to.position();
        std::int32_t count = 0;
        to.write(count);
        context.nodes.for_each_child(path, [&](bytes_view name) {
            to.write(name);
            ++count;
            return true;
        });
        to.patch_int(count_at, count);
    }
};

template <class Request>
std::optional<Request> decoded(bytes_view body) {
    jute::reader in{body};
    Request request;
    in(request);
    if (!in.ok()) {
        return std::nullopt;
    }
    return request;
}

errc exists(reading& read, const read_request& request) {
    if (request.path.find('\0') != bytes_view::npos) {
        return errc::bad_arguments;
    }
    const auto node = read.context.nodes.find(node_path(request.path));
    if (node && !read.may(*node, permission::read)) {
        return errc::no_auth;
    }
    if (request.watch) {
        read.watch(request.path, watch_kind::data);
    }
    if (!node) {
        return errc::no_node;
    }
    read.to(node->to_stat());
    return errc::ok;
}

errc get_data(reading& read, const read_request& request) {
    const result<tree::node_view> node = read.node_at(node_path(request.path), permission::read);
    if (!node) {
        return node.error();
    }
    if (request.watch) {
        read.watch(request.path, watch_kind::data);
    }
    read.to(node->data, node->to_stat());
    return errc::ok;
}

errc get_children(reading& read, const read_request& request, bool with_stat) {
    const bytes_view path = node_path(request.path);
    const result<tree::node_view> node = read.node_at(path, permission::read);
    if (!node) {
        return node.error();
    }
    if (request.watch) {
        read.watch(request.path, watch_kind::child);
    }
    const stat about = node->to_stat();
    read.write_children(path);
    if (with_stat) {
        read.to(about);
    }
    return errc::ok;
}

errc get_acl(reading& read, const path_request& request) {
    const result<tree::node_view> node =
        read.node_at(node_path(request.path), permission::read | permission::admin);
    if (!node) {
        return node.error();
    }
    tree::append_acl(read.out, node->acl, !read.may(*node, permission::admin));
    read.to(node->to_stat());
    return errc::ok;
}

errc get_all_children_number(reading& read, const path_request& request) {
    const bytes_view path = node_path(request.path);
    if (const result<tree::node_view> node = read.node_at(path, permission::read); !node) {
        return node.error();
    }
    read.to(static_cast<std::int32_t>(read.context.nodes.descendant_count(path)));
    return errc::ok;
}

errc get_ephemerals(reading& read, const optional_path_request& request) {
    const bytes_view prefix = request.path.value_or(bytes_view{});
    const std::size_t count_at = read.to.position();
    std::int32_t count = 0;
    read.to(count);
    for (const bytes& path : read.context.nodes.ephemerals_of(read.from.session)) {
        if (path.starts_with(prefix)) {
            read.to(path);
            ++count;
        }
    }
    read.to.patch_int(count_at, count);
    return errc::ok;
}

errc who_am_i(reading& read) {
    read.to(static_cast<std::int32_t>(read.from.who.size()));
    for (const identity& each : read.from.who) {
        const bytes_view id{each.id};
        read.to(each.scheme, each.scheme == "digest" ? id.substr(0, id.find(':')) : id);
    }
    return errc::ok;
}

/// getData and getChildren in one request; each has its own outcome, none sets a watch
/// (zookeeper-protocol 4.4).
errc multi_read(reading& read, bytes_view body) {
    jute::reader in{body};
    const std::size_t first = read.out.size();
    while (true) {
        multi_header header;
        in(header);
        if (!in.ok() || read.out.size() - first >= read.context.multi_read_size_max) {
            return errc::marshalling_error;
        }
        if (header.done) {
            break;
        }
        read_request request;
        in(request);
        const auto type = static_cast<opcode>(header.type);
        if (!in.ok() || (type != opcode::get_data && type != opcode::get_children)) {
            return errc::marshalling_error;
        }
        request.watch = false;
        const std::size_t start = read.out.size();
        read.to(multi_header{header.type, false, 0});
        const errc outcome =
            type == opcode::get_data ? get_data(read, request) : get_children(read, request, false);
        if (outcome != errc::ok) {
            const auto code = static_cast<std::int32_t>(outcome);
            read.out.resize(start);
            read.to(multi_header{-1, false, code}, code);
        }
    }
    read.to(multi_header{-1, true, -1});
    return errc::ok;
}

errc add_watch(reading& read, const watch_request& request) {
    constexpr std::int32_t persistent = 0;
    constexpr std::int32_t recursive = 1;
    if (request.kind != persistent && request.kind != recursive) {
        return errc::marshalling_error;
    }
    const bytes_view path = request.path.value_or(bytes_view{});
    read.watch(path, request.kind == persistent ? watch_kind::persistent : watch_kind::recursive);
    read.to(std::int32_t{0});
    return errc::ok;
}

errc check_or_remove_watches(reading& read, const watch_request& request, bool remove) {
    const auto which = static_cast<watch_selection>(request.kind);
    const bool is_known = which >= watch_selection::child && which <= watch_selection::recursive;
    if (!is_known || (!remove && !request.path)) {
        return errc::marshalling_error;
    }
    const bytes_view path = request.path.value_or(bytes_view{});
    const bool found = remove ? read.context.watches.remove(read.from.id, path, which)
                              : read.context.watches.contains(read.from.id, path, which);
    return found ? errc::ok : errc::no_watcher;
}

/// What a reconnecting client missed since `relative_zxid` is told at once; the rest is watched
/// again (zookeeper-protocol 8.5).
class watch_catch_up {
public:
    watch_catch_up(reading& read, zxid since) : read_(read), since_(since) {}

    void data(bytes_view path) const {
        const auto node = read_.context.nodes.find(node_path(path));
        if (!node) {
            fire(event_type::deleted, path);
        } else if (node->head.mzxid > since_) {
            fire(event_type::data_changed, path);
        } else {
            read_.watch(path, watch_kind::data);
        }
    }

    void exist(bytes_view path) const {
        if (read_.context.nodes.find(node_path(path))) {
            fire(event_type::created, path);
        } else {
            read_.watch(path, watch_kind::data);
        }
    }

    void child(bytes_view path) const {
        const auto node = read_.context.nodes.find(node_path(path));
        if (!node) {
            fire(event_type::deleted, path);
        } else if (node->head.pzxid > since_) {
            fire(event_type::children_changed, path);
        } else {
            read_.watch(path, watch_kind::child);
        }
    }

private:
    void fire(event_type type, bytes_view path) const {
        append_watch_event(read_.events, zxid{-1}, type, path);
    }

    reading& read_;
    zxid since_;
};

errc set_watches(reading& read, bytes_view body, opcode type) {
    const std::optional<set_watches_request> request = decode_set_watches(body, type);
    if (!request) {
        return errc::marshalling_error;
    }
    if (CONCLAVE_MUTANT(watches_lost_on_move)) {
        return errc::ok;
    }
    const watch_catch_up catch_up{read, request->relative_zxid};
    for (const bytes_view path : request->data) {
        catch_up.data(path);
    }
    for (const bytes_view path : request->exist) {
        catch_up.exist(path);
    }
    for (const bytes_view path : request->child) {
        catch_up.child(path);
    }
    for (const bytes_view path : request->persistent) {
        read.watch(path, watch_kind::persistent);
    }
    for (const bytes_view path : request->recursive) {
        read.watch(path, watch_kind::recursive);
    }
    return errc::ok;
}

/// Decodes the body as `Request` and calls `answer` with it.
template <class Request, class Answer>
errc with(bytes_view body, Answer answer) {
    const std::optional<Request> request = decoded<Request>(body);
    return request ? answer(*request) : errc::marshalling_error;
}

} // namespace

bool is_read(opcode type) {
    switch (type) {
    case opcode::exists:
    case opcode::get_data:
    case opcode::get_acl:
    case opcode::get_children:
    case opcode::get_children2:
    case opcode::ping:
    case opcode::check_watches:
    case opcode::remove_watches:
    case opcode::multi_read:
    case opcode::set_watches:
    case opcode::set_watches2:
    case opcode::get_ephemerals:
    case opcode::get_all_children_number:
    case opcode::add_watch:
    case opcode::who_am_i:
        return true;
    default:
        return false;
    }
}

errc execute_read(
    const read_context& context,
    const connection& from,
    opcode type,
    bytes_view body,
    bytes& out,
    bytes& events
) {
    reading read{context, from, jute::writer{out}, out, events};
    switch (type) {
    case opcode::ping:
        return errc::ok;
    case opcode::exists:
        return with<read_request>(body, [&](const auto& request) { return exists(read, request); });
    case opcode::get_data:
        return with<read_request>(body, [&](const auto& request) {
            return get_data(read, request);
        });
    case opcode::get_children:
        return with<read_request>(body, [&](const auto& request) {
            return get_children(read, request, false);
        });
    case opcode::get_children2:
        return with<read_request>(body, [&](const auto& request) {
            return get_children(read, request, true);
        });
    case opcode::get_acl:
        return with<path_request>(body, [&](const auto& request) {
            return get_acl(read, request);
        });
    case opcode::get_all_children_number:
        return with<path_request>(body, [&](const auto& request) {
            return get_all_children_number(read, request);
        });
    case opcode::get_ephemerals:
        return with<optional_path_request>(body, [&](const auto& request) {
            return get_ephemerals(read, request);
        });
    case opcode::who_am_i:
        return who_am_i(read);
    case opcode::multi_read:
        return multi_read(read, body);
    case opcode::add_watch:
        return with<watch_request>(body, [&](const auto& request) {
            return add_watch(read, request);
        });
    case opcode::check_watches:
    case opcode::remove_watches:
        return with<watch_request>(body, [&](const auto& request) {
            return check_or_remove_watches(read, request, type == opcode::remove_watches);
        });
    case opcode::set_watches:
    case opcode::set_watches2:
        return set_watches(read, body, type);
    default:
        return errc::unimplemented;
    }
}

} // namespace conclave::replica

#include "client/protocol/operation_codec.hpp"

#include <conclave/path.hpp>

namespace conclave::client {

namespace {

constexpr bytes_view config_path = "/zookeeper/config";

bool is_sequential(create_mode mode) {
    return mode == create_mode::persistent_sequential ||
           mode == create_mode::ephemeral_sequential ||
           mode == create_mode::persistent_sequential_ttl;
}

/// A sequential name may be empty, since a number is added.
bool is_creatable(const std::string& path, create_mode mode) {
    return path::is_valid(is_sequential(mode) ? path + '0' : path);
}

bytes creation_path(const std::string& path, create_mode mode, const chroot& root) {
    return is_sequential(mode) ? root.to_server_prefix(path) : root.to_server(path);
}

opcode opcode_of(create_mode mode) {
    switch (mode) {
    case create_mode::persistent:
    case create_mode::ephemeral:
    case create_mode::persistent_sequential:
    case create_mode::ephemeral_sequential:
        return opcode::create2;
    case create_mode::container:
        return opcode::create_container;
    case create_mode::persistent_ttl:
    case create_mode::persistent_sequential_ttl:
        return opcode::create_ttl;
    }
    return opcode::create2;
}

std::vector<acl_record> records(const acl& entries) {
    std::vector<acl_record> made;
    made.reserve(entries.size());
    for (const acl_entry& each : entries) {
        made.push_back({each.permissions, bytes_view{each.who.scheme}, bytes_view{each.who.id}});
    }
    return made;
}

/// The record of a create, by its mode. `path` is the server's.
void write_create(
    jute::writer& to, bytes_view path, const std::optional<bytes>& data, const create_options& how
) {
    static const acl open = open_acl();
    const auto mode = static_cast<std::int32_t>(how.mode());
    to(path, data, records(how.access() ? *how.access() : open), mode);
    if (opcode_of(how.mode()) == opcode::create_ttl) {
        to(std::int64_t{how.ttl().count()});
    }
}

encoded_request of_type(opcode type, bool is_repeatable) {
    encoded_request made;
    made.type = type;
    made.is_repeatable = is_repeatable;
    return made;
}

encoded_request read_of(opcode type, bytes path, std::optional<watch_kind> watch) {
    encoded_request made = of_type(type, true);
    jute::writer{made.body}(bytes_view{path}, watch.has_value());
    made.watch = watch;
    made.watched_path = std::move(path);
    return made;
}

/// exists, getData, getChildren2 of a path of the program.
result<encoded_request> encode_read(
    opcode type, const std::string& path, const chroot& root, std::optional<watch_kind> watch = {}
) {
    if (!path::is_valid(path)) {
        return unexpected{errc::bad_arguments};
    }
    return read_of(type, root.to_server(path), watch);
}

/// A request whose record is a path and something else.
template <class... Fields>
result<encoded_request> encode_path(
    opcode type,
    bool is_repeatable,
    const std::string& path,
    const chroot& root,
    const Fields&... fields
) {
    if (!path::is_valid(path)) {
        return unexpected{errc::bad_arguments};
    }
    encoded_request made = of_type(type, is_repeatable);
    jute::writer{made.body}(root.to_server(path), fields...);
    return made;
}

} // namespace

result<encoded_request> encode(const operation::create& what, const chroot& root) {
    if (!is_creatable(what.path, what.options.mode())) {
        return unexpected{errc::bad_arguments};
    }
    encoded_request made = of_type(opcode_of(what.options.mode()), false);
    jute::writer to{made.body};
    const bytes path = creation_path(what.path, what.options.mode(), root);
    write_create(to, path, what.data, what.options);
    return made;
}

result<encoded_request> encode(const operation::remove& what, const chroot& root) {
    return encode_path(opcode::remove, false, what.path, root, what.version);
}

result<encoded_request> encode(const operation::exists& what, const chroot& root) {
    return encode_read(opcode::exists, what.path, root);
}

result<encoded_request> encode(const operation::exists_and_watch& what, const chroot& root) {
    return encode_read(opcode::exists, what.path, root, watch_kind::data);
}

result<encoded_request> encode(const operation::get& what, const chroot& root) {
    return encode_read(opcode::get_data, what.path, root);
}

result<encoded_request> encode(const operation::get_and_watch& what, const chroot& root) {
    return encode_read(opcode::get_data, what.path, root, watch_kind::data);
}

result<encoded_request> encode(const operation::set& what, const chroot& root) {
    return encode_path(opcode::set_data, false, what.path, root, what.data, what.version);
}

result<encoded_request> encode(const operation::get_children& what, const chroot& root) {
    return encode_read(opcode::get_children2, what.path, root);
}

result<encoded_request> encode(const operation::get_children_and_watch& what, const chroot& root) {
    return encode_read(opcode::get_children2, what.path, root, watch_kind::child);
}

result<encoded_request> encode(const operation::get_acl& what, const chroot& root) {
    return encode_path(opcode::get_acl, true, what.path, root);
}

result<encoded_request> encode(const operation::set_acl& what, const chroot& root) {
    return encode_path(
        opcode::set_acl, false, what.path, root, records(what.entries), what.version
    );
}

result<encoded_request> encode(const operation::sync& what, const chroot& root) {
    return encode_path(opcode::sync, true, what.path, root);
}

result<encoded_request> encode(const operation::add_watch& what, const chroot& root) {
    auto made =
        encode_path(opcode::add_watch, true, what.path, root, static_cast<std::int32_t>(what.mode));
    if (made) {
        made->watch =
            what.mode == watch_mode::recursive ? watch_kind::recursive : watch_kind::persistent;
        made->watched_path = root.to_server(what.path);
    }
    return made;
}

result<encoded_request> encode(const operation::check_watches& what, const chroot& root) {
    return encode_path(
        opcode::check_watches, false, what.path, root, static_cast<std::int32_t>(what.type)
    );
}

result<encoded_request> encode(const operation::remove_watches& what, const chroot& root) {
    return encode_path(
        opcode::remove_watches, false, what.path, root, static_cast<std::int32_t>(what.type)
    );
}

result<encoded_request> encode(const operation::get_config&, const chroot&) {
    return read_of(opcode::get_data, bytes{config_path}, std::nullopt);
}

result<encoded_request> encode(const operation::get_config_and_watch&, const chroot&) {
    return read_of(opcode::get_data, bytes{config_path}, watch_kind::data);
}

result<encoded_request> encode(const operation::reconfig& what, const chroot&) {
    const auto text = [](const std::string& given) {
        return given.empty() ? std::nullopt : std::optional{bytes_view{given}};
    };
    encoded_request made = of_type(opcode::reconfig, false);
    jute::writer{made.body}(reconfig_request{
        text(what.change.joining),
        text(what.change.leaving),
        text(what.change.members),
        what.change.from_version});
    return made;
}

result<encoded_request> encode(const operation::who_am_i&, const chroot&) {
    return of_type(opcode::who_am_i, true);
}

result<encoded_request> encode(const operation::get_ephemerals& what, const chroot& root) {
    // A prefix is a text, not a path: "/a/b-" is one.
    if (!what.prefix.starts_with('/')) {
        return unexpected{errc::bad_arguments};
    }
    encoded_request made = of_type(opcode::get_ephemerals, true);
    jute::writer{made.body}(root.to_server_prefix(what.prefix));
    return made;
}

result<encoded_request> encode(const operation::get_all_children_number& what, const chroot& root) {
    return encode_path(opcode::get_all_children_number, true, what.path, root);
}

// -- several operations in one --------------------------------------------------------------------

namespace {

constexpr multi_header last_header{-1, true, -1};

void write_header(jute::writer& to, opcode type) {
    to(multi_header{static_cast<std::int32_t>(type), false, -1});
}

/// Writes one step; false if its path is none.
class step_writer {
public:
    step_writer(jute::writer& to, const chroot& root) : to_(to), root_(root) {}

    bool operator()(const transaction::create_step& step) {
        write_header(to_, opcode_of(step.options.mode()));
        const bytes path = creation_path(step.path, step.options.mode(), root_);
        write_create(to_, path, step.data, step.options);
        return is_creatable(step.path, step.options.mode());
    }

    bool operator()(const transaction::remove_step& step) {
        return write(opcode::remove, step.path, step.version);
    }

    bool operator()(const transaction::set_step& step) {
        return write(opcode::set_data, step.path, step.data, step.version);
    }

    bool operator()(const transaction::check_step& step) {
        return write(opcode::check, step.path, step.version);
    }

private:
    bool write(opcode type, const std::string& path, const auto&... fields) {
        write_header(to_, type);
        to_(root_.to_server(path), fields...);
        return path::is_valid(path);
    }

    jute::writer& to_;
    const chroot& root_;
};

} // namespace

result<encoded_request> encode(const operation::commit& what, const chroot& root) {
    encoded_request made = of_type(opcode::multi, false);
    jute::writer to{made.body};
    step_writer write_step{to, root};
    for (const transaction::step& step : what.steps.steps()) {
        if (!std::visit(write_step, step)) {
            return unexpected{errc::bad_arguments};
        }
    }
    to(last_header);
    return made;
}

result<encoded_request> encode(const operation::read& what, const chroot& root) {
    encoded_request made = of_type(opcode::multi_read, true);
    jute::writer to{made.body};
    for (const read_batch::step& step : what.steps.steps()) {
        if (!path::is_valid(step.path)) {
            return unexpected{errc::bad_arguments};
        }
        write_header(to, step.wants_children ? opcode::get_children : opcode::get_data);
        to(root.to_server(step.path), false);
    }
    to(last_header);
    return made;
}

} // namespace conclave::client

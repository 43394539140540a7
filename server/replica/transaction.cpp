#include "server/replica/transaction.hpp"

#include <algorithm>

namespace conclave::replica {

namespace {

enum class action_tag : std::uint8_t {
    tree_changes = 1,
    open_session = 2,
    close_session = 3,
    failure = 4,
    close_session_unnamed = 5
};

struct action_writer {
    jute::writer& to;

    void tag(action_tag value) const { to.write(static_cast<std::uint8_t>(value)); }

    void operator()(const tree_changes& what) const {
        tag(action_tag::tree_changes);
        to.write(static_cast<std::int32_t>(what.changes.size()));
        for (const tree::change& change : what.changes) {
            tree::encode(to, change);
        }
    }

    void operator()(const open_session& what) const {
        tag(action_tag::open_session);
        to(what.id, what.timeout_ms);
    }

    void operator()(const close_session& what) const {
        if (what.are_named) {
            tag(action_tag::close_session);
            to(what.id, what.ephemerals);
        } else {
            tag(action_tag::close_session_unnamed);
            to(what.id);
        }
    }

    void operator()(const failure& what) const {
        tag(action_tag::failure);
        to.write(static_cast<std::int32_t>(what.error));
        to.write(static_cast<std::int32_t>(what.operations.size()));
        for (const errc code : what.operations) {
            to.write(static_cast<std::int32_t>(code));
        }
    }
};

/// About what a transaction takes, not less for the usual ones, so that its buffer need not grow.
std::size_t size_hint(const transaction& what) {
    constexpr std::size_t fixed = 64;
    std::size_t size = fixed;
    if (const auto* changes = std::get_if<tree_changes>(&what.what)) {
        for (const tree::change& each : changes->changes) {
            size += fixed + tree::size_of_texts(each);
        }
    }
    return size;
}

tree_changes read_tree_changes(jute::reader& in) {
    tree_changes what;
    std::int32_t count = 0;
    in(count);
    for (std::int32_t index = 0; in.ok() && index < count; ++index) {
        if (std::optional<tree::change> change = tree::decode_change(in)) {
            what.changes.push_back(std::move(*change));
        }
    }
    return what;
}

open_session read_open_session(jute::reader& in) {
    open_session what;
    in(what.id, what.timeout_ms);
    return what;
}

close_session read_close_session(jute::reader& in) {
    close_session what;
    in(what.id, what.ephemerals);
    return what;
}

close_session read_close_session_unnamed(jute::reader& in) {
    close_session what;
    what.are_named = false;
    in(what.id);
    return what;
}

failure read_failure(jute::reader& in) {
    std::int32_t error = 0;
    std::vector<std::int32_t> operations;
    in(error, operations);
    failure what{static_cast<errc>(error), {}};
    for (const std::int32_t code : operations) {
        what.operations.push_back(static_cast<errc>(code));
    }
    return what;
}

std::optional<action> read_action(jute::reader& in) {
    std::uint8_t tag = 0;
    in(tag);
    switch (static_cast<action_tag>(tag)) {
    case action_tag::tree_changes:
        return read_tree_changes(in);
    case action_tag::open_session:
        return read_open_session(in);
    case action_tag::close_session:
        return read_close_session(in);
    case action_tag::failure:
        return read_failure(in);
    case action_tag::close_session_unnamed:
        return read_close_session_unnamed(in);
    }
    return std::nullopt;
}

} // namespace

bytes encode(const transaction& from) {
    bytes out;
    out.reserve(size_hint(from));
    jute::writer to{out};
    to(from.session);
    std::visit(action_writer{to}, from.what);
    return out;
}

std::optional<transaction> decode_transaction(bytes_view body) {
    jute::reader in{body};
    transaction read;
    in(read.session);
    std::optional<action> what = read_action(in);
    if (!what || !in.ok() || !in.rest().empty()) {
        return std::nullopt;
    }
    read.what = std::move(*what);
    return read;
}

bytes encode(const epoch_start& from) {
    bytes out;
    jute::writer{out}(
        bytes_view{from.password_key.data(), from.password_key.size()}, from.boot, from.leader
    );
    return out;
}

std::optional<epoch_start> decode_epoch_start(bytes_view body) {
    jute::reader in{body};
    epoch_start read;
    bytes_view key;
    in(key, read.boot, read.leader);
    if (!in.ok() || key.size() != read.password_key.size()) {
        return std::nullopt;
    }
    std::copy(key.begin(), key.end(), read.password_key.begin());
    return read;
}

} // namespace conclave::replica

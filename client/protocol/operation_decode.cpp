#include "client/protocol/operation_codec.hpp"

namespace conclave::client {

namespace {

node_stat typed(const conclave::stat& raw) {
    const auto time = [](std::int64_t ms) {
        return server_time{std::chrono::milliseconds{ms}};
    };
    return {
        raw.czxid,
        raw.mzxid,
        raw.pzxid,
        time(raw.ctime_ms),
        time(raw.mtime_ms),
        data_version{raw.version},
        child_version{raw.cversion},
        acl_version{raw.aversion},
        raw.ephemeral_owner,
        raw.data_length,
        raw.num_children};
}

node_stat read_stat(jute::reader& in) {
    conclave::stat raw;
    in(raw);
    return typed(raw);
}

void read_data(jute::reader& in, node_data& to) {
    std::optional<bytes_view> data;
    in(data);
    to.data = data.value_or(bytes_view{});
    to.is_null = !data;
    to.stat = read_stat(in);
}

/// Decodes the body with `read`, unless the server reported an error.
template <class Read>
std::error_code decode_body(const reply_view& reply, Read read) {
    if (reply.error) {
        return reply.error;
    }
    jute::reader in{reply.body};
    read(in);
    return in.ok() ? std::error_code{} : make_error_code(error::bad_reply);
}

std::error_code code_of(std::int32_t number) {
    return number == 0 ? std::error_code{} : make_error_code(static_cast<errc>(number));
}

/// The list of results of a multi or multiRead. `read_one` reads a result of a type that it knows,
/// or makes the reader fail.
template <class Result, class ReadOne>
void read_results(jute::reader& in, std::vector<Result>& to, ReadOne read_one) {
    constexpr std::int32_t error_type = -1;
    while (in.ok()) {
        multi_header header;
        in(header);
        if (!in.ok() || header.done) {
            return;
        }
        Result next;
        if (header.type == error_type) {
            std::int32_t number = 0;
            in(number);
            next.error = code_of(number);
        } else {
            read_one(static_cast<opcode>(header.type), next);
        }
        to.push_back(std::move(next));
    }
}

} // namespace

std::error_code decode(const reply_view& reply, const chroot& root, created_node& to) {
    return decode_body(reply, [&](jute::reader& in) {
        bytes_view path;
        in(path);
        to.path = root.to_program(path);
        to.stat = read_stat(in);
    });
}

std::error_code decode(const reply_view& reply, const chroot&, node_stat& to) {
    return decode_body(reply, [&](jute::reader& in) { to = read_stat(in); });
}

std::error_code decode(const reply_view& reply, const chroot&, std::optional<node_stat>& to) {
    if (reply.error == errc::no_node) {
        to.reset();
        return {};
    }
    return decode_body(reply, [&](jute::reader& in) { to = read_stat(in); });
}

std::error_code decode(const reply_view& reply, const chroot&, node_data& to) {
    return decode_body(reply, [&](jute::reader& in) { read_data(in, to); });
}

std::error_code decode(const reply_view& reply, const chroot&, node_children& to) {
    return decode_body(reply, [&](jute::reader& in) {
        in(to.names);
        to.stat = read_stat(in);
    });
}

std::error_code decode(const reply_view& reply, const chroot&, node_acl& to) {
    return decode_body(reply, [&](jute::reader& in) {
        std::vector<acl_record> records;
        in(records);
        for (const acl_record& each : records) {
            to.entries.emplace_back(
                each.permissions,
                std::string{each.scheme.value_or(bytes_view{})},
                std::string{each.id.value_or(bytes_view{})}
            );
        }
        to.stat = read_stat(in);
    });
}

std::error_code decode(const reply_view& reply, const chroot&, std::vector<identity>& to) {
    return decode_body(reply, [&](jute::reader& in) { in(to); });
}

std::error_code decode(const reply_view& reply, const chroot& root, std::vector<std::string>& to) {
    return decode_body(reply, [&](jute::reader& in) {
        in(to);
        for (std::string& path : to) {
            path = root.to_program(path);
        }
    });
}

std::error_code decode(const reply_view& reply, const chroot&, std::int32_t& to) {
    return decode_body(reply, [&](jute::reader& in) { in(to); });
}

std::error_code
decode(const reply_view& reply, const chroot& root, std::vector<transaction_result>& to) {
    const auto outcome = decode_body(reply, [&](jute::reader& in) {
        read_results(in, to, [&](opcode type, transaction_result& next) {
            bytes_view path;
            switch (type) {
            case opcode::create:
                in(path);
                next.path = root.to_program(path);
                return;
            case opcode::create2:
            case opcode::create_container:
            case opcode::create_ttl:
                in(path);
                next.path = root.to_program(path);
                next.stat = read_stat(in);
                return;
            case opcode::set_data:
                next.stat = read_stat(in);
                return;
            case opcode::remove:
            case opcode::check:
                return;
            default:
                return in.fail();
            }
        });
    });
    if (outcome) {
        return outcome;
    }
    // What stands around the operation that failed has errors of no interest.
    std::error_code first;
    for (const transaction_result& each : to) {
        if (each.error && (!first || first == errc::runtime_inconsistency)) {
            first = each.error;
        }
    }
    return first;
}

std::error_code decode(const reply_view& reply, const chroot&, std::vector<read_result>& to) {
    return decode_body(reply, [&](jute::reader& in) {
        read_results(in, to, [&](opcode type, read_result& next) {
            if (type == opcode::get_data) {
                read_data(in, next.data.emplace());
            } else if (type == opcode::get_children) {
                in(next.children.emplace());
            } else {
                in.fail();
            }
        });
    });
}

} // namespace conclave::client

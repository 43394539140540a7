#include "server/replica/writes.hpp"

#include <type_traits>

#include "conclave/function_ref.hpp"

namespace conclave::replica {

namespace {

/// Walks over the records of a multi without acting on them.
class operation_scanner {
public:
    explicit operation_scanner(bytes_view body) : in_(body) {}

    jute::reader& input() { return in_; }

    /// Reads past the record, so that what stands behind it can be judged.
    bool skip(opcode type) {
        switch (type) {
        case opcode::create:
        case opcode::create2:
        case opcode::create_container:
            return skip_as<create_request>([](const create_request& request) {
                // TTL flags without a TTL: the original cannot decode that (seen on 3.8.0).
                const auto mode = static_cast<create_mode>(request.flags);
                return mode != create_mode::persistent_ttl &&
                       mode != create_mode::persistent_sequential_ttl;
            });
        case opcode::create_ttl:
            return skip_as<create_ttl_request>();
        case opcode::remove:
            return skip_as<delete_request>();
        case opcode::set_data:
            return skip_as<set_data_request>();
        case opcode::check:
            return skip_as<check_request>();
        default:
            return false;
        }
    }

protected:
    jute::reader in_;

private:
    template <class Request>
    bool skip_as(function_ref<bool(const Request&)> accepts = [](const Request&) { return true; }) {
        Request request;
        in_(request);
        return in_.ok() && accepts(request);
    }
};

/// Prepares single operations out of a stream of records: one for a plain request, several for a
/// multi.
class operation_reader : public operation_scanner {
public:
    operation_reader(tree::preparation& preparation, const tree::requester& by, bytes_view body)
        : operation_scanner(body), preparation_(preparation), by_(by) {}

    /// Decodes and prepares the next record as one of type `type`.
    result<tree::change> prepare(opcode type) {
        switch (type) {
        case opcode::create:
        case opcode::create2:
        case opcode::create_container:
            return prepare_as<create_request>([&](const create_request& request) {
                return preparation_.create(type, request, -1, by_);
            });
        case opcode::create_ttl:
            return prepare_as<create_ttl_request>([&](const create_ttl_request& request) {
                const create_request plain{request.path, request.data, request.acl, request.flags};
                return preparation_.create(type, plain, request.ttl_ms, by_);
            });
        case opcode::remove:
            return prepare_as<delete_request>([&](const delete_request& request) {
                return preparation_.remove(request, by_);
            });
        case opcode::set_data:
            return prepare_as<set_data_request>([&](const set_data_request& request) {
                return preparation_.set(request, by_);
            });
        case opcode::set_acl:
            return prepare_as<set_acl_request>([&](const set_acl_request& request) {
                return preparation_.set_access(request, by_);
            });
        case opcode::check:
            return prepare_as<check_request>([&](const check_request& request) {
                return preparation_.check(request, by_);
            });
        default:
            in_.fail();
            return unexpected{errc::marshalling_error};
        }
    }

private:
    template <class Request, class Prepare>
    result<tree::change> prepare_as(Prepare prepare) {
        Request request;
        in_(request);
        if (!in_.ok()) {
            return unexpected{errc::marshalling_error};
        }
        auto prepared = prepare(request);
        if (!prepared) {
            return unexpected{prepared.error()};
        }
        return tree::change{*std::move(prepared)};
    }

    tree::preparation& preparation_;
    const tree::requester& by_;
};

prepared_write failed(errc error, std::vector<errc> operations = {}) {
    return {failure{error, std::move(operations)}, {}};
}

/// A multi is well-formed or refused as a whole before anything of it is tried: the operations in
/// it, or nothing.
std::optional<std::vector<opcode>> operations_of(operation_scanner reader) {
    std::vector<opcode> operations;
    while (true) {
        multi_header header;
        reader.input()(header);
        if (!reader.input().ok()) {
            return std::nullopt;
        }
        if (header.done) {
            return operations;
        }
        const auto type = static_cast<opcode>(header.type);
        if (!reader.skip(type)) {
            return std::nullopt;
        }
        operations.push_back(type);
    }
}

/// The code of each operation of a failed multi (zookeeper-protocol 4.3).
std::vector<errc> failure_codes(std::size_t count, std::size_t failing, errc error) {
    std::vector<errc> codes(count, errc::runtime_inconsistency);
    for (std::size_t index = 0; index < failing; ++index) {
        codes[index] = errc::ok;
    }
    codes[failing] = error;
    return codes;
}

/// How the result of an operation of a multi is marked: creates answer like create2 if that was
/// asked or the node is a special one (a createContainer without its flag makes a plain node there;
/// seen on 3.8.0).
opcode result_type(opcode asked, const tree::change& prepared) {
    const auto* create = std::get_if<tree::create_node>(&prepared);
    if (create == nullptr) {
        return asked;
    }
    const bool is_special = create->owner == tree::container_owner || asked == opcode::create_ttl;
    return asked == opcode::create2 || is_special ? opcode::create2 : opcode::create;
}

/// Octets that a change takes in the record, or a few more.
std::size_t record_size(const tree::change& what) {
    constexpr std::size_t fixed = 26; // of the largest kind
    return fixed + tree::size_of_texts(what);
}

prepared_write prepare_multi(
    tree::preparation& preparation,
    const tree::requester& by,
    bytes_view body,
    const write_rules& rules
) {
    const std::optional<std::vector<opcode>> operations = operations_of(operation_scanner{body});
    operation_reader reader{preparation, by, body};
    if (!operations) {
        return failed(errc::marshalling_error);
    }
    tree_changes all;
    std::vector<opcode> result_types;
    std::size_t size = 0;
    for (std::size_t index = 0; index < operations->size(); ++index) {
        multi_header header;
        reader.input()(header);
        result<tree::change> prepared = reader.prepare((*operations)[index]);
        if (!prepared) {
            return failed(errc::ok, failure_codes(operations->size(), index, prepared.error()));
        }
        size += record_size(*prepared);
        if (size > rules.transaction_size_max) {
            return failed(errc::marshalling_error);
        }
        result_types.push_back(result_type((*operations)[index], *prepared));
        all.changes.push_back(*std::move(prepared));
    }
    return {std::move(all), std::move(result_types)};
}

prepared_write prepare_action(
    tree::preparation& preparation,
    opcode type,
    bytes_view body,
    const tree::requester& by,
    const write_rules& rules
) {
    if (type == opcode::close_session) {
        return {prepare_close(preparation, by.session, rules.named_ephemerals_size_max), {}};
    }
    if (type == opcode::reconfig) {
        // An ensemble of one that was not configured as an ensemble has nothing to reconfigure
        // (5.2).
        jute::reader in{body};
        reconfig_request request;
        in(request);
        const errc outcome = in.ok() ? errc::unimplemented : errc::marshalling_error;
        return failed(rules.reconfig_enabled ? outcome : errc::reconfig_disabled);
    }
    if (type == opcode::multi) {
        return prepare_multi(preparation, by, body, rules);
    }
    operation_reader reader{preparation, by, body};
    result<tree::change> prepared = reader.prepare(type);
    if (!prepared) {
        return failed(prepared.error());
    }
    if (record_size(*prepared) > rules.transaction_size_max) {
        return failed(errc::marshalling_error);
    }
    tree_changes single;
    single.changes.push_back(*std::move(prepared));
    return {std::move(single), {}};
}

} // namespace

std::vector<opcode> multi_result_types(bytes_view body, const tree_changes& prepared) {
    std::vector<opcode> types;
    if (const auto asked = operations_of(operation_scanner{body})) {
        for (std::size_t index = 0; index < asked->size(); ++index) {
            types.push_back(result_type((*asked)[index], prepared.changes[index]));
        }
    }
    return types;
}

bool is_write(opcode type) {
    switch (type) {
    case opcode::create:
    case opcode::create2:
    case opcode::create_container:
    case opcode::create_ttl:
    case opcode::remove:
    case opcode::set_data:
    case opcode::set_acl:
    case opcode::check:
    case opcode::multi:
    case opcode::reconfig:
    case opcode::close_session:
        return true;
    default:
        return false;
    }
}

close_session
prepare_close(tree::preparation& preparation, session_id which, std::size_t named_size_max) {
    close_session what{which, preparation.close(which)};
    std::size_t size = 0;
    for (const bytes& path : what.ephemerals) {
        size += sizeof(std::int32_t) + path.size();
    }
    if (size > named_size_max) {
        what.ephemerals.clear();
        what.are_named = false;
    }
    return what;
}

std::vector<bytes> ephemerals_of(const close_session& what, const tree::tree& nodes) {
    if (what.are_named) {
        return what.ephemerals;
    }
    const std::set<bytes>& own = nodes.ephemerals_of(what.id);
    return {own.begin(), own.end()};
}

prepared_write prepare_write(
    tree::preparation& preparation,
    opcode type,
    bytes_view body,
    const tree::requester& by,
    const write_rules& rules
) {
    const bool is_multi = type == opcode::multi;
    preparation.begin(is_multi);
    prepared_write prepared = prepare_action(preparation, type, body, by, rules);
    if (std::holds_alternative<failure>(prepared.what)) {
        preparation.discard();
        preparation.begin(is_multi);
    }
    return prepared;
}

namespace {

void append_multi_failure(jute::writer& to, const std::vector<errc>& codes) {
    for (const errc each : codes) {
        const auto code = static_cast<std::int32_t>(each);
        to(multi_header{-1, false, code}, code);
    }
    to(multi_header{-1, true, -1});
}

void append_multi_results(
    jute::writer& to,
    const std::vector<opcode>& operations,
    const std::vector<tree::change_result>& results
) {
    for (std::size_t index = 0; index < operations.size(); ++index) {
        to(multi_header{static_cast<std::int32_t>(operations[index]), false, 0});
        switch (operations[index]) {
        case opcode::create:
            to(results[index].path);
            break;
        case opcode::create2:
            to(results[index].path, results[index].after);
            break;
        case opcode::set_data:
            to(results[index].after);
            break;
        default:
            break;
        }
    }
    to(multi_header{-1, true, -1});
}

void append_single_result(jute::writer& to, opcode type, const tree::change_result& outcome) {
    switch (type) {
    case opcode::create:
        to(outcome.path);
        break;
    case opcode::create2:
    case opcode::create_container:
    case opcode::create_ttl:
        to(outcome.path, outcome.after);
        break;
    case opcode::set_data:
    case opcode::set_acl:
        to(outcome.after);
        break;
    default:
        break;
    }
}

} // namespace

void append_write_reply(
    bytes& out,
    const request_header& header,
    const std::vector<opcode>& operations,
    const write_result& outcome,
    zxid at
) {
    constexpr std::size_t usual_size = 120; // a stat and what stands around it
    out.reserve(out.size() + usual_size);
    const jute::frame_scope frame{out};
    jute::writer to{out};
    to(reply_header{header.id, at, outcome.error});
    if (outcome.error != errc::ok) {
        return;
    }
    if (header.type == opcode::multi) {
        if (outcome.operations.empty()) {
            append_multi_results(to, operations, outcome.changes);
        } else {
            append_multi_failure(to, outcome.operations);
        }
    } else if (!outcome.changes.empty()) {
        append_single_result(to, header.type, outcome.changes.front());
    }
}

} // namespace conclave::replica

#include "server/replica/audit.hpp"

#include "server/replica/writes.hpp"
#include "server/tree/reserved.hpp"

#include <array>
#include <utility>

namespace conclave::replica {

namespace {

bytes_view node_type_of(opcode type, std::int32_t flags) {
    if (type == opcode::create_container) {
        return "container";
    }
    switch (static_cast<create_mode>(flags)) {
    case create_mode::ephemeral:
        return "ephemeral";
    case create_mode::persistent_sequential:
        return "persistent_sequential";
    case create_mode::ephemeral_sequential:
        return "ephemeral_sequential";
    case create_mode::container:
        return "container";
    case create_mode::persistent_ttl:
        return "persistent_with_ttl";
    case create_mode::persistent_sequential_ttl:
        return "persistent_sequential_with_ttl";
    case create_mode::persistent:
        break;
    }
    return "persistent";
}

bytes text_of(const std::vector<acl_record>& acl) {
    constexpr std::array<std::pair<std::int32_t, char>, 5> letters{
        {{permission::create, 'c'},
         {permission::remove, 'd'},
         {permission::read, 'r'},
         {permission::write, 'w'},
         {permission::admin, 'a'}}};
    bytes text;
    for (const acl_record& each : acl) {
        text.append(each.scheme.value_or("")).append(":").append(each.id.value_or("")).append(":");
        for (const auto& [bit, letter] : letters) {
            if ((each.permissions & bit) != 0) {
                text += letter;
            }
        }
    }
    return text;
}

template <class Request>
Request read(jute::reader& in) {
    Request request;
    in(request);
    return in.ok() ? request : Request{};
}

audit_event event_of(bytes_view operation, bytes_view path, bytes_view node_type = {}) {
    audit_event made;
    made.operation = operation;
    made.path = path;
    made.node_type = node_type;
    return made;
}

/// Reads one record; nothing for one that is not audited.
std::optional<audit_event> read_event(opcode type, jute::reader& in) {
    switch (type) {
    case opcode::create:
    case opcode::create2:
    case opcode::create_container: {
        const auto request = read<create_request>(in);
        return event_of("create", request.path, node_type_of(type, request.flags));
    }
    case opcode::create_ttl: {
        const auto request = read<create_ttl_request>(in);
        return event_of("create", request.path, node_type_of(type, request.flags));
    }
    case opcode::remove:
        return event_of("delete", read<delete_request>(in).path);
    case opcode::set_data:
        return event_of("setData", read<set_data_request>(in).path);
    case opcode::set_acl: {
        const auto request = read<set_acl_request>(in);
        audit_event made = event_of("setAcl", request.path);
        made.acl = text_of(request.acl);
        return made;
    }
    case opcode::reconfig:
        return event_of("reconfig", tree::config_path);
    case opcode::check: {
        static_cast<void>(read<check_request>(in));
        return event_of({}, {}); // has its place in a multi, and is not told
    }
    default:
        return std::nullopt;
    }
}

} // namespace

std::vector<audit_event> audit_of_request(opcode type, bytes_view body) {
    std::vector<audit_event> events;
    jute::reader in{body};
    if (type != opcode::multi) {
        if (auto event = read_event(type, in)) {
            events.push_back(*std::move(event));
        }
        return events;
    }
    while (true) {
        multi_header header;
        in(header);
        auto event = in.ok() && !header.done ? read_event(static_cast<opcode>(header.type), in)
                                             : std::nullopt;
        if (!event || !in.ok()) {
            return events;
        }
        events.push_back(*std::move(event));
    }
}

std::vector<audit_event>
audit_of_outcome(std::vector<audit_event> asked, opcode type, const write_result& outcome) {
    const bool failed = outcome.error != errc::ok || !outcome.operations.empty();
    if (type == opcode::multi && failed) {
        audit_event whole = event_of("multiOperation", {});
        whole.succeeded = false;
        return {std::move(whole)};
    }
    std::vector<audit_event> told;
    for (std::size_t index = 0; index < asked.size(); ++index) {
        audit_event& each = asked[index];
        if (each.operation.empty()) {
            continue;
        }
        each.succeeded = !failed;
        if (!failed && index < outcome.changes.size() && !each.node_type.empty()) {
            each.path = outcome.changes[index].path; // with its sequence number
        }
        told.push_back(std::move(each));
    }
    return told;
}

} // namespace conclave::replica

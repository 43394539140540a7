#include "server/replica/request_path.hpp"

namespace conclave::replica {

bytes_view path_of_request(opcode type, bytes_view body) {
    jute::reader in{body};
    switch (type) {
    case opcode::multi:
    case opcode::multi_read: {
        multi_header header;
        in(header);
        return !in.ok() || header.done ? bytes_view{} : path_of_request(opcode::create, in.rest());
    }
    case opcode::create:
    case opcode::create2:
    case opcode::create_container:
    case opcode::create_ttl:
    case opcode::remove:
    case opcode::exists:
    case opcode::get_data:
    case opcode::set_data:
    case opcode::get_acl:
    case opcode::set_acl:
    case opcode::get_children:
    case opcode::get_children2:
    case opcode::get_all_children_number:
    case opcode::sync:
    case opcode::check:
    case opcode::check_watches:
    case opcode::remove_watches:
    case opcode::add_watch: {
        std::optional<bytes_view> path;
        in(path);
        return path.value_or(bytes_view{});
    }
    default:
        return {};
    }
}

bytes_view name_of_request(opcode type) {
    switch (type) {
    case opcode::create_session:
        return "createSession";
    case opcode::close_session:
        return "closeSession";
    case opcode::create:
        return "create";
    case opcode::create2:
        return "create2";
    case opcode::create_container:
        return "createContainer";
    case opcode::create_ttl:
        return "createTTL";
    case opcode::remove:
        return "delete";
    case opcode::delete_container:
        return "deleteContainer";
    case opcode::exists:
        return "exists";
    case opcode::get_data:
        return "getData";
    case opcode::set_data:
        return "setData";
    case opcode::get_acl:
        return "getACL";
    case opcode::set_acl:
        return "setACL";
    case opcode::get_children:
        return "getChildren";
    case opcode::get_children2:
        return "getChildren2";
    case opcode::get_all_children_number:
        return "getAllChildrenNumber";
    case opcode::get_ephemerals:
        return "getEphemerals";
    case opcode::sync:
        return "sync";
    case opcode::ping:
        return "ping";
    case opcode::check:
        return "check";
    case opcode::multi:
        return "multi";
    case opcode::multi_read:
        return "multiRead";
    case opcode::reconfig:
        return "reconfig";
    case opcode::check_watches:
        return "checkWatches";
    case opcode::remove_watches:
        return "removeWatches";
    case opcode::set_watches:
        return "setWatches";
    case opcode::set_watches2:
        return "setWatches2";
    case opcode::add_watch:
        return "addWatch";
    case opcode::auth:
        return "auth";
    case opcode::sasl:
        return "sasl";
    case opcode::who_am_i:
        return "whoAmI";
    case opcode::notification:
    case opcode::error:
        break;
    }
    return "other"; // a number that some client made up
}

} // namespace conclave::replica

#include "conclave/client/node.hpp"

namespace conclave::client {

acl open_acl() {
    return {acl_entry{permission::all, "world", "anyone"}};
}

acl read_only_acl() {
    return {acl_entry{permission::read, "world", "anyone"}};
}

acl creator_acl() {
    return {acl_entry{permission::all, "auth", ""}};
}

acl_entry digest_entry(std::string_view user, std::string_view password, std::int32_t permissions) {
    std::string credentials{user};
    credentials += ':';
    credentials += password;
    return {permissions, "digest", digest_id(credentials)};
}

} // namespace conclave::client

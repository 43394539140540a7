#include "conclave/errc.hpp"

#include <string>

namespace conclave {

std::string_view name(errc code) {
    switch (code) {
    case errc::ok:
        return "Ok";
    case errc::runtime_inconsistency:
        return "RuntimeInconsistency";
    case errc::connection_loss:
        return "ConnectionLoss";
    case errc::marshalling_error:
        return "MarshallingError";
    case errc::unimplemented:
        return "Unimplemented";
    case errc::operation_timeout:
        return "OperationTimeout";
    case errc::bad_arguments:
        return "BadArguments";
    case errc::new_config_no_quorum:
        return "NewConfigNoQuorum";
    case errc::reconfig_in_progress:
        return "ReconfigInProgress";
    case errc::no_node:
        return "NoNode";
    case errc::no_auth:
        return "NoAuth";
    case errc::bad_version:
        return "BadVersion";
    case errc::no_children_for_ephemerals:
        return "NoChildrenForEphemerals";
    case errc::node_exists:
        return "NodeExists";
    case errc::not_empty:
        return "NotEmpty";
    case errc::session_expired:
        return "SessionExpired";
    case errc::invalid_acl:
        return "InvalidACL";
    case errc::auth_failed:
        return "AuthFailed";
    case errc::session_moved:
        return "SessionMoved";
    case errc::not_read_only:
        return "NotReadOnly";
    case errc::ephemeral_on_local_session:
        return "EphemeralOnLocalSession";
    case errc::no_watcher:
        return "NoWatcher";
    case errc::reconfig_disabled:
        return "ReconfigDisabled";
    case errc::session_closed_require_auth:
        return "SessionClosedRequireSaslAuth";
    case errc::quota_exceeded:
        return "QuotaExceeded";
    case errc::throttled:
        return "ThrottledOp";
    }
    return "Unknown";
}

namespace {

class protocol_error_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "conclave.protocol"; }

    [[nodiscard]] std::string message(int value) const override {
        return std::string{conclave::name(static_cast<errc>(value))};
    }
};

} // namespace

const std::error_category& protocol_category() noexcept {
    static const protocol_error_category category;
    return category;
}

std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), protocol_category()};
}

} // namespace conclave

/// Access control lists as people write and read them.
#pragma once

#include "client/shell/failure.hpp"

#include <conclave/client/node.hpp>

#include <string>
#include <string_view>

namespace conclave::shell {

/// "cdrwa": letters for the bits of `conclave::permission`, in this order.
[[nodiscard]] std::string permissions_text(std::int32_t permissions);

/// Those bits; nothing if a letter is none of them.
[[nodiscard]] std::optional<std::int32_t> parse_permissions(std::string_view letters);

/// "scheme:id:permissions", separated by commas. The id may hold colons.
/// The failure says which entry is wrong, in zkCli.sh's words.
[[nodiscard]] outcome<client::acl> parse_acl(std::string_view text);

/// "scheme:id:permissions", as `parse_acl` takes it.
[[nodiscard]] std::string acl_entry_text(const client::acl_entry& entry);

} // namespace conclave::shell

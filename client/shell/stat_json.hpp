/// Parts of znodes as JSON, for `--output json` and for exported subtrees.
#pragma once

#include "client/shell/failure.hpp"

#include <conclave/client/node.hpp>

#include <nlohmann/json.hpp>

namespace conclave::shell {

/// Fields in the order in which they are written.
using json = nlohmann::ordered_json;

[[nodiscard]] json stat_json(const client::node_stat& stat);

/// {"encoding": "utf-8", "value": "..."}, or "base64" for data that is no text.
[[nodiscard]] json data_json(bytes_view data);

/// [{"scheme": ..., "id": ..., "permissions": "cdrwa"}]
[[nodiscard]] json acl_json(const client::acl& entries);

/// The reverse of `data_json` and `acl_json`; the failure says what is wrong.
[[nodiscard]] outcome<bytes> parse_data(const json& written);
[[nodiscard]] outcome<client::acl> parse_acl_json(const json& written);

} // namespace conclave::shell

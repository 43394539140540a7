/// The properties file that zkCli.sh takes as -client-configuration.
#pragma once

#include "client/shell/invocation.hpp"

#include <map>
#include <string>
#include <string_view>

namespace conclave::shell {

using properties = std::map<std::string, std::string, std::less<>>;

/// Lines of "key=value" or "key:value"; lines that begin with # or ! are comments, and a line that
/// ends with \ goes on. Other escapes are not known: passwords and paths mean what they say.
[[nodiscard]] properties parse_properties(std::string_view text);

/// Lays what the file says over `chosen`: zookeeper.client.secure and zookeeper.ssl.*.
/// Key and trust stores must be PEM files; the failure of others says
/// how to convert them.
[[nodiscard]] outcome<> apply_client_configuration(const properties& from, invocation& to);

/// The same from a file.
[[nodiscard]] outcome<> read_client_configuration(const std::string& name, invocation& to);

} // namespace conclave::shell

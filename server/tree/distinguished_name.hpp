/// The names of certificates' holders as text: the ids of the scheme x509.
#pragma once

#include <conclave/types.hpp>

namespace conclave::tree {

/// True for what Java takes for an X.500 name, such as "CN=alice,O=Example,C=DE": attributes with a
/// known keyword or an object identifier, joined by commas, semicolons or plus signs. The empty
/// text is the empty name.
[[nodiscard]] bool is_distinguished_name(bytes_view text);

} // namespace conclave::tree

/// How the nodes of a recipe are named, which decides whose programs it works together with.
#pragma once

#include <cstdint>

namespace conclave::recipes {

/// Programs meet on a path only if all of them use the same names there. This library counts the
/// nodes of both families as contenders, whichever it was told to use; Curator and kazoo understand
/// only their own, so choose the family of those that are on the path already.
enum class layout : std::uint8_t {
    curator, ///< Apache Curator's recipes: `_c_<uuid>-lock-0000000000`
    kazoo,   ///< kazoo's: `<hex>__lock__0000000000`
};

} // namespace conclave::recipes

/// What the operator may decide about the checkpoint store.
#pragma once

#include <cstddef>
#include <filesystem>

namespace conclave::store {

struct checkpoint_settings {
    /// Where data.mdb and lock.mdb live. Its parent must exist.
    std::filesystem::path directory;

    /// Address space that is reserved for the map; the file grows only as it is used. `grow_map`
    /// doubles it.
    std::size_t map_size = std::size_t{64} << 30;

    /// Octets of the map that may stay resident after a commit.
    std::size_t resident_size_max = std::size_t{32} << 20;

    /// Octets of heap that LMDB may keep after a commit for the next one (it keeps every page that
    /// a commit changed); beyond, `refresh` reopens the environment to give them back, which takes
    /// about 0.1 ms per MiB.
    std::size_t heap_size_max = std::size_t{32} << 20;
};

} // namespace conclave::store

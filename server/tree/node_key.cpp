#include "server/tree/node_key.hpp"

#include <xxhash.h>

#include <cstring>

namespace conclave::tree {

path_hash hash_path(std::uint64_t hash_seed, bytes_view path) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(
        &canonical, XXH3_128bits_withSeed(path.data(), path.size(), hash_seed)
    );
    path_hash hash;
    static_assert(sizeof canonical.digest == std::tuple_size_v<path_hash>);
    std::memcpy(hash.data(), canonical.digest, hash.size());
    return hash;
}

node_key::node_key(std::uint64_t hash_seed, bytes_view path) {
    if (path == "/") {
        append(path);
        return;
    }
    const std::size_t slash = path.rfind('/');
    if (slash == bytes_view::npos) {
        constexpr bytes_view nobody{"\0", 1};
        append(nobody);
        return;
    }
    // The parent is named by what stands before the last slash, that of a top-level node by nothing
    // at all. So each text has a key of its own: "//x" is a name below "/", not the "/x" that its
    // components would make it.
    append(as_view(hash_path(hash_seed, path.substr(0, slash))));
    const bytes_view name = path.substr(slash + 1);
    if (name.size() <= key_name_size_max) {
        append(name);
        return;
    }
    constexpr bytes_view cut{"\0", 1};
    append(name.substr(0, key_name_size_max));
    append(cut);
    append(as_view(hash_path(hash_seed, name)));
    long_name_ = name;
}

path_hash node_key::children_prefix(std::uint64_t hash_seed, bytes_view path) {
    return hash_path(hash_seed, path == "/" ? bytes_view{} : path);
}

bytes_view node_key::name_in(bytes_view key) {
    const bytes_view name = key.substr(std::tuple_size_v<path_hash>);
    return name.size() <= key_name_size_max ? name : bytes_view{};
}

void node_key::append(bytes_view part) {
    std::memcpy(buffer_.data() + size_, part.data(), part.size());
    size_ += part.size();
}

} // namespace conclave::tree

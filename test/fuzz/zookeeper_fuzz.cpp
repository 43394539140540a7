/// `conclaved import` reads what somebody calls a snapshot, a log or a compressed snapshot of
/// ZooKeeper's: any bytes are refused, or give a tree whose nodes have parents.
#include "server/maintenance/zookeeper_files.hpp"

#include <conclave/assert.hpp>
#include <conclave/jute.hpp>
#include <conclave/path.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace {

using namespace conclave;
using namespace conclave::maintenance;

class text_source final : public octet_source {
public:
    explicit text_source(bytes_view octets) : rest_(octets) {}

    result<std::size_t, std::string> read(std::span<char> into) override {
        const std::size_t size = std::min(into.size(), rest_.size());
        std::copy_n(rest_.data(), size, into.data());
        rest_.remove_prefix(size);
        return size;
    }

private:
    bytes_view rest_;
};

void read_snapshot(octet_source& from) {
    zookeeper_state state;
    const auto read = read_zookeeper_snapshot(from, state);
    if (!read) {
        CONCLAVE_ASSERT(!read.error().empty());
        return;
    }
    for (const auto& [path, node] : state.nodes()) {
        CONCLAVE_ASSERT(path == "/" || state.nodes().contains(bytes{path::parent_of(path)}));
        CONCLAVE_ASSERT(node.acl != nullptr);
    }
    state.settle();
    static_cast<void>(state.zookeeper_digest());
}

void read_log(octet_source& from) {
    zookeeper_state state;
    zookeeper_node root;
    root.acl = state.intern({});
    state.add_node("/", root);
    const auto end = read_zookeeper_log(
        from,
        [&](const zookeeper_transaction& next, std::optional<zookeeper_digest>) {
            return state.apply(next).has_value();
        }
    );
    CONCLAVE_ASSERT(end || !end.error().empty());
    state.settle();
}

/// Checksums keep a fuzzer out: transactions are also given bare.
void apply_bare(bytes_view octets) {
    zookeeper_state state;
    zookeeper_node root;
    root.acl = state.intern({});
    state.add_node("/", root);
    zookeeper_transaction what;
    jute::reader in{octets};
    in(what);
    what.body = in.rest();
    if (in.ok()) {
        static_cast<void>(digest_behind(what.type, what.body));
        static_cast<void>(state.apply(what));
        state.settle();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view octets(reinterpret_cast<const char*>(data), size);
    text_source as_snapshot{octets};
    read_snapshot(as_snapshot);
    text_source as_log{octets};
    read_log(as_log);
    const auto unpacked = make_snappy_source(std::make_unique<text_source>(octets));
    read_snapshot(*unpacked);
    apply_bare(octets);
    return 0;
}

#include "server/maintenance/checkpoint_examination.hpp"

#include "server/maintenance/child_process.hpp"
#include "server/replica/history_row.hpp"
#include "server/store/idle_checkpoint.hpp"
#include "server/tree/corrupt_state.hpp"
#include "server/tree/node.hpp"
#include "server/tree/tree.hpp"
#include "server/tree/write_buffer.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace conclave::maintenance {

namespace {

using tree::table;

[[noreturn]] void refuse(std::string sentence) {
    throw std::runtime_error{std::move(sentence)};
}

/// Every row of the table, also one that no path leads to.
std::int64_t count_whole_nodes(store::idle_checkpoint& in) {
    std::int64_t count = 0;
    in.tables().scan(table::node, {}, [&](bytes_view, bytes_view value) {
        if (!tree::decode_node(value)) {
            refuse("a row of table node fails its checksum");
        }
        ++count;
        in.trim();
        return true;
    });
    return count;
}

std::int64_t count_sessions(const tree::table_reader& tables) {
    std::int64_t count = 0;
    tables.scan(table::session, {}, [&](bytes_view key, bytes_view value) {
        session_id id;
        std::int32_t timeout_ms = 0;
        jute::reader key_reader{key};
        jute::reader value_reader{value};
        key_reader(id);
        value_reader(timeout_ms);
        if (!key_reader.ok() || !value_reader.ok()) {
            refuse("a row of table session cannot be read");
        }
        ++count;
        return true;
    });
    return count;
}

/// An ephemeral has an owner that lives, and knows it.
void check_ephemerals(const tree::tree& state, const tree::table_reader& tables) {
    for (const auto& [session, paths] : state.ephemerals()) {
        bytes key;
        jute::writer{key}(session);
        if (!tables.get(table::session, key)) {
            refuse(fmt::format("ephemerals of a session that is not there: 0x{:x}", session.value));
        }
        for (const bytes& path : paths) {
            const auto node = state.find(path);
            if (!node || node->head.owner != session.value) {
                refuse(fmt::format("{} is in table ephemeral, but no such node is there", path));
            }
        }
    }
}

void check_rows(store::idle_checkpoint& in, checkpoint_facts& found) {
    const std::int64_t row_count = count_whole_nodes(in);
    tree::write_buffer rows{in.tables()};
    const tree::tree state{rows, 0};
    found.node_count = state.node_count() - 1;
    found.data_size_bytes = state.data_size();
    found.session_count = count_sessions(in.tables());
    found.ephemeral_count = state.ephemeral_count();
    found.digest_high = state.current_digest().high;
    found.digest_low = state.current_digest().low;
    check_ephemerals(state, in.tables());
    if (row_count != found.node_count) {
        refuse(fmt::format("it holds {} nodes and counts {}", row_count, found.node_count));
    }
    if (state.compute_digest() != state.current_digest()) {
        refuse("the digest of its nodes is not the one that it names");
    }
}

checkpoint_facts look_at(store::idle_checkpoint& in) {
    checkpoint_facts found;
    found.size_bytes = static_cast<std::int64_t>(in.used_size());
    try {
        if (const auto row = in.tables().get(table::meta, replica::history_key)) {
            found.history_row = bytes{*row};
            if (!replica::decode_history_row(*row)) {
                refuse("the row that says how far it reaches is damaged");
            }
        }
        if (in.tables().get(table::meta, "hash_seed")) {
            check_rows(in, found);
        }
    } catch (const std::runtime_error& problem) { // tree::corrupt_state is one
        found.damage = problem.what();
    }
    return found;
}

} // namespace

result<checkpoint_facts, std::string>
examine_checkpoint(const std::filesystem::path& directory, const std::filesystem::path& scratch) {
    const auto answer = run_in_child([&] {
        auto opened = store::idle_checkpoint::open(directory, scratch);
        if (!opened) {
            throw std::runtime_error{opened.error().text};
        }
        bytes encoded;
        jute::writer{encoded}(look_at(**opened));
        return encoded;
    });
    if (!answer) {
        return unexpected{answer.error()};
    }
    checkpoint_facts found;
    jute::reader in{*answer};
    in(found);
    if (!in.ok()) {
        return unexpected{std::string{"it was not examined to the end"}};
    }
    return found;
}

} // namespace conclave::maintenance

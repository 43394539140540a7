/// Subtrees that go.
#include "client/shell/commands/commands.hpp"
#include "client/shell/subtree_removal.hpp"

#include <fmt/format.h>

#include <limits>

namespace conclave::shell::commands {

outcome<> delete_all(shell& in, const arguments& given) {
    const auto batch = given.number(
        "b", 1, std::numeric_limits<std::int32_t>::max(), "-b argument must be an int value"
    );
    if (!batch) {
        return unexpected{batch.error()};
    }
    const auto listed = read_subtree(in.server(), given.word(0));
    if (!listed) {
        return unexpected{listed.error()};
    }
    const auto count = static_cast<std::size_t>(batch->value_or(removal_batch_count));
    auto removed = remove_subtree(in.server(), *listed, count);
    if (!removed && in.is_zkcli()) {
        in.output().remark("Failed to delete some node(s) in the subtree!");
        return {};
    }
    return removed;
}

} // namespace conclave::shell::commands

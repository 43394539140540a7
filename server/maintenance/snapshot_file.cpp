#include "server/maintenance/snapshot_file.hpp"

#include "server/maintenance/octet_source.hpp"
#include "server/store/snapshot_loader.hpp"

#include <fmt/format.h>

namespace conclave::maintenance {

namespace fs = std::filesystem;

std::string digest_text(std::uint64_t high, std::uint64_t low) {
    return fmt::format("{:016x}{:016x}", high, low);
}

result<void, std::string> load_snapshot(const fs::path& file, const fs::path& directory) {
    auto source = open_source(file.string());
    if (!source) {
        return unexpected{source.error()};
    }
    std::string failure;
    const auto read = [&](std::span<char> into) -> result<std::size_t, std::error_code> {
        auto count = (*source)->read(into);
        if (!count) {
            failure = count.error();
            return unexpected{std::make_error_code(std::errc::io_error)};
        }
        return *count;
    };
    store::snapshot_target target;
    target.directory = directory;
    const auto loaded = store::read_snapshot(read, target);
    if (!loaded) {
        return unexpected{
            fmt::format("{}: {}", file.string(), failure.empty() ? loaded.error().text : failure)};
    }
    return {};
}

result<snapshot_facts, std::string> prove_checkpoint(const fs::path& directory) {
    const auto examined = examine_checkpoint(directory, directory.parent_path());
    if (!examined) {
        return unexpected{examined.error()};
    }
    if (!examined->damage.empty()) {
        return unexpected{std::string{examined->damage}};
    }
    auto row = replica::decode_history_row(examined->history_row);
    if (!row) {
        return unexpected{std::string{"it does not say which zxid it is of"}};
    }
    return snapshot_facts{
        std::move(*row),
        digest_text(examined->digest_high, examined->digest_low),
        examined->node_count};
}

result<snapshot_facts, std::string> prove_snapshot(const fs::path& file, const fs::path& scratch) {
    std::error_code ignored;
    fs::remove_all(scratch, ignored);
    auto loaded = load_snapshot(file, scratch);
    auto facts = loaded ? prove_checkpoint(scratch)
                        : result<snapshot_facts, std::string>{unexpected{loaded.error()}};
    fs::remove_all(scratch, ignored);
    if (!facts) {
        return unexpected{fmt::format("{}: {}", file.string(), facts.error())};
    }
    return facts;
}

} // namespace conclave::maintenance

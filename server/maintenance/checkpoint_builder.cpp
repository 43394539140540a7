#include "server/maintenance/checkpoint_builder.hpp"

#include "server/tree/corrupt_state.hpp"

namespace conclave::maintenance {

namespace {

constexpr std::size_t unsaved_size_max = std::size_t{64} << 20;

bytes key_of(session_id id) {
    bytes key;
    jute::writer{key}(id);
    return key;
}

} // namespace

checkpoint_builder::checkpoint_builder(std::unique_ptr<store::checkpoint_store> opened)
    : store_(std::move(opened)), rows_(store_->reader()) {}

checkpoint_builder::~checkpoint_builder() = default;

result<std::unique_ptr<checkpoint_builder>, std::string>
checkpoint_builder::open(const std::filesystem::path& directory) {
    store::checkpoint_settings settings;
    settings.directory = directory;
    auto opened = store::checkpoint_store::open(settings);
    if (!opened) {
        return unexpected{opened.error().text};
    }
    return std::unique_ptr<checkpoint_builder>{new checkpoint_builder{std::move(*opened)}};
}

void checkpoint_builder::put_session(session_id id, bytes_view row) {
    rows_.put(tree::table::session, key_of(id), row);
}

void checkpoint_builder::put_session(session_id id, std::int32_t timeout_ms) {
    bytes row;
    jute::writer{row}(timeout_ms);
    put_session(id, row);
}

void checkpoint_builder::remove_session(session_id id) {
    rows_.erase(tree::table::session, key_of(id));
}

std::optional<replica::history_row> checkpoint_builder::history() const {
    const auto row = rows_.get(tree::table::meta, replica::history_key);
    if (!row) {
        return std::nullopt;
    }
    auto read = replica::decode_history_row(*row);
    if (!read) {
        throw tree::corrupt_state{tree::table::meta, replica::history_key, "the row is damaged"};
    }
    return read;
}

result<void, std::string> checkpoint_builder::save_if_large() {
    return rows_.active_size() < unsaved_size_max ? result<void, std::string>{} : write();
}

result<void, std::string> checkpoint_builder::save(const replica::history_row& reached) {
    bytes row;
    jute::writer{row}(reached);
    rows_.put(tree::table::meta, replica::history_key, row);
    return write();
}

/// In between, no row says how far it reaches; who gives up removes the whole.
result<void, std::string> checkpoint_builder::write() {
    const auto changes = rows_.freeze();
    auto written = store_->commit(*changes);
    while (!written && written.error().code == store::store_errc::map_full) {
        if (auto grown = store_->grow_map(); !grown) {
            return unexpected{grown.error().text};
        }
        written = store_->commit(*changes);
    }
    if (!written) {
        return unexpected{written.error().text};
    }
    static_cast<void>(rows_.release_frozen());
    return {};
}

} // namespace conclave::maintenance

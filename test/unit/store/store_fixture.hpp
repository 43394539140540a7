/// What the tests of the checkpoint store share: a directory of their own, rows by name, commits by
/// value.
#pragma once

#include "server/store/checkpoint_store.hpp"
#include "server/tree/write_buffer.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace conclave::store::testing {

using tree::table;

/// A directory that lives as long as the test.
class temporary_directory {
public:
    temporary_directory() {
        bytes name = (std::filesystem::temp_directory_path() / "conclave-store-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }

    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

using row_key = std::pair<table, bytes>;
using rows = std::map<row_key, bytes>;

/// Nothing as value: erase.
using row_changes = std::map<row_key, std::optional<bytes>>;

/// A base without rows, for building change sets.
class empty_tables final : public tree::table_reader {
public:
    [[nodiscard]] std::optional<bytes_view> get(table, bytes_view) const override {
        return std::nullopt;
    }

    void scan(table, bytes_view, function_ref<bool(bytes_view, bytes_view)>) const override {}

    void refresh() override {}
};

inline std::shared_ptr<const tree::change_set> frozen(const row_changes& changes) {
    empty_tables below;
    tree::write_buffer buffer{below};
    for (const auto& [key, value] : changes) {
        if (value) {
            buffer.put(key.first, key.second, *value);
        } else {
            buffer.erase(key.first, key.second);
        }
    }
    return buffer.freeze();
}

inline void apply_to(rows& state, const row_changes& changes) {
    for (const auto& [key, value] : changes) {
        if (value) {
            state[key] = *value;
        } else {
            state.erase(key);
        }
    }
}

/// Every row but the one that names the format.
inline rows contents(tree::table_reader& reader) {
    rows found;
    for (std::uint8_t index = 0; index < tree::table_count; ++index) {
        const auto in = static_cast<table>(index);
        reader.scan(in, {}, [&](bytes_view key, bytes_view value) {
            found[{in, bytes{key}}] = bytes{value};
            return true;
        });
    }
    found.erase({table::meta, "format_version"});
    return found;
}

inline checkpoint_settings settings_in(const std::filesystem::path& directory) {
    checkpoint_settings settings;
    settings.directory = directory;
    settings.map_size = std::size_t{1} << 30;
    return settings;
}

inline std::unique_ptr<checkpoint_store> must_open(const checkpoint_settings& settings) {
    auto opened = checkpoint_store::open(settings);
    if (!opened) {
        FAIL(opened.error().text);
    }
    return std::move(*opened);
}

inline void must_commit(checkpoint_store& store, const row_changes& changes) {
    const auto committed = store.commit(*frozen(changes));
    if (!committed) {
        FAIL(committed.error().text);
    }
    store.reader().refresh();
}

inline bytes file_octets(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_file(const std::filesystem::path& file, bytes_view octets) {
    std::ofstream out{file, std::ios::binary | std::ios::trunc};
    out.write(octets.data(), static_cast<std::streamsize>(octets.size()));
    REQUIRE(out.good());
}

/// `count` rows of one table: keys are distinct and scattered, values have the given size.
inline row_changes many_rows(table in, int count, std::size_t value_size) {
    row_changes changes;
    for (int number = 0; number < count; ++number) {
        const auto scattered = static_cast<unsigned>(number) * 2654435761U;
        changes[{in, "key-" + std::to_string(scattered)}] =
            bytes(value_size, static_cast<char>('a' + number % 26));
    }
    return changes;
}

} // namespace conclave::store::testing

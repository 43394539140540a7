// Whether a file is whole and of a format that this program knows.
#include "server/store/environment.hpp"

#include <conclave/jute.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace conclave::store {

namespace {

/// The handle of the database in which LMDB keeps its free pages.
constexpr MDB_dbi free_list = 0;

std::size_t file_size(int descriptor) {
    struct stat status {};

    return ::fstat(descriptor, &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
}

/// The pages of the free list from number `first` on.
result<std::size_t, int> count_free_pages(MDB_txn* txn, std::size_t first) {
    MDB_cursor* raw = nullptr;
    if (const int code = mdb_cursor_open(txn, free_list, &raw); code != MDB_SUCCESS) {
        return unexpected{code};
    }
    const cursor closing{raw};
    std::size_t count = 0;
    MDB_val key{};
    MDB_val value{};
    int code = MDB_SUCCESS;
    const auto step = [&] {
        return mdb_cursor_get(raw, &key, &value, MDB_NEXT);
    };
    while ((code = guarded(step)) == MDB_SUCCESS) {
        // A record of the free list is a vector of page numbers behind its length.
        if (value.mv_size < sizeof(std::size_t)) {
            return unexpected{MDB_CORRUPTED};
        }
        std::vector<std::size_t> pages(value.mv_size / sizeof(std::size_t));
        std::memcpy(pages.data(), value.mv_data, pages.size() * sizeof(std::size_t));
        if (pages[0] >= pages.size()) {
            return unexpected{MDB_CORRUPTED};
        }
        const auto begin = pages.begin() + 1;
        const auto end = begin + static_cast<std::ptrdiff_t>(pages[0]);
        count += static_cast<std::size_t>(std::count_if(begin, end, [&](std::size_t page) {
            return page >= first;
        }));
    }
    if (code != MDB_NOTFOUND) {
        return unexpected{code};
    }
    return count;
}

} // namespace

result<void, store_error> environment::check_format(MDB_txn* txn) {
    MDB_val key = value_of(format_version_key);
    MDB_val value{};
    const int code =
        guarded([&] { return mdb_get(txn, database(tree::table::meta), &key, &value); });
    if (code != MDB_SUCCESS) {
        return damaged(data_file(directory_), "the row that names its format is missing");
    }
    jute::reader in{view_of(value)};
    std::int32_t version = 0;
    in(version);
    if (!in.ok() || version < 1) {
        return damaged(data_file(directory_), "the row that names its format cannot be read");
    }
    if (version > format_version) {
        return unexpected{store_error{
            store_errc::newer_format,
            fmt::format(
                "checkpoint {} has format {}, this program knows formats up to {}: it was written "
                "by a later version; "
                "start that version, nothing was changed",
                data_file(directory_).string(),
                version,
                format_version
            )}};
    }
    find_map(view_of(value));
    return {};
}

void environment::find_map(bytes_view small_value) {
    // LMDB does not tell where it mapped the file. But every page begins with its own number, and a
    // small value lies inside its page; the magic number of page 0 proves the sum.
    constexpr std::size_t magic_offset = 16;
    constexpr std::uint32_t magic = 0xbeefc0de;
    map_begin_ = nullptr;
    const char* at = small_value.data();
    const char* page = at - reinterpret_cast<std::uintptr_t>(at) % page_size_;
    std::uint64_t page_number = 0;
    std::memcpy(&page_number, page, sizeof page_number);
    if (page_number >= used_size() / page_size_) {
        return;
    }
    const char* begin = page - page_number * page_size_;
    std::uint32_t found = 0;
    std::memcpy(&found, begin + magic_offset, sizeof found);
    if (found == magic) {
        map_begin_ = begin;
    }
}

std::size_t environment::file_length() const {
    int descriptor = -1;
    mdb_env_get_fd(env_, &descriptor);
    return file_size(descriptor);
}

result<void, store_error> environment::check_length() {
    int descriptor = -1;
    mdb_env_get_fd(env_, &descriptor);
    const std::size_t size = file_size(descriptor);
    const std::size_t needed = used_size();
    if (size >= needed) {
        return open_databases();
    }
    // LMDB does not write pages that a transaction took at the end of the file and freed again, so
    // this may be in order: if every missing page is free. Reading a page that is not there kills
    // the process (SIGBUS), so the missing part is made of zeros before anything is looked up.
    if (::ftruncate(descriptor, static_cast<off_t>(needed)) != 0) {
        return damaged(data_file(directory_), "it is shorter than its first pages say");
    }
    auto opened = open_lengthened(size);
    if (!opened) {
        // Best effort: whoever examines the damage should find the length that the file had.
        [[maybe_unused]] const int restored = ::ftruncate(descriptor, static_cast<off_t>(size));
    }
    return opened;
}

result<void, store_error> environment::open_lengthened(std::size_t size_before) {
    if (auto opened = open_databases(); !opened) {
        return opened;
    }
    auto begun = begin_read();
    if (!begun) {
        return unexpected{begun.error()};
    }
    const std::size_t first_missing = size_before / page_size_;
    const auto free = count_free_pages(begun->get(), first_missing);
    if (!free || *free != used_size() / page_size_ - first_missing) {
        return damaged(data_file(directory_), "its end is missing");
    }
    return {};
}

} // namespace conclave::store

#include "server/store/checkpoint_reader.hpp"

#include "server/tree/corrupt_state.hpp"

#include <conclave/assert.hpp>
#include <conclave/log_line.hpp>

#include <algorithm>
#include <cstdlib>

namespace conclave::store {

namespace {

[[noreturn]] void stop_for(const store_error& reason) {
    log(log_level::error, "server stopped reason={} {}", name(reason.code), reason.text);
    std::abort();
}

/// A tree with missing rows must not be served. Anything but damage is a bug or an exhausted
/// system.
[[noreturn]] void fail_read(const environment& in, tree::table from, bytes_view key, int code) {
    const store_error reason = in.explain("read", code);
    if (reason.code == store_errc::damaged) {
        throw tree::corrupt_state{from, key, reason.text};
    }
    stop_for(reason);
}

} // namespace

result<void, store_error> checkpoint_reader::begin() {
    auto begun = environment_.begin_read();
    if (!begun) {
        return unexpected{begun.error()};
    }
    transaction_ = std::move(*begun);
    observe_environment();
    return {};
}

void checkpoint_reader::observe_environment() {
    touched_.cover(environment_.map_begin(), environment_.used_size());
    branch_page_count_ = 0;
    for (const tree::table each : all_tables) {
        MDB_stat statistics{};
        if (mdb_stat(transaction_.get(), environment_.database(each), &statistics) == MDB_SUCCESS) {
            branch_page_count_ += statistics.ms_branch_pages;
        }
    }
}

std::optional<bytes_view> checkpoint_reader::get(tree::table in, bytes_view key) const {
    CONCLAVE_ASSERT(!key.empty());
    MDB_val sought = value_of(key);
    MDB_val found{};
    const int code = guarded([&] {
        return mdb_get(transaction_.get(), environment_.database(in), &sought, &found);
    });
    if (code == MDB_NOTFOUND) {
        return std::nullopt;
    }
    if (code != MDB_SUCCESS) {
        fail_read(environment_, in, key, code);
    }
    ++read_count_;
    const bytes_view value = view_of(found);
    touched_.touch(value.data(), value.size());
    return value;
}

void checkpoint_reader::scan(
    tree::table in, bytes_view prefix, function_ref<bool(bytes_view key, bytes_view value)> visit
) const {
    scan_from(in, prefix, prefix, visit);
}

void checkpoint_reader::scan_from(
    tree::table in,
    bytes_view prefix,
    bytes_view from,
    function_ref<bool(bytes_view key, bytes_view value)> visit
) const {
    const bytes_view first = std::max(prefix, from);
    MDB_cursor* raw = nullptr;
    int code = mdb_cursor_open(transaction_.get(), environment_.database(in), &raw);
    if (code != MDB_SUCCESS) {
        fail_read(environment_, in, prefix, code);
    }
    const cursor rows{raw};
    MDB_val key = value_of(first);
    MDB_val value{};
    const auto move = [&](MDB_cursor_op where) {
        return guarded([&] { return mdb_cursor_get(raw, &key, &value, where); });
    };
    code = move(first.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (code == MDB_SUCCESS && view_of(key).starts_with(prefix)) {
        ++read_count_;
        touched_.touch(view_of(value).data(), value.mv_size);
        if (!visit(view_of(key), view_of(value))) {
            return;
        }
        code = move(MDB_NEXT);
    }
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) {
        fail_read(environment_, in, prefix, code);
    }
}

bool checkpoint_reader::should_reopen() const {
    const auto& use = environment_.use();
    return use.kept_page_count * environment_.page_size() > heap_size_max_ && use.stream_count == 0;
}

void checkpoint_reader::refresh() {
    CONCLAVE_ASSERT(!environment_.use().is_writing);
    if (should_reopen()) {
        reopen();
    } else {
        mdb_txn_reset(transaction_.get());
        if (const int code = mdb_txn_renew(transaction_.get()); code != MDB_SUCCESS) {
            stop_for(environment_.explain("read", code));
        }
        observe_environment();
    }
    // What was counted before is out of date: the commit emptied the page table as it went along.
    if (environment_.used_size() > resident_size_max_) {
        trim_resident(0);
    }
}

void checkpoint_reader::reopen() {
    end();
    if (auto reopened = environment_.reopen(environment_.map_size()); !reopened) {
        stop_for(reopened.error());
    }
    if (auto begun = begin(); !begun) {
        stop_for(begun.error());
    }
}

std::size_t checkpoint_reader::resident_size() const {
    // Each read goes through one path of upper pages, and each of these may have mapped a window of
    // its own.
    const std::size_t upper_windows = std::min(read_count_, branch_page_count_);
    return (touched_.count() + upper_windows) * resident_windows::window_size;
}

void checkpoint_reader::trim_resident(std::size_t limit) {
    if (resident_size() > limit) {
        environment_.drop_resident();
        touched_.clear();
        read_count_ = 0;
    }
}

} // namespace conclave::store

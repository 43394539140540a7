/// The newest durable checkpoint as the tree reads it.
#pragma once

#include "server/store/checkpoint_settings.hpp"
#include "server/store/environment.hpp"
#include "server/store/resident_windows.hpp"
#include "server/tree/tables.hpp"

namespace conclave::store {

/// One long-lived reading transaction: a view of the tables at one zxid, without a copy and without
/// a lock.
///
/// Views point into the memory map; they stay valid until `refresh`, also when `trim_resident`
/// unmapped their page: the next access maps it again. Damage that shows while reading is thrown as
/// `tree::corrupt_state`: a tree with missing rows must not be served.
///
/// Owner: the checkpoint store; core thread only.
class checkpoint_reader final : public tree::table_reader {
public:
    checkpoint_reader(environment& in, const checkpoint_settings& settings)
        : environment_(in)
        , resident_size_max_(settings.resident_size_max)
        , heap_size_max_(settings.heap_size_max) {}

    /// Begins to read. To be called once, before anything else.
    [[nodiscard]] result<void, store_error> begin();

    [[nodiscard]] std::optional<bytes_view> get(tree::table in, bytes_view key) const override;

    /// The visitor may read, also with `get` and `scan` of this reader; it must not refresh.
    void scan(
        tree::table in,
        bytes_view prefix,
        function_ref<bool(bytes_view key, bytes_view value)> visit
    ) const override;

    void scan_from(
        tree::table in,
        bytes_view prefix,
        bytes_view from,
        function_ref<bool(bytes_view key, bytes_view value)> visit
    ) const override;

    /// Also gives memory back: resident pages, and after a large commit the heap pages of LMDB.
    /// Precondition: no commit is running.
    void refresh() override;

    /// Ends the transaction, so that the environment can be reopened; `begin` starts a new one.
    void end() { transaction_.reset(); }

    /// Unmaps the file's resident pages if more than `limit` octets of them may be resident. They
    /// stay in the page cache; touching one again costs a page fault of 2 to 5 us instead of a read
    /// of 1 us, and a trim of 64 MiB about 1 ms. Cheap enough to be called every time around a
    /// loop: below the limit it compares two numbers.
    void trim_resident(std::size_t limit);

    /// An upper bound of the resident octets that this reader caused.
    [[nodiscard]] std::size_t resident_size() const;

private:
    void observe_environment();
    [[nodiscard]] bool should_reopen() const;
    void reopen();

    environment& environment_;
    std::size_t resident_size_max_;
    std::size_t heap_size_max_;
    transaction transaction_;
    mutable resident_windows touched_;
    mutable std::size_t read_count_ = 0; ///< since the last trim
    std::size_t branch_page_count_ = 0;
};

} // namespace conclave::store

#include "server/tree/write_buffer.hpp"

#include <conclave/assert.hpp>

#include <algorithm>

namespace conclave::tree {

namespace {

/// The part of an ordered index of added keys that starts with `prefix`, consumed from the front.
class key_range {
public:
    key_range() = default;

    key_range(const std::set<bytes_view>& keys, bytes_view prefix, bytes_view from)
        : next_(keys.lower_bound(std::max(prefix, from)))
        , end_(keys.end())
        , prefix_(prefix)
        , is_present_(true) {}

    [[nodiscard]] bool empty() const {
        return !is_present_ || next_ == end_ || !next_->starts_with(prefix_);
    }

    [[nodiscard]] bytes_view front() const { return *next_; }

    void pop_if_front(bytes_view key) {
        if (!empty() && front() == key) {
            ++next_;
        }
    }

private:
    std::set<bytes_view>::const_iterator next_;
    std::set<bytes_view>::const_iterator end_;
    bytes_view prefix_;
    bool is_present_ = false;
};

} // namespace

write_buffer::write_buffer(table_reader& base, std::uint64_t hash_seed)
    : base_(base), hash_seed_(hash_seed), active_(std::make_shared<change_set>(hash_seed)) {}

std::optional<write_buffer::found_row> write_buffer::find(table in, bytes_view key) const {
    std::optional<change_set::row> changed = active_->find(in, key);
    if (!changed && frozen_ != nullptr) {
        changed = frozen_->find(in, key);
    }
    if (changed) {
        return *changed ? std::optional{found_row{**changed, true}} : std::nullopt;
    }
    const std::optional<bytes_view> value = base_.get(in, key);
    return value ? std::optional{found_row{*value, false}} : std::nullopt;
}

std::optional<bytes_view> write_buffer::get(table in, bytes_view key) const {
    const std::optional<found_row> found = find(in, key);
    return found ? std::optional{found->value} : std::nullopt;
}

void write_buffer::put(table in, bytes_view key, bytes_view value) {
    CONCLAVE_ASSERT(!key.empty() && key.size() <= table_key_size_max);
    active_->assign(in, key, value, change_set::below::unknown);
}

void write_buffer::insert(table in, bytes_view key, bytes_view value) {
    CONCLAVE_ASSERT(!key.empty() && key.size() <= table_key_size_max);
    // It may be erased in the frozen set. That is enough: if the set is restored, the row stops
    // being new.
    active_->assign(in, key, value, change_set::below::absent);
}

void write_buffer::update(table in, bytes_view key, bytes_view value) {
    active_->assign(in, key, value, change_set::below::present);
}

void write_buffer::erase(table in, bytes_view key) {
    active_->erase(in, key);
}

void write_buffer::scan(
    table in, bytes_view prefix, function_ref<bool(bytes_view key, bytes_view value)> visit
) const {
    scan_from(in, prefix, {}, visit);
}

void write_buffer::scan_from(
    table in,
    bytes_view prefix,
    bytes_view from,
    function_ref<bool(bytes_view key, bytes_view value)> visit
) const {
    key_range active{active_->changes_of(in).added, prefix, from};
    key_range frozen;
    if (frozen_ != nullptr) {
        frozen = key_range{frozen_->changes_of(in).added, prefix, from};
    }
    const auto visit_newest = [&](bytes_view key, std::optional<bytes_view> base_value) {
        std::optional<change_set::row> changed = active_->find(in, key);
        if (!changed && frozen_ != nullptr) {
            changed = frozen_->find(in, key);
        }
        if (!changed) {
            return visit(key, *base_value);
        }
        return *changed ? visit(key, **changed) : true;
    };
    const auto next_added = [&]() -> std::optional<bytes_view> {
        if (active.empty() && frozen.empty()) {
            return std::nullopt;
        }
        if (active.empty() || (!frozen.empty() && frozen.front() < active.front())) {
            return frozen.front();
        }
        return active.front();
    };
    const auto pop = [&](bytes_view key) {
        active.pop_if_front(key);
        frozen.pop_if_front(key);
    };

    bool goes_on = true;
    const auto visit_base = [&](bytes_view key, bytes_view value) {
        for (auto added = next_added(); goes_on && added && *added < key; added = next_added()) {
            goes_on = visit_newest(*added, std::nullopt);
            pop(*added);
        }
        if (goes_on) {
            pop(key);
            goes_on = visit_newest(key, value);
        }
        return goes_on;
    };
    if (from.empty()) {
        base_.scan(in, prefix, visit_base);
    } else {
        base_.scan_from(in, prefix, from, visit_base);
    }
    for (auto added = next_added(); goes_on && added; added = next_added()) {
        goes_on = visit_newest(*added, std::nullopt);
        pop(*added);
    }
}

std::shared_ptr<const change_set> write_buffer::freeze() {
    CONCLAVE_ASSERT(frozen_ == nullptr);
    frozen_ = std::exchange(active_, std::make_shared<change_set>(hash_seed_));
    return frozen_;
}

std::shared_ptr<const change_set> write_buffer::release_frozen() {
    CONCLAVE_ASSERT(frozen_ != nullptr);
    base_.refresh();
    return std::exchange(frozen_, nullptr);
}

void write_buffer::restore_frozen() {
    CONCLAVE_ASSERT(frozen_ != nullptr);
    active_->put_under(*frozen_);
    frozen_.reset();
}

} // namespace conclave::tree

/// Histories made by hand, for the tests of the replication core.
#pragma once

#include "server/zab/history.hpp"
#include "server/zab/message.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

template <>
struct Catch::StringMaker<conclave::zxid> {
    static std::string convert(conclave::zxid at) {
        return fmt::format("{}.{}", at.in_epoch().value, at.counter());
    }
};

template <>
struct Catch::StringMaker<std::optional<conclave::zxid>> {
    static std::string convert(const std::optional<conclave::zxid>& at) {
        return at ? StringMaker<conclave::zxid>::convert(*at) : "nothing";
    }
};

template <class Tag, class Integer>
struct Catch::StringMaker<conclave::strong_integer<Tag, Integer>> {
    static std::string convert(conclave::strong_integer<Tag, Integer> number) {
        return std::to_string(number.value);
    }
};

namespace conclave::test {

/// The place that is written `in.counter`.
inline zxid at(std::uint32_t in, std::uint32_t counter) {
    return zxid{epoch{in}, counter};
}

/// Continues a history. A copy of it is a fork.
class history_maker {
public:
    history_maker() = default;

    zab::shared_entry begin_epoch(std::uint32_t number) {
        return add(at(number, 0), zab::entry_kind::epoch_start, encode(zab::epoch_start{}));
    }

    /// An epoch that founds an ensemble with these members.
    zab::shared_entry found(std::uint32_t number, zab::membership members) {
        const zab::epoch_start start{true, std::move(members), {}};
        return add(at(number, 0), zab::entry_kind::epoch_start, encode(start));
    }

    zab::shared_entry write(bytes body) {
        return add(end_.at.next(), zab::entry_kind::application, std::move(body));
    }

    zab::shared_entry change_members(const zab::membership& next) {
        return add(end_.at.next(), zab::entry_kind::membership, encode(next));
    }

    zab::shared_entry activate() { return add(end_.at.next(), zab::entry_kind::activation, {}); }

    /// An epoch with `count` writes behind its start.
    std::vector<zab::shared_entry> epoch_of(std::uint32_t number, std::uint32_t count) {
        std::vector<zab::shared_entry> made{begin_epoch(number)};
        for (std::uint32_t counter = 1; counter <= count; ++counter) {
            made.push_back(write(fmt::format("write {}.{}", number, counter)));
        }
        return made;
    }

    [[nodiscard]] const zab::position& end() const { return end_; }

private:
    zab::shared_entry add(zxid where, zab::entry_kind kind, bytes body) {
        zab::entry next;
        next.at = where;
        next.previous = end_.at;
        next.kind = kind;
        next.from = {server_id{1}, 9, ++sequence_};
        next.time_ms = 100 + where.counter();
        next.body = std::move(body);
        next.chain = zab::chain_after(end_.chain, next);
        end_ = next.where();
        return std::make_shared<zab::entry>(std::move(next));
    }

    zab::position end_;
    std::uint64_t sequence_ = 0;
};

inline zab::member voter(std::uint32_t id, std::uint32_t weight = 1, std::uint32_t group = 0) {
    zab::member made;
    made.id = server_id{id};
    made.weight = weight;
    made.group = group;
    return made;
}

inline zab::member observer(std::uint32_t id) {
    zab::member made = voter(id);
    made.is_voter = false;
    return made;
}

inline zab::membership members_of(std::initializer_list<zab::member> all) {
    return {zxid{}, zxid{}, all};
}

/// Voters 1 to `count`.
inline zab::membership voters(std::uint32_t count) {
    zab::membership made;
    for (std::uint32_t id = 1; id <= count; ++id) {
        made.members.push_back(voter(id));
    }
    return made;
}

/// What a server has that has nothing but a configuration file with these members.
inline zab::base_state empty_base(const zab::membership& file) {
    zab::base_state made;
    made.members.stable = file;
    return made;
}

} // namespace conclave::test

#include "server/zab/message.hpp"

#include "server/zab/codec.hpp"

#include <algorithm>
#include <utility>

namespace conclave::zab {

namespace {

void write(jute::writer& out, const append_message& from) {
    out(from.in, from.number, from.previous, from.committed, from.beat, from.is_bare);
    out(static_cast<std::int32_t>(from.entries.size()));
    for (const shared_entry& each : from.entries) {
        out(*each);
    }
}

void write(jute::writer& out, const auto& from) {
    out(from);
}

/// Memory grows with the entries that are there, not with the count that is claimed.
void read(jute::reader& in, append_message& into) {
    std::int32_t count = 0;
    in(into.in, into.number, into.previous, into.committed, into.beat, into.is_bare, count);
    for (std::int32_t index = 0; in.ok() && index < count; ++index) {
        auto next = std::make_shared<entry>();
        in(*next);
        into.entries.push_back(std::move(next));
    }
}

void read(jute::reader& in, auto& into) {
    in(into);
}

template <std::size_t Type = 0>
std::optional<message> decode_as(std::uint8_t type, jute::reader& in) {
    if constexpr (Type < std::variant_size_v<message>) {
        if (type != Type) {
            return decode_as<Type + 1>(type, in);
        }
        std::variant_alternative_t<Type, message> decoded;
        read(in, decoded);
        if (in.ok() && in.rest().empty()) {
            return message{std::move(decoded)};
        }
    }
    return std::nullopt;
}

} // namespace

bool operator==(const append_message& left, const append_message& right) {
    const auto same_entry = [](const shared_entry& one, const shared_entry& other) {
        return *one == *other;
    };
    return left.in == right.in && left.number == right.number && left.previous == right.previous &&
           left.committed == right.committed && left.beat == right.beat &&
           left.is_bare == right.is_bare &&
           std::equal(
               left.entries.begin(),
               left.entries.end(),
               right.entries.begin(),
               right.entries.end(),
               same_entry
           );
}

void encode(const message& from, bytes& to) {
    jute::writer out{to};
    out(static_cast<std::uint8_t>(from.index()));
    std::visit([&](const auto& each) { write(out, each); }, from);
}

std::optional<message> decode_message(bytes_view frame) {
    jute::reader in{frame};
    std::uint8_t type = 0;
    in(type);
    return in.ok() ? decode_as(type, in) : std::nullopt;
}

} // namespace conclave::zab

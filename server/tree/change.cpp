#include "server/tree/change.hpp"

namespace conclave::tree {

namespace {

/// The octet in front of the fields. Kept in logs: numbers are never reused.
enum class change_kind : std::uint8_t {
    create_node = 1,
    delete_node = 2,
    set_data = 3,
    set_acl = 4,
    checked = 5,
};

change_kind kind_of(const create_node&) {
    return change_kind::create_node;
}

change_kind kind_of(const delete_node&) {
    return change_kind::delete_node;
}

change_kind kind_of(const set_data&) {
    return change_kind::set_data;
}

change_kind kind_of(const set_acl&) {
    return change_kind::set_acl;
}

change_kind kind_of(const checked&) {
    return change_kind::checked;
}

std::size_t texts_of(const create_node& what) {
    return what.path.size() + (what.data ? what.data->size() : 0) + what.acl.size();
}

std::size_t texts_of(const delete_node& what) {
    return what.path.size();
}

std::size_t texts_of(const set_data& what) {
    return what.path.size() + (what.data ? what.data->size() : 0);
}

std::size_t texts_of(const set_acl& what) {
    return what.path.size() + what.acl.size();
}

std::size_t texts_of(const checked&) {
    return 0;
}

template <class Change>
std::optional<change> decode_as(jute::reader& in) {
    Change what;
    in(what);
    return in.ok() ? std::optional<change>{std::move(what)} : std::nullopt;
}

} // namespace

std::size_t size_of_texts(const change& what) {
    return std::visit([](const auto& one) { return texts_of(one); }, what);
}

void encode(jute::writer& out, const change& what) {
    std::visit([&](const auto& one) { out(static_cast<std::uint8_t>(kind_of(one)), one); }, what);
}

std::optional<change> decode_change(jute::reader& in) {
    std::uint8_t kind = 0;
    in(kind);
    switch (static_cast<change_kind>(kind)) {
    case change_kind::create_node:
        return decode_as<create_node>(in);
    case change_kind::delete_node:
        return decode_as<delete_node>(in);
    case change_kind::set_data:
        return decode_as<set_data>(in);
    case change_kind::set_acl:
        return decode_as<set_acl>(in);
    case change_kind::checked:
        return decode_as<checked>(in);
    }
    in.fail();
    return std::nullopt;
}

} // namespace conclave::tree

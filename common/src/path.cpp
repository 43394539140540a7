#include "conclave/path.hpp"

#include <algorithm>

namespace conclave {

namespace utf8 {

namespace {

struct decoded {
    char32_t character{};
    std::size_t size{}; ///< 0: malformed
};

/// The character at the front of `text`, which must not be empty. Refuses overlong forms,
/// surrogates and what lies beyond U+10FFFF.
decoded decode_front(bytes_view text) {
    const auto octet = [&](std::size_t index) -> char32_t {
        return static_cast<unsigned char>(text[index]);
    };
    const auto continues = [&](std::size_t index) {
        return index < text.size() && (octet(index) & 0xc0) == 0x80;
    };
    const char32_t first = octet(0);
    if (first < 0x80) {
        return {first, 1};
    }
    if (first >= 0xc2 && first < 0xe0 && continues(1)) {
        return {((first & 0x1f) << 6) | (octet(1) & 0x3f), 2};
    }
    if ((first & 0xf0) == 0xe0 && continues(1) && continues(2)) {
        const char32_t character =
            ((first & 0x0f) << 12) | ((octet(1) & 0x3f) << 6) | (octet(2) & 0x3f);
        const bool is_surrogate = character >= 0xd800 && character < 0xe000;
        if (character >= 0x800 && !is_surrogate) {
            return {character, 3};
        }
    }
    if ((first & 0xf8) == 0xf0 && continues(1) && continues(2) && continues(3)) {
        const char32_t character = ((first & 0x07) << 18) | ((octet(1) & 0x3f) << 12) |
                                   ((octet(2) & 0x3f) << 6) | (octet(3) & 0x3f);
        if (character >= 0x10000 && character <= 0x10ffff) {
            return {character, 4};
        }
    }
    return {};
}

} // namespace

bool is_valid(bytes_view text) {
    while (!text.empty()) {
        const decoded front = decode_front(text);
        if (front.size == 0) {
            return false;
        }
        text.remove_prefix(front.size);
    }
    return true;
}

bytes replace_invalid(bytes_view text) {
    bytes out;
    out.reserve(text.size());
    while (!text.empty()) {
        const decoded front = decode_front(text);
        if (front.size == 0) {
            out += "\xef\xbf\xbd";
            text.remove_prefix(1);
        } else {
            out += text.substr(0, front.size);
            text.remove_prefix(front.size);
        }
    }
    return out;
}

} // namespace utf8

namespace path {

namespace {

/// Characters that no path may hold. What ZooKeeper sees as UTF-16 surrogates (all beyond U+FFFF)
/// is among them.
bool is_refused(char32_t character) {
    return character <= 0x1f || (character >= 0x7f && character <= 0x9f) ||
           (character >= 0xd800 && character <= 0xf8ff) || character >= 0xfff0;
}

bool has_only_allowed_characters(bytes_view text) {
    while (!text.empty()) {
        const auto octet = static_cast<unsigned char>(text.front());
        if (octet >= 0x20 && octet < 0x7f) {
            text.remove_prefix(1);
            continue;
        }
        const utf8::decoded front = utf8::decode_front(text);
        if (front.size == 0 || is_refused(front.character)) {
            return false;
        }
        text.remove_prefix(front.size);
    }
    return true;
}

bool is_allowed_component(bytes_view component) {
    return !component.empty() && component != "." && component != "..";
}

} // namespace

bool is_valid(bytes_view path) {
    if (path.empty() || path.front() != '/') {
        return false;
    }
    if (path.size() == 1) {
        return true;
    }
    bytes_view rest = path.substr(1);
    while (true) {
        const std::size_t slash = rest.find('/');
        if (!is_allowed_component(rest.substr(0, slash))) {
            return false;
        }
        if (slash == bytes_view::npos) {
            return has_only_allowed_characters(path);
        }
        rest.remove_prefix(slash + 1);
    }
}

bytes_view parent_of(bytes_view path) {
    const std::size_t slash = path.rfind('/');
    if (slash == bytes_view::npos || path.size() == 1) {
        return {};
    }
    return path.substr(0, std::max<std::size_t>(slash, 1));
}

bytes_view name_of(bytes_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == bytes_view::npos ? path : path.substr(slash + 1);
}

bytes join(bytes_view parent, bytes_view name) {
    bytes joined;
    joined.reserve(parent.size() + 1 + name.size());
    joined += parent;
    if (parent != "/") {
        joined += '/';
    }
    joined += name;
    return joined;
}

bool is_at_or_below(bytes_view path, bytes_view ancestor) {
    if (ancestor == "/") {
        return !path.empty() && path.front() == '/';
    }
    return path.starts_with(ancestor) &&
           (path.size() == ancestor.size() || path[ancestor.size()] == '/');
}

} // namespace path

} // namespace conclave

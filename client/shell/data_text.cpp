#include "client/shell/data_text.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conclave::shell {

namespace {

constexpr std::size_t row_size = 16;

bool is_control(unsigned char octet) {
    constexpr unsigned char space = 0x20;
    constexpr unsigned char rubout = 0x7f;
    return octet < space || octet == rubout;
}

/// Of U+0080 to U+009F, which terminals obey as well; U+009B is the beginning of most commands.
constexpr unsigned char control_page = 0xc2;
constexpr unsigned char control_page_end = 0xa0;

std::string dump_row(bytes_view row, std::size_t offset) {
    std::string digits;
    std::string letters;
    for (const char each : row) {
        const auto octet = static_cast<unsigned char>(each);
        digits += fmt::format(" {:02x}", octet);
        constexpr unsigned char ascii_end = 0x80;
        letters += is_control(octet) || octet >= ascii_end ? '.' : each;
    }
    return fmt::format("|{:08x}|{:<48} |{:<16}|\n", offset, digits, letters);
}

std::optional<unsigned> base64_value(char letter) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t found = alphabet.find(letter);
    return found == std::string_view::npos ? std::nullopt
                                           : std::optional{static_cast<unsigned>(found)};
}

} // namespace

std::string hex_dump(bytes_view data) {
    if (data.empty()) {
        return {};
    }
    const std::string line =
        "+--------+-------------------------------------------------+----------------+";
    std::string text = "         +-------------------------------------------------+\n"
                       "         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |\n" +
                       line + '\n';
    for (std::size_t offset = 0; offset < data.size(); offset += row_size) {
        text += dump_row(data.substr(offset, row_size), offset);
    }
    return text + line;
}

std::optional<bytes> parse_base64(std::string_view text) {
    std::string letters;
    std::copy_if(text.begin(), text.end(), std::back_inserter(letters), [](char letter) {
        return std::string_view{" \t\r\n"}.find(letter) == std::string_view::npos;
    });
    constexpr std::size_t group = 4;
    if (letters.size() % group == 0) {
        for (int padding = 0; padding < 2 && letters.ends_with('='); ++padding) {
            letters.pop_back();
        }
    }
    if (letters.size() % group == 1) {
        return std::nullopt;
    }
    bytes data;
    unsigned held = 0;
    unsigned held_bits = 0;
    for (const char letter : letters) {
        const auto value = base64_value(letter);
        if (!value) {
            return std::nullopt;
        }
        constexpr unsigned letter_bits = 6;
        constexpr unsigned octet_bits = 8;
        held = (held << letter_bits) | *value;
        held_bits += letter_bits;
        if (held_bits >= octet_bits) {
            held_bits -= octet_bits;
            data += static_cast<char>(static_cast<unsigned char>(held >> held_bits));
            held &= (1U << held_bits) - 1U;
        }
    }
    return data;
}

bool is_presentable(bytes_view data) {
    unsigned char before = 0;
    return utf8::is_valid(data) && std::none_of(data.begin(), data.end(), [&before](char each) {
               const auto octet = static_cast<unsigned char>(each);
               const bool is_second_control =
                   std::exchange(before, octet) == control_page && octet < control_page_end;
               return is_second_control || (each != '\n' && each != '\t' && is_control(octet));
           });
}

std::string summary_of(bytes_view data, std::size_t width) {
    if (!is_presentable(data)) {
        return fmt::format("<{} bytes>", data.size());
    }
    std::string line;
    std::size_t taken = 0;
    for (std::size_t at = 0; at < data.size();) {
        if (taken == width) {
            return line + "...";
        }
        std::size_t end = at + 1;
        constexpr unsigned continuation_mask = 0xc0;
        constexpr unsigned continuation = 0x80;
        while (end < data.size() &&
               (static_cast<unsigned char>(data[end]) & continuation_mask) == continuation) {
            ++end;
        }
        const bytes_view letter = data.substr(at, end - at);
        line += letter == "\n" || letter == "\t" ? " " : letter;
        at = end;
        ++taken;
    }
    return line;
}

} // namespace conclave::shell

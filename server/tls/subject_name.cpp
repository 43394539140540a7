#include "server/tls/subject_name.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>
#include <openssl/objects.h>

#include <array>
#include <string>
#include <utility>

namespace conclave::tls {

namespace {

/// The attributes that RFC 2253 names; Java writes all others as numbers.
constexpr std::array<std::pair<int, std::string_view>, 9> keywords{
    {{NID_commonName, "CN"},
     {NID_countryName, "C"},
     {NID_localityName, "L"},
     {NID_stateOrProvinceName, "ST"},
     {NID_organizationName, "O"},
     {NID_organizationalUnitName, "OU"},
     {NID_streetAddress, "STREET"},
     {NID_domainComponent, "DC"},
     {NID_userId, "UID"}}};

/// Empty if there is none.
std::string_view keyword_of(const ASN1_OBJECT* type) {
    const int nid = OBJ_obj2nid(type);
    for (const auto& [known, keyword] : keywords) {
        if (known == nid) {
            return keyword;
        }
    }
    return {};
}

std::string number_of(const ASN1_OBJECT* type) {
    constexpr int as_number = 1;
    const int size = OBJ_obj2txt(nullptr, 0, type, as_number);
    std::string text(static_cast<std::size_t>(size) + 1, '\0');
    OBJ_obj2txt(text.data(), static_cast<int>(text.size()), type, as_number);
    text.pop_back();
    return text;
}

bool is_text(const ASN1_STRING* value) {
    switch (ASN1_STRING_type(value)) {
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_T61STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_GENERALSTRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UTF8STRING:
        return true;
    default:
        return false;
    }
}

/// The whole value with tag and length, behind a number sign.
void append_hexadecimal(bytes& to, const ASN1_STRING* value) {
    ASN1_TYPE any{};
    ASN1_TYPE_set(&any, ASN1_STRING_type(value), const_cast<ASN1_STRING*>(value));
    unsigned char* encoded = nullptr;
    const int size = i2d_ASN1_TYPE(&any, &encoded);
    to += '#';
    for (int index = 0; index < size; ++index) {
        fmt::format_to(std::back_inserter(to), "{:02x}", encoded[index]);
    }
    OPENSSL_free(encoded);
}

/// Java escapes what would end or begin something, and blanks at either end.
void append_escaped(bytes& to, bytes_view text) {
    constexpr bytes_view blanks{" \r"};
    const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
    const std::size_t last = text.find_last_not_of(blanks);
    for (std::size_t index = 0; index < text.size(); ++index) {
        const char each = text[index];
        const bool is_outer = index < first || last == bytes_view::npos || index > last;
        if (each == '\0') {
            to += "\\00";
            continue;
        }
        if (is_outer || bytes_view{",=+<>#;\"\\"}.find(each) != bytes_view::npos) {
            to += '\\';
        }
        to += each;
    }
}

void append_attribute(bytes& to, const X509_NAME_ENTRY* entry) {
    const ASN1_OBJECT* const type = X509_NAME_ENTRY_get_object(entry);
    const ASN1_STRING* const value = X509_NAME_ENTRY_get_data(entry);
    const std::string_view keyword = keyword_of(type);
    to += keyword.empty() ? number_of(type) : std::string{keyword};
    to += '=';
    if (keyword.empty() || !is_text(value)) {
        return append_hexadecimal(to, value);
    }
    const bytes_view octets{
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
        static_cast<std::size_t>(ASN1_STRING_length(value))};
    append_escaped(to, utf8::replace_invalid(octets));
}

} // namespace

bytes subject_text(const X509_NAME* name) {
    // Parts stand from the most general to the most special, and attributes of one part together;
    // their order within the part stays.
    bytes text;
    int end = X509_NAME_entry_count(name);
    while (end > 0) {
        const int part = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, end - 1));
        int begin = end;
        while (begin > 0 && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, begin - 1)) == part) {
            --begin;
        }
        for (int index = begin; index < end; ++index) {
            text += index != begin ? "+" : (text.empty() ? "" : ",");
            append_attribute(text, X509_NAME_get_entry(name, index));
        }
        end = begin;
    }
    return text;
}

} // namespace conclave::tls

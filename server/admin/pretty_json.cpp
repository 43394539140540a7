#include "server/admin/pretty_json.hpp"

#include <nlohmann/json.hpp>

namespace conclave::admin {

namespace {

using json = nlohmann::ordered_json;

void append(bytes& out, const json& value, std::size_t depth) {
    const bytes indentation(2 * depth, ' ');
    if (value.is_object()) {
        out += "{";
        bytes_view separator = "\n";
        for (const auto& [name, member] : value.items()) {
            out.append(separator).append(indentation).append("  ");
            out.append(compact(name)).append(" : ");
            append(out, member, depth + 1);
            separator = ",\n";
        }
        out += value.empty() ? " }" : "\n" + indentation + "}";
    } else if (value.is_array()) {
        out += "[";
        bytes_view separator = " ";
        for (const json& each : value) {
            out += separator;
            append(out, each, depth);
            separator = ", ";
        }
        out += " ]";
    } else {
        out += compact(value);
    }
}

} // namespace

bytes pretty(const json& value) {
    bytes out;
    append(out, value, 0);
    return out;
}

bytes compact(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace conclave::admin

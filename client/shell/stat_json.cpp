#include "client/shell/stat_json.hpp"

#include "client/shell/access_text.hpp"
#include "client/shell/data_text.hpp"
#include "client/shell/stat_text.hpp"

#include <conclave/path.hpp>

namespace conclave::shell {

namespace {

/// A member that is a text; "" if there is none.
std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

} // namespace

json stat_json(const client::node_stat& stat) {
    json text;
    text["czxid"] = hex_text(stat.czxid.value);
    text["mzxid"] = hex_text(stat.mzxid.value);
    text["pzxid"] = hex_text(stat.pzxid.value);
    text["ctime_ms"] = stat.ctime.time_since_epoch().count();
    text["mtime_ms"] = stat.mtime.time_since_epoch().count();
    text["version"] = stat.version.value;
    text["cversion"] = stat.cversion.value;
    text["aversion"] = stat.aversion.value;
    text["ephemeral_owner"] = stat.ephemeral_owner == session_id{}
                                  ? json(nullptr)
                                  : json(hex_text(stat.ephemeral_owner.value));
    text["data_length_bytes"] = stat.data_length;
    text["child_count"] = stat.num_children;
    return text;
}

json data_json(bytes_view data) {
    const bool is_text = utf8::is_valid(data);
    json text;
    text["encoding"] = is_text ? "utf-8" : "base64";
    text["value"] = is_text ? std::string{data} : base64(data);
    return text;
}

json acl_json(const client::acl& entries) {
    json text = json::array();
    for (const client::acl_entry& entry : entries) {
        json line;
        line["scheme"] = entry.who.scheme;
        line["id"] = entry.who.id;
        line["permissions"] = permissions_text(entry.permissions);
        text.push_back(std::move(line));
    }
    return text;
}

outcome<bytes> parse_data(const json& written) {
    if (!written.is_object() || !written.contains("value")) {
        return failed_because("data is no object with the members encoding and value");
    }
    const std::string encoding = text_of(written, "encoding");
    if (encoding == "utf-8") {
        return text_of(written, "value");
    }
    auto data = encoding == "base64" ? parse_base64(text_of(written, "value")) : std::nullopt;
    if (!data) {
        return failed_because("data is neither of encoding utf-8 nor valid base64");
    }
    return *std::move(data);
}

outcome<client::acl> parse_acl_json(const json& written) {
    client::acl entries;
    if (!written.is_array()) {
        return failed_because("acl is no array");
    }
    for (const json& line : written) {
        const auto permissions =
            line.is_object() ? parse_permissions(text_of(line, "permissions")) : std::nullopt;
        if (!permissions) {
            return failed_because("acl has an entry without permissions of the letters cdrwa");
        }
        entries.emplace_back(*permissions, text_of(line, "scheme"), text_of(line, "id"));
    }
    return entries;
}

} // namespace conclave::shell

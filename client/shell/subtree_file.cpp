#include "client/shell/subtree_file.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

namespace conclave::shell {

namespace {

constexpr std::string_view format_name = "conclave-subtree";
constexpr int format_version = 1;

bool has(const json& object, const char* member, const json& value) {
    const auto found = object.find(member);
    return found != object.end() && *found == value;
}

outcome<node_mode> parse_node_mode(const json& node) {
    const auto written = node.find("mode");
    const auto kind = written != node.end() && written->is_string()
                          ? parse_mode(written->get<std::string>())
                          : std::nullopt;
    if (!kind) {
        return failed_because("mode is none of persistent, ephemeral, container, ttl");
    }
    node_mode mode{*kind, {}};
    if (*kind == node_mode::kind::ttl) {
        const auto ttl = node.find("ttl_ms");
        if (ttl == node.end() || !ttl->is_number_integer() || ttl->get<std::int64_t>() <= 0 ||
            ttl->get<std::int64_t>() > ttl_max_ms) {
            return failed_because("ttl_ms is missing or no possible time to live");
        }
        mode.ttl = std::chrono::milliseconds{ttl->get<std::int64_t>()};
    }
    return mode;
}

outcome<filed_node> parse_node(const json& written) {
    if (!written.is_object() || !written.contains("path") || !written["path"].is_string() ||
        !written.contains("data") || !written.contains("acl")) {
        return failed_because("it is no object with the members path, mode, acl and data");
    }
    filed_node node;
    node.path = written["path"].get<std::string>();
    if (!node.path.empty() && !path::is_valid('/' + node.path)) {
        return failed_because("its path is not possible");
    }
    const auto mode = parse_node_mode(written);
    if (!mode) {
        return unexpected{mode.error()};
    }
    node.contents.mode = *mode;
    auto entries = parse_acl_json(written["acl"]);
    if (!entries) {
        return unexpected{entries.error()};
    }
    node.contents.access = *std::move(entries);
    node.contents.is_null = written["data"].is_null();
    if (!node.contents.is_null) {
        auto data = parse_data(written["data"]);
        if (!data) {
            return unexpected{data.error()};
        }
        node.contents.data = *std::move(data);
    }
    return node;
}

} // namespace

outcome<json> node_json(const filed_node& node) {
    for (const client::acl_entry& entry : node.contents.access) {
        if (!utf8::is_valid(entry.who.id) || !utf8::is_valid(entry.who.scheme)) {
            return failed_because(fmt::format(
                "/{}: its access control list has an entry of the scheme {} that is no UTF-8; "
                "the file cannot hold that",
                node.path,
                utf8::replace_invalid(entry.who.scheme)
            ));
        }
    }
    json line;
    line["path"] = node.path;
    line["mode"] = name(node.contents.mode.what);
    if (node.contents.mode.what == node_mode::kind::ttl) {
        line["ttl_ms"] = node.contents.mode.ttl.count();
    }
    line["acl"] = acl_json(node.contents.access);
    line["data"] = node.contents.is_null ? json(nullptr) : data_json(node.contents.data);
    return line;
}

subtree_file_writer::subtree_file_writer(std::ostream& to, std::string_view root) : to_(to) {
    to_ << fmt::format(
        "{{\"format\": \"{}\", \"version\": {}, \"root\": {}, \"nodes\": [\n",
        format_name,
        format_version,
        json(std::string{root}).dump()
    );
}

outcome<> subtree_file_writer::add(const filed_node& node) {
    const auto line = node_json(node);
    if (!line) {
        return unexpected{line.error()};
    }
    to_ << (is_first_ ? "" : ",\n") << line->dump();
    is_first_ = false;
    return {};
}

void subtree_file_writer::finish() {
    to_ << "\n]}\n";
}

outcome<std::vector<filed_node>> parse_subtree_file(std::string_view text) {
    const json document = json::parse(text, nullptr, false);
    if (document.is_discarded()) {
        return failed_because("the file is no JSON, or is cut off");
    }
    if (!document.is_object() || !has(document, "format", format_name) ||
        !document.contains("nodes") || !document["nodes"].is_array()) {
        return failed_because("the file was not written by export");
    }
    if (!has(document, "version", format_version)) {
        return failed_because("the file was written by another version of export");
    }
    std::vector<filed_node> nodes;
    for (const json& written : document["nodes"]) {
        auto node = parse_node(written);
        if (!node) {
            return failed_because(
                fmt::format("node {} of the file: {}", nodes.size() + 1, node.error().text)
            );
        }
        nodes.push_back(*std::move(node));
    }
    return nodes;
}

} // namespace conclave::shell

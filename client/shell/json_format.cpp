/// The look for programs. The fields are those of the servers' HTTP interface where both tell the
/// same.
#include "client/shell/access_text.hpp"
#include "client/shell/format.hpp"
#include "client/shell/quota_text.hpp"
#include "client/shell/stat_json.hpp"
#include "client/shell/stat_text.hpp"

#include <fmt/format.h>

namespace conclave::shell {

namespace {

json limit_json(std::int64_t limit) {
    return limit < 0 ? json(nullptr) : json(limit);
}

void add_stat(json& to, const std::optional<client::node_stat>& stat) {
    if (stat) {
        to["stat"] = stat_json(*stat);
    }
}

struct json_renderer {
    json operator()(const answer::created& told) const { return {{"created", told.path}}; }

    json operator()(const answer::node_value& told) const {
        json text{{"path", told.path}};
        text["data"] = told.is_null ? json(nullptr) : data_json(told.data);
        add_stat(text, told.stat);
        return text;
    }

    json operator()(const answer::node_status& told) const {
        return {{"path", told.path}, {"stat", stat_json(told.stat)}};
    }

    json operator()(const answer::name_list& told) const {
        json text{{"names", told.names}};
        add_stat(text, told.stat);
        return text;
    }

    json operator()(const answer::found_path& told) const { return {{"path", told.path}}; }

    json operator()(const answer::tree_node& told) const {
        return {{"path", told.path}, {"child_count", told.child_count}};
    }

    json operator()(const answer::access_list& told) const {
        json text{{"acl", acl_json(told.entries)}};
        add_stat(text, told.stat);
        return text;
    }

    json operator()(const answer::number& told) const {
        return {{std::string{told.name}, told.value}};
    }

    json operator()(const answer::identities& told) const {
        json who = json::array();
        for (const identity& each : told.who) {
            who.push_back({{"scheme", each.scheme}, {"id", each.id}});
        }
        return {{"identities", who}};
    }

    json operator()(const answer::quota_report& told) const {
        if (!told.limits) {
            return {{"path", told.path}, {"quota", nullptr}};
        }
        const quota_figures limits = parse_quota(*told.limits);
        const quota_figures use = parse_quota(told.use);
        return {
            {"path", told.path},
            {"quota",
             {{"count", limit_json(limits.count)},
              {"size_bytes", limit_json(limits.bytes)},
              {"count_hard", limit_json(limits.count_hard_limit)},
              {"size_bytes_hard", limit_json(limits.byte_hard_limit)}}},
            {"use", {{"count", use.count}, {"size_bytes", use.bytes}}}};
    }

    json operator()(const answer::named_text& told) const {
        json text{{std::string{told.name}, told.text}};
        add_stat(text, told.stat);
        return text;
    }

    json operator()(const answer::done&) const { return {}; }

    json operator()(const answer::table& told) const {
        json rows = json::array();
        for (const auto& row : told.rows) {
            json line = json::object();
            for (std::size_t column = 0; column < told.columns.size(); ++column) {
                line[told.columns[column]] = column < row.size() ? row[column] : "";
            }
            rows.push_back(std::move(line));
        }
        return rows;
    }

    json operator()(const answer::difference& told) const {
        const std::string_view side = told.side == '<'   ? "left"
                                      : told.side == '>' ? "right"
                                                         : "both";
        return {{"path", told.path}, {"side", side}, {"difference", told.what}};
    }

    json operator()(const answer::event& told) const {
        json text{{"event", client::name(told.what.what)}, {"path", told.what.path}};
        if (told.what.at.value != 0) {
            text["zxid"] = hex_text(told.what.at.value);
        }
        return text;
    }
};

std::string line_of(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string error_name(const std::error_code& error) {
    return error.category() == protocol_category()
               ? std::string{name(static_cast<errc>(error.value()))}
               : std::string{error.category().name()};
}

} // namespace

std::string render_as_json(const any_answer& told) {
    const json value = std::visit(json_renderer{}, told);
    return value.is_null() ? std::string{} : line_of(value);
}

std::string describe_as_json(const failure& what) {
    json error{{"message", describe(what)}, {"exit_code", static_cast<int>(what.code)}};
    if (what.error) {
        error["name"] = error_name(what.error);
    }
    if (!what.path.empty()) {
        error["path"] = what.path;
    }
    return line_of({{"error", error}});
}

} // namespace conclave::shell

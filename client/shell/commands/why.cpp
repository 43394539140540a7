/// Asks the admin endpoint of a server what operators ask when something is wrong.
#include "client/shell/commands/commands.hpp"
#include "client/shell/word_probe.hpp"

#include <conclave/text.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <fstream>

namespace conclave::shell::commands {

namespace {

using answer_json = nlohmann::ordered_json;

constexpr std::uint16_t admin_port = 2180;
constexpr std::chrono::seconds admin_patience{10};

/// One kind of question.
struct question {
    std::string_view name;
    std::string_view target; ///< what follows the name goes behind it
    bool takes_word = false;
    std::string_view list; ///< of the answer's members, the one that is shown as a table
    std::vector<std::string> columns;
};

const std::vector<question>& all_questions() {
    static const std::vector<question> questions{
        {"no-leader",
         "/v1/why/no-leader",
         false,
         "members",
         {"server_id", "is_voter", "is_self", "is_linked", "last_error", "address"}},
        {"sessions",
         "/v1/why/sessions",
         false,
         "sessions",
         {"session_id", "how", "silent_ms", "timeout_ms", "address", "ephemeral_count"}},
        {"session", "/v1/why/session/", true, "", {}},
        {"lock", "/v1/why/lock", true, "waiters", {"name", "session_id", "address", "age_ms"}},
        {"slow",
         "/v1/why/slow",
         false,
         "requests",
         {"operation", "path", "total_ms", "slowest_stage", "session_id", "address"}},
        {"disk",
         "/v1/why/disk",
         false,
         "servers",
         {"server_id", "p50_ms", "p99_ms", "max_ms", "recent_mean_ms", "sync_count"}},
    };
    return questions;
}

std::string url_text(std::string_view path) {
    std::string encoded;
    for (const char each : path) {
        const bool is_plain = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                              (each >= '0' && each <= '9') ||
                              std::string_view{"/-._~"}.find(each) != std::string_view::npos;
        encoded += is_plain ? std::string(1, each)
                            : fmt::format("%{:02X}", static_cast<unsigned char>(each));
    }
    return encoded;
}

/// Where the endpoint is: -a host:port, or the host of the first server and the usual port.
outcome<client::server_address> endpoint_of(shell& in, const arguments& given) {
    const auto written = given.value("a");
    if (!written) {
        const auto named = client::parse_connect_string(in.chosen().servers());
        const bool is_named = named && !named->servers.empty();
        return client::server_address{
            is_named ? named->servers.front().host : "127.0.0.1", admin_port};
    }
    // An IPv6 address stands in brackets, so that its colons are not taken for that of the port.
    const std::size_t colon = written->rfind(':');
    std::uint16_t port = 0;
    const char* const end = written->data() + written->size();
    const auto [stop, failed] =
        std::from_chars(written->data() + std::min(colon + 1, written->size()), end, port);
    if (colon == std::string::npos || failed != std::errc{} || stop != end) {
        return misused("-a must be followed by host:port of the admin endpoint");
    }
    const std::string host = written->substr(0, colon);
    const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
    return client::server_address{is_bracketed ? host.substr(1, host.size() - 2) : host, port};
}

outcome<std::string> proof_of(const arguments& given) {
    const auto file_name = given.value("k");
    if (!file_name) {
        return std::string{};
    }
    std::ifstream file{*file_name};
    std::string token;
    if (!std::getline(file, token)) {
        return failed_because(fmt::format("{} cannot be read", *file_name));
    }
    return fmt::format("Authorization: Bearer {}\r\n", text::trim(token));
}

/// A member that is a text; "" if there is none.
std::string text_member(const answer_json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// The JSON of an answer over HTTP/1.0.
outcome<answer_json> body_of(const std::string& response) {
    const std::size_t head_end = response.find("\r\n\r\n");
    const bool is_http = response.starts_with("HTTP/") && head_end != std::string::npos;
    answer_json body =
        is_http ? answer_json::parse(response.substr(head_end + 4), nullptr, false) : answer_json{};
    if (!is_http || !body.is_object()) {
        return failed_because("what answers there is no admin endpoint of Conclave");
    }
    const bool is_answer = response.substr(response.find(' ') + 1, 3) == "200";
    if (!is_answer) {
        const std::string detail = text_member(body, "detail");
        return failed_because(detail.empty() ? "it was refused" : detail);
    }
    return body;
}

std::string cell_of(const answer_json& row, const std::string& column) {
    if (!row.contains(column) || row[column].is_null()) {
        return "-";
    }
    const answer_json& value = row[column];
    return value.is_string() ? value.get<std::string>() : value.dump();
}

void print_answer(shell& in, const question& asked, const answer_json& told) {
    std::string sentences = text_member(told, "answer");
    const auto reasons = told.find("reasons");
    for (const answer_json& each : reasons == told.end() ? answer_json::array() : *reasons) {
        sentences += "\n" + (each.is_string() ? each.get<std::string>() : each.dump());
    }
    in.print(answer::named_text{"answer", sentences, {}});
    if (asked.list.empty() || !told.contains(asked.list)) {
        return;
    }
    answer::table rows{asked.columns, {}};
    for (const answer_json& each : told[std::string{asked.list}]) {
        std::vector<std::string>& row = rows.rows.emplace_back();
        for (const std::string& column : asked.columns) {
            row.push_back(cell_of(each, column));
        }
    }
    if (!rows.rows.empty()) {
        in.print(rows);
    }
}

outcome<std::string> target_of(const question& asked, const arguments& given) {
    if ((given.count() == 2) != asked.takes_word) {
        return misused("usage: why no-leader | sessions | session ID | lock PATH | slow | disk");
    }
    const std::string word = asked.takes_word ? given.word(1) : "";
    if (asked.name == "lock" && !word.starts_with('/')) {
        return misused("the path of a lock begins with a slash");
    }
    return std::string{asked.target} + url_text(word);
}

} // namespace

outcome<> why(shell& in, const arguments& given) {
    const auto& questions = all_questions();
    const auto asked = std::find_if(questions.begin(), questions.end(), [&](const question& each) {
        return each.name == given.word(0);
    });
    if (asked == questions.end()) {
        return misused("usage: why no-leader | sessions | session ID | lock PATH | slow | disk");
    }
    const auto target = target_of(*asked, given);
    const auto at = endpoint_of(in, given);
    const auto proof = proof_of(given);
    if (!target || !at || !proof) {
        return unexpected{!target ? target.error() : !at ? at.error() : proof.error()};
    }
    const std::string request = fmt::format(
        "GET {} HTTP/1.0\r\nHost: {}:{}\r\n{}\r\n", *target, at->host, at->port, *proof
    );
    const word_answer said = ask_servers(in.loop(), {*at}, request, admin_patience).front();
    if (said.failed) {
        return unexpected{failure{
            exit_code::not_connected,
            fmt::format(
                "the admin endpoint {}:{} does not answer: {}; -a says where it is",
                at->host,
                at->port,
                said.failed.message()
            ),
            {},
            {}}};
    }
    const auto told = body_of(said.text);
    if (!told) {
        return unexpected{told.error()};
    }
    print_answer(in, *asked, *told);
    return {};
}

} // namespace conclave::shell::commands

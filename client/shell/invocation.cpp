#include "client/shell/invocation.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace conclave::shell {

namespace {

constexpr std::array zkcli_spellings{
    std::string_view{"-server"},
    std::string_view{"-timeout"},
    std::string_view{"-waitforconnection"},
    std::string_view{"-client-configuration"},
};

/// "-server" as "--server".
std::string with_two_dashes(const std::string& word) {
    const bool is_known =
        std::find(zkcli_spellings.begin(), zkcli_spellings.end(), word) != zkcli_spellings.end();
    return is_known ? '-' + word : word;
}

/// Options as CLI11 fills them in.
struct raw_options {
    invocation chosen;
    std::int64_t timeout_ms = 30000;
    std::int64_t connect_timeout_ms = 0;
    bool is_zkcli = false;
    bool skips_host_name = false;
    bool keeps_no_history = false;
};

void add_connection_options(CLI::App& app, raw_options& to) {
    constexpr auto timeout_ms_max = std::numeric_limits<std::int32_t>::max();
    app.add_option("-s,--server", to.chosen.servers, "Servers: host:port,host:port/path")
        ->envname("CONCLAVE_SERVERS")
        ->type_name("SERVERS")
        ->capture_default_str();
    app.add_option(
           "--timeout", to.timeout_ms, "Session timeout, and limit of each operation, in ms"
    )
        ->check(CLI::Range(1, timeout_ms_max))
        ->type_name("MS")
        ->capture_default_str();
    app.add_option(
           "--connect-timeout", to.connect_timeout_ms, "How long to wait for a server, in ms (5000)"
    )
        ->check(CLI::Range(1, timeout_ms_max))
        ->type_name("MS");
    app.add_flag(
        "-r,--read-only", to.chosen.is_read_only, "Take servers without a quorum too, for reads"
    );
    app.add_flag(
        "--waitforconnection,--wait-for-connection",
        to.chosen.waits_for_connection,
        "Wait --timeout for a server before the first command"
    );
    app.add_option(
           "--client-configuration",
           to.chosen.configuration_file,
           "Properties of ZooKeeper's clients: zookeeper.ssl.*, with PEM files"
    )
        ->type_name("FILE");
    app.add_option(
           "--auth",
           to.chosen.identities,
           "Identities, as scheme:credentials, such as digest:bob:secret"
    )
        ->envname("CONCLAVE_AUTH")
        ->type_name("IDENTITY")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_tls_options(CLI::App& app, raw_options& to) {
    app.add_flag("--tls", to.chosen.uses_tls, "Speak TLS, trusting the system's certificates");
    app.add_option("--tls-ca", to.chosen.tls.trusted, "Certificates that are trusted instead (PEM)")
        ->type_name("FILE");
    app.add_option(
           "--tls-certificate", to.chosen.tls.certificate, "Certificate to show to servers (PEM)"
    )
        ->type_name("FILE");
    app.add_option("--tls-key", to.chosen.tls.private_key, "Its private key (PEM)")
        ->type_name("FILE");
    app.add_flag(
        "--tls-any-host", to.skips_host_name, "Do not compare host names with certificates"
    );
}

void add_output_options(CLI::App& app, raw_options& to) {
    const std::map<std::string, look> looks{{"text", look::text}, {"json", look::json}};
    const std::map<std::string, colour_choice> colours{
        {"auto", colour_choice::automatic},
        {"always", colour_choice::always},
        {"never", colour_choice::never}};
    app.add_option(
           "-o,--output", to.chosen.output, "text, or json: one line of JSON for each answer"
    )
        ->transform(CLI::CheckedTransformer(looks).description(""))
        ->type_name("FORM");
    app.add_option("--color", to.chosen.colour, "auto, always or never; auto honours NO_COLOR")
        ->transform(CLI::CheckedTransformer(colours).description(""))
        ->type_name("WHEN");
    app.add_flag("--zkcli", to.is_zkcli, "Print exactly what zkCli.sh prints, exit as it does");
    app.add_flag("--no-history", to.keeps_no_history, "Leave the history file alone");
    app.set_version_flag("-V,--version", "conclave " CONCLAVE_VERSION);
}

/// Where the command begins: at the first word that is neither an option nor the value of one.
std::size_t command_begin(const CLI::App& app, const std::vector<std::string>& words) {
    std::size_t at = 0;
    while (at < words.size() && words[at].starts_with('-') && words[at] != "--") {
        const CLI::Option* const option = app.get_option_no_throw(words[at]);
        at += option != nullptr && option->get_expected_max() > 0 ? 2 : 1;
    }
    return std::min(at, words.size());
}

/// zkCli.sh takes no notice of options that it does not know. Those that are written as ours are
/// are mistakes all the same.
void pass_over_unknown(const CLI::App& app, std::vector<std::string>& ours) {
    if (std::find(ours.begin(), ours.end(), "--zkcli") == ours.end()) {
        return;
    }
    for (auto word = ours.begin(); word != ours.end();) {
        const CLI::Option* const option = app.get_option_no_throw(*word);
        if (option == nullptr && !word->starts_with("--")) {
            word = ours.erase(word);
        } else {
            const bool has_value = option != nullptr && option->get_expected_max() > 0;
            word += has_value && word + 1 != ours.end() ? 2 : 1;
        }
    }
}

invocation finished(raw_options options) {
    invocation chosen = std::move(options.chosen);
    chosen.timeout = std::chrono::milliseconds{options.timeout_ms};
    if (options.connect_timeout_ms > 0) {
        chosen.connect_timeout = std::chrono::milliseconds{options.connect_timeout_ms};
    }
    if (options.is_zkcli) {
        chosen.output = look::zkcli;
    }
    const client::tls_files& tls = chosen.tls;
    chosen.uses_tls = chosen.uses_tls || !tls.trusted.empty() || !tls.certificate.empty();
    chosen.verifies_host_name = !options.skips_host_name;
    chosen.keeps_history = !options.keeps_no_history;
    return chosen;
}

} // namespace

result<invocation, early_end> parse_invocation(const std::vector<std::string>& arguments) {
    CLI::App app{
        "A shell for Conclave and ZooKeeper servers: conclave [OPTION]... [COMMAND [ARGUMENT]...]. "
        "Without a command it reads lines; the command help lists all commands."};
    raw_options options;
    add_connection_options(app, options);
    add_tls_options(app, options);
    add_output_options(app, options);

    std::vector<std::string> words;
    std::transform(arguments.begin(), arguments.end(), std::back_inserter(words), with_two_dashes);
    const std::size_t begin = command_begin(app, words);
    std::vector<std::string> ours{
        words.begin(), words.begin() + static_cast<std::ptrdiff_t>(begin)};
    pass_over_unknown(app, ours);
    std::reverse(ours.begin(), ours.end()); // CLI11 takes them from the back
    try {
        app.parse(ours);
    } catch (const CLI::CallForHelp&) {
        return unexpected{early_end{app.help(), exit_code::done}};
    } catch (const CLI::CallForVersion& version) {
        return unexpected{early_end{fmt::format("{}\n", version.what()), exit_code::done}};
    } catch (const CLI::ParseError& wrong) {
        return unexpected{early_end{
            fmt::format("conclave: {}\nconclave --help lists the options\n", wrong.what()),
            exit_code::usage}};
    }
    invocation chosen = finished(std::move(options));
    const std::size_t skipped = begin < arguments.size() && arguments[begin] == "--" ? 1 : 0;
    chosen.words.assign(
        arguments.begin() + static_cast<std::ptrdiff_t>(begin + skipped), arguments.end()
    );
    return chosen;
}

} // namespace conclave::shell

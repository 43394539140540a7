/// The manifest as JSON.
#include "server/maintenance/backup_directory.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace conclave::maintenance {

namespace {

using json = nlohmann::ordered_json;

constexpr int format_version = 1;

std::string hexadecimal(std::uint64_t number) {
    return fmt::format("0x{:x}", number);
}

std::uint64_t number_of(const json& text) {
    const auto digits = text.get<std::string>();
    const std::string_view hex =
        std::string_view{digits}.substr(std::min<std::size_t>(2, digits.size()));
    std::uint64_t number = 0;
    const auto [stopped, failed] = std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
    if (!digits.starts_with("0x") || failed != std::errc{} || stopped != hex.data() + hex.size()) {
        throw std::invalid_argument{fmt::format("\"{}\" is no number", digits)};
    }
    return number;
}

zxid zxid_of(const json& text) {
    return zxid{static_cast<std::int64_t>(number_of(text))};
}

std::string text_of(zxid at) {
    return hexadecimal(static_cast<std::uint64_t>(at.value));
}

json chain_json(const zab::chain_hash& chain) {
    return json::array({hexadecimal(chain.high), hexadecimal(chain.low)});
}

zab::chain_hash chain_of(const json& both) {
    return {number_of(both.at(0)), number_of(both.at(1))};
}

/// A name in this directory: nothing else may be read or removed by it.
std::string file_of(const json& told) {
    auto name = told.get<std::string>();
    if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) {
        throw std::invalid_argument{fmt::format("\"{}\" is no name of a file", name)};
    }
    return name;
}

json snapshot_json(const backup_snapshot& of) {
    return {
        {"file", of.file},
        {"zxid", text_of(of.at.at)},
        {"chain", chain_json(of.at.chain)},
        {"time_ms", of.time_ms},
        {"digest", of.digest},
        {"size_bytes", of.size_bytes},
        {"node_count", of.node_count}};
}

json log_json(const backup_log& of) {
    return {
        {"file", of.file},
        {"behind", text_of(of.behind)},
        {"last", text_of(of.last.at)},
        {"chain", chain_json(of.last.chain)},
        {"time_ms", of.time_ms},
        {"size_bytes", of.size_bytes},
        {"transaction_count", of.transaction_count}};
}

backup_snapshot snapshot_of(const json& told) {
    return {
        file_of(told.at("file")),
        {zxid_of(told.at("zxid")), chain_of(told.at("chain"))},
        told.at("time_ms").get<std::int64_t>(),
        told.at("digest").get<std::string>(),
        told.at("size_bytes").get<std::int64_t>(),
        told.at("node_count").get<std::int64_t>()};
}

backup_log log_of(const json& told) {
    return {
        file_of(told.at("file")),
        zxid_of(told.at("behind")),
        {zxid_of(told.at("last")), chain_of(told.at("chain"))},
        told.at("time_ms").get<std::int64_t>(),
        told.at("size_bytes").get<std::int64_t>(),
        told.at("transaction_count").get<std::int64_t>()};
}

/// @throws nlohmann::json::exception, std::invalid_argument
backup_manifest manifest_of(const json& told) {
    if (told.at("format").get<int>() > format_version) {
        throw std::invalid_argument{"it was written by a later version of this program"};
    }
    backup_manifest read;
    read.cluster = told.at("cluster").get<std::string>();
    for (const json& each : told.at("series")) {
        backup_series& series = read.series.emplace_back();
        series.snapshot = snapshot_of(each.at("snapshot"));
        for (const json& log : each.at("logs")) {
            const zxid end = series.end().at;
            series.logs.push_back(log_of(log));
            if (series.logs.back().behind != end) {
                throw std::invalid_argument{fmt::format("there is a gap behind {}", text_of(end))};
            }
        }
    }
    return read;
}

} // namespace

std::string to_json(const backup_manifest& manifest) {
    json told{{"format", format_version}, {"cluster", manifest.cluster}, {"series", json::array()}};
    for (const backup_series& each : manifest.series) {
        json logs = json::array();
        for (const backup_log& log : each.logs) {
            logs.push_back(log_json(log));
        }
        told["series"].push_back({{"snapshot", snapshot_json(each.snapshot)}, {"logs", logs}});
    }
    return told.dump(2) + "\n";
}

result<backup_manifest, std::string> parse_manifest(bytes_view text) {
    try {
        return manifest_of(json::parse(text));
    } catch (const std::exception& problem) { // of the two libraries above
        return unexpected{std::string{problem.what()}};
    }
}

} // namespace conclave::maintenance

/// A report for people and for programs.
#include "server/maintenance/examination.hpp"
#include "server/maintenance/times.hpp"
#include "server/replica/history_row.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace conclave::maintenance {

namespace {

using json = nlohmann::ordered_json;

std::string hexadecimal(zxid at) {
    return fmt::format("0x{:x}", at.value);
}

std::string digest_of(const checkpoint_facts& facts) {
    return fmt::format("{:016x}{:016x}", facts.digest_high, facts.digest_low);
}

std::string member_text(const zab::member& each) {
    return fmt::format(
        "server.{}={}{}",
        each.id.value,
        each.address.empty() ? "(alone)" : each.address,
        each.is_voter ? "" : " (observer)"
    );
}

std::string checkpoint_text(const directory_report& report) {
    if (!report.checkpoint) {
        return report.is_in_use ? "  checkpoint  not examined\n" : "  checkpoint  none\n";
    }
    const checkpoint_facts& facts = *report.checkpoint;
    std::string text = fmt::format(
        "  checkpoint  {} octets, {} nodes with {} octets, {} sessions, {} ephemerals\n",
        facts.size_bytes,
        facts.node_count,
        facts.data_size_bytes,
        facts.session_count,
        facts.ephemeral_count
    );
    if (const auto row = replica::decode_history_row(facts.history_row)) {
        text += fmt::format(
            "              zxid {} of {}, epoch {}, digest {}\n",
            hexadecimal(row->applied.at.at),
            iso_time(row->time_ms),
            row->applied.at.at.in_epoch().value,
            digest_of(facts)
        );
        for (const zab::member& each : row->applied.members.stable.members) {
            text += fmt::format("              member {}\n", member_text(each));
        }
    }
    return text;
}

std::string log_text(const log_facts& facts) {
    if (facts.segment_count == 0) {
        return "  log         none\n";
    }
    return fmt::format(
        "  log         {} segments, {} octets, {} records, {} transactions from {} to {}\n"
        "              promised epoch {}, {} at the end that may not be committed, {}\n",
        facts.segment_count,
        facts.size_bytes,
        facts.record_count,
        facts.entry_count,
        hexadecimal(facts.first),
        hexadecimal(facts.last),
        facts.promised.value,
        facts.uncertain_count,
        name(facts.whole.outcome)
    );
}

json checkpoint_json(const directory_report& report) {
    const checkpoint_facts& facts = *report.checkpoint;
    json told{
        {"path", report.checkpoint_path},
        {"size_bytes", facts.size_bytes},
        {"node_count", facts.node_count},
        {"data_size_bytes", facts.data_size_bytes},
        {"session_count", facts.session_count},
        {"ephemeral_count", facts.ephemeral_count},
        {"digest", digest_of(facts)},
        {"damage", facts.damage.empty() ? json{} : json(facts.damage)}};
    if (const auto row = replica::decode_history_row(facts.history_row)) {
        told["zxid"] = hexadecimal(row->applied.at.at);
        told["epoch"] = row->applied.at.at.in_epoch().value;
        told["time_ms"] = row->time_ms;
        told["members"] = json::array();
        for (const zab::member& each : row->applied.members.stable.members) {
            told["members"].push_back(member_text(each));
        }
    }
    return told;
}

json log_json(const directory_report& report) {
    const log_facts& facts = *report.log;
    return {
        {"path", report.log_path},
        {"segment_count", facts.segment_count},
        {"size_bytes", facts.size_bytes},
        {"record_count", facts.record_count},
        {"transaction_count", facts.entry_count},
        {"first_zxid", hexadecimal(facts.first)},
        {"last_zxid", hexadecimal(facts.last)},
        {"promised_epoch", facts.promised.value},
        {"uncertain_count", facts.uncertain_count},
        {"verdict", bytes{name(facts.whole.outcome)}}};
}

} // namespace

std::string to_text(const directory_report& report) {
    std::string text = fmt::format("{}\n", report.path);
    if (report.is_in_use) {
        text += fmt::format("  in use by process {}\n", report.in_use_by);
    }
    if (report.format_version) {
        text += fmt::format(
            "  identity    format {}, cluster {}, storage {}\n",
            *report.format_version,
            report.cluster,
            report.storage
        );
    }
    text += checkpoint_text(report);
    text += report.log ? log_text(*report.log) : std::string{};
    if (report.has_zookeeper_data) {
        text += "  beside it   version-2, of Apache ZooKeeper: not read (conclaved import)\n";
    }
    for (const finding& each : report.findings) {
        text += fmt::format("{}: {}\n", name(each.level), each.what);
        text += each.advice.empty() ? std::string{} : fmt::format("    {}\n", each.advice);
    }
    text += report.is_usable() ? "whole\n" : "not usable as it is\n";
    return text;
}

std::string to_json(const directory_report& report) {
    json told{
        {"path", report.path},
        {"usable", report.is_usable()},
        {"in_use", report.is_in_use},
        {"format_version", report.format_version ? json(*report.format_version) : json{}},
        {"cluster", report.cluster},
        {"storage", report.storage},
        {"checkpoint", report.checkpoint ? checkpoint_json(report) : json{}},
        {"log", report.log ? log_json(report) : json{}},
        {"set_aside", report.set_aside},
        {"rebuilding", report.rebuild_note ? json(*report.rebuild_note) : json{}},
        {"zookeeper_data", report.has_zookeeper_data},
        {"findings", json::array()}};
    for (const finding& each : report.findings) {
        told["findings"].push_back(
            {{"severity", bytes{name(each.level)}}, {"what", each.what}, {"advice", each.advice}}
        );
    }
    // Replaced: file names need not be UTF-8.
    return told.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace conclave::maintenance

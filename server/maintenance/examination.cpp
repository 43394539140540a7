#include "server/maintenance/examination.hpp"

#include "server/log/identity_file.hpp"
#include "server/replica/history_row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace conclave::maintenance {

namespace {

using txnlog::verdict;
namespace fs = std::filesystem;

constexpr std::string_view restore_advice =
    "a server of an ensemble sets its state aside when it starts and fetches it from the others; a "
    "server alone does not start: restore the directory from a backup (conclaved restore)";

constexpr std::size_t small_file_size_max = 4096;

/// The beginning of a small file; nothing if it cannot be read.
std::optional<bytes> read_small(txnlog::file_system& files, const std::string& path) {
    auto opened = files.open(path, txnlog::open_mode::read);
    bytes buffer;
    const auto read = opened ? (*opened)->read_at(0, small_file_size_max, buffer)
                             : txnlog::io_result<bytes_view>{unexpected{opened.error()}};
    return read ? std::optional{bytes{*read}} : std::nullopt;
}

std::string hexadecimal(const txnlog::unique_id& id) {
    std::string text;
    for (const std::uint8_t octet : id) {
        text += fmt::format("{:02x}", octet);
    }
    return text;
}

std::string first_line(const bytes& text) {
    return text.substr(0, text.find('\n'));
}

/// Gathers one report. Each step looks at one thing and adds what it found.
class examiner {
public:
    examiner(txnlog::file_system& files, const data_place& where, const std::string& scratch)
        : files_(files), scratch_(scratch) {
        report_.path = txnlog::join_path(where.data_directory, "conclave");
        const std::string& log_root =
            where.log_directory.empty() ? where.data_directory : where.log_directory;
        report_.log_path = txnlog::join_path(txnlog::join_path(log_root, "conclave"), "log");
        const auto old = files_.list(txnlog::join_path(where.data_directory, "version-2"));
        report_.has_zookeeper_data = old.has_value();
    }

    std::optional<directory_report> run() {
        const auto names = files_.list(report_.path);
        if (!names) {
            return std::nullopt;
        }
        look_at_names(*names);
        look_at_lock();
        if (report_.is_in_use) {
            report_.add(
                severity::warning,
                "a server works on it now: what it is writing may look torn, and its checkpoint is "
                "not examined",
                "stop the server, or ask it (/v1/status)"
            );
        }
        look_at_identity(*names);
        if (!report_.is_in_use) {
            look_at_checkpoint(*names);
        }
        look_at_log();
        if (!report_.is_in_use) {
            judge_completeness();
            look_at_lock();
            if (report_.is_in_use) {
                report_.add(
                    severity::warning,
                    "a server has started on it meanwhile, and changed what was looked at",
                    "look again once it has stopped"
                );
            }
        }
        return std::move(report_);
    }

private:
    void look_at_names(const std::vector<std::string>& names) {
        for (const std::string& each : names) {
            if (each.find(".damaged-") != std::string::npos) {
                report_.set_aside.push_back(each);
            }
        }
        if (!report_.set_aside.empty()) {
            report_.add(
                severity::note,
                fmt::format("{} were set aside as damaged", fmt::join(report_.set_aside, ", ")),
                "look at them, or remove them: three such states at most are kept"
            );
        }
        if (const auto note = read_small(files_, txnlog::join_path(report_.path, "rebuild"))) {
            report_.rebuild_note = *note;
            report_.add(
                severity::warning,
                "its state was not to be trusted, and is being rebuilt from other servers",
                "start it together with the others; to use what is here, remove the file rebuild"
            );
        }
    }

    void look_at_lock() {
        const std::string path = txnlog::join_path(report_.path, "lock");
        const auto opened = files_.open(path, txnlog::open_mode::read);
        const bool is_free = !opened || !(*opened)->try_lock();
        if (!is_free && !report_.is_in_use) {
            report_.is_in_use = true;
            report_.in_use_by = first_line(read_small(files_, path).value_or(bytes{}));
        }
    }

    void look_at_identity(const std::vector<std::string>& names) {
        const bool has_identity = std::find(names.begin(), names.end(), "identity") != names.end();
        const auto octets = read_small(files_, txnlog::join_path(report_.path, "identity"));
        const auto decoded = octets ? txnlog::decode_identity(*octets) : std::nullopt;
        if (!has_identity) {
            const bool is_new = std::all_of(names.begin(), names.end(), [](const auto& each) {
                return each == "lock" || each == "identity.new";
            });
            return report_.add(
                is_new ? severity::note : severity::damage,
                is_new ? "it is empty: no server has finished its first start here"
                       : "the file identity is missing, so nothing tells whose data these are",
                is_new ? "" : "put the file back; without it no server starts here"
            );
        }
        if (!decoded) {
            return report_.add(
                severity::damage,
                "the file identity is damaged or cannot be read",
                bytes{restore_advice}
            );
        }
        report_.format_version = decoded->version;
        if (decoded->version > txnlog::data_format_version) {
            return report_.add(
                severity::damage,
                fmt::format(
                    "it has the format {} of a later version; this one knows {}",
                    decoded->version,
                    txnlog::data_format_version
                ),
                "use that version; nothing here is damaged by that"
            );
        }
        identity_ = decoded->identity;
        report_.cluster = hexadecimal(identity_->cluster);
        report_.storage = hexadecimal(identity_->storage);
    }

    /// A snapshot that has arrived counts if the log goes on behind it (docs/formats/snapshot.md).
    void look_at_checkpoint(const std::vector<std::string>& names) {
        const auto has = [&](std::string_view name) {
            return std::find(names.begin(), names.end(), name) != names.end();
        };
        if (has("incoming")) {
            const fs::path incoming = txnlog::join_path(report_.path, "incoming");
            const auto base = newest_base(files_, report_.log_path);
            auto facts = examine_checkpoint(incoming, scratch_);
            const auto row = facts ? replica::decode_history_row(facts->history_row) : std::nullopt;
            if (row && base && row->applied.at == base->at) {
                report_.add(
                    severity::note, "a snapshot has arrived; the next start puts it in its place"
                );
                return take_checkpoint(incoming, *facts);
            }
            report_.add(severity::note, "a snapshot has arrived that the next start removes");
        }
        if (!has("checkpoint")) {
            return;
        }
        const fs::path directory = txnlog::join_path(report_.path, "checkpoint");
        const auto facts = examine_checkpoint(directory, scratch_);
        if (!facts) {
            report_.checkpoint_path = directory.string();
            return report_.add(
                severity::damage,
                "the checkpoint cannot be used: " + facts.error(),
                bytes{restore_advice}
            );
        }
        take_checkpoint(directory, *facts);
    }

    void take_checkpoint(const fs::path& directory, const checkpoint_facts& facts) {
        report_.checkpoint_path = directory.string();
        report_.checkpoint = facts;
        if (!facts.damage.empty()) {
            report_.add(
                severity::damage,
                fmt::format("the checkpoint is damaged: {}", facts.damage),
                bytes{restore_advice}
            );
        }
    }

    void look_at_log() {
        log_question about;
        about.directory = report_.log_path;
        if (identity_) {
            about.storage = identity_->storage;
        }
        const auto row = report_.checkpoint
                             ? replica::decode_history_row(report_.checkpoint->history_row)
                             : std::nullopt;
        if (row) {
            about.checkpoint = row->applied;
            about.checkpoint_time_ms = row->time_ms;
        }
        report_.log = examine_log(files_, about);
        if (!report_.is_in_use) {
            judge_log(*report_.log, row.has_value());
        }
    }

    void judge_log(const log_facts& found, bool has_checkpoint) {
        const verdict needed = found.wanted.outcome;
        if (needed == verdict::torn_tail) {
            report_.add(
                severity::note,
                "the end of the log was written and never synced: " + found.wanted.explanation,
                "nothing: the next start cuts it off"
            );
        } else if (needed == verdict::newer_format || needed == verdict::foreign) {
            report_.add(severity::damage, found.wanted.explanation);
        } else if (needed != verdict::clean) {
            report_.add(severity::damage, found.wanted.explanation, bytes{restore_advice});
        } else if (!found.contradiction.empty() && has_checkpoint) {
            report_.add(
                severity::damage,
                "the log contradicts itself or the checkpoint: " + found.contradiction,
                bytes{restore_advice}
            );
        }
        const bool only_old = needed == verdict::clean || needed == verdict::torn_tail;
        const verdict all = found.whole.outcome;
        if (only_old && all != verdict::clean && all != verdict::torn_tail) {
            report_.add(
                severity::warning,
                fmt::format(
                    "a part of the log that the checkpoint holds already is damaged: {}",
                    found.whole.explanation
                ),
                "the server starts; followers that lag get a snapshot instead"
            );
        }
    }

    /// A whole part may be missing without anything being damaged.
    void judge_completeness() {
        if (!identity_) {
            return;
        }
        const bool has_log = report_.log && !report_.log->whole.segments.empty();
        const auto row = report_.checkpoint
                             ? replica::decode_history_row(report_.checkpoint->history_row)
                             : std::nullopt;
        const zxid applied = row ? row->applied.at.at : zxid{};
        if (!has_log && applied > zxid{}) {
            return report_.add(
                severity::damage,
                "the transaction log is missing, although the checkpoint knows of transactions",
                bytes{restore_advice}
            );
        }
        if (!has_log && txnlog::was_log_begun(files_, report_.path, identity_->storage)) {
            return report_.add(
                severity::damage, "the transaction log is missing", bytes{restore_advice}
            );
        }
        if (!has_log && report_.checkpoint_path.empty() && !report_.rebuild_note) {
            return report_.add(
                severity::damage,
                "it has an identity, but neither a checkpoint nor a log",
                "put them back; or, if the very first start was interrupted, remove the directory"
            );
        }
        if (has_log && report_.log->wanted.highest_zxid < applied) {
            report_.add(
                severity::damage,
                fmt::format(
                    "the log ends at zxid 0x{:x}, before the checkpoint (0x{:x})",
                    report_.log->wanted.highest_zxid.value,
                    applied.value
                ),
                bytes{restore_advice}
            );
        }
    }

    txnlog::file_system& files_;
    std::string scratch_;
    directory_report report_;
    std::optional<txnlog::data_identity> identity_;
};

} // namespace

std::string_view name(severity of) {
    switch (of) {
    case severity::note:
        return "note";
    case severity::warning:
        return "warning";
    case severity::damage:
        return "damage";
    }
    return "unknown";
}

void directory_report::add(severity level, std::string what, std::string advice) {
    findings.push_back({level, std::move(what), std::move(advice)});
}

bool directory_report::is_usable() const {
    return std::none_of(findings.begin(), findings.end(), [](const finding& each) {
        return each.level == severity::damage;
    });
}

std::optional<directory_report>
examine(txnlog::file_system& files, const data_place& where, const std::string& scratch) {
    return examiner{files, where, scratch}.run();
}

} // namespace conclave::maintenance

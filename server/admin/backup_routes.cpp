/// Backups: /v1/backup, /v1/backup/log, and ZooKeeper's /commands/snapshot and /commands/restore.
#include "server/admin/background_worker.hpp"
#include "server/admin/backup_port.hpp"
#include "server/admin/command_json.hpp"
#include "server/admin/pretty_json.hpp"
#include "server/admin/route_context.hpp"
#include "server/admin/values.hpp"

#include <conclave/log_line.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace conclave::admin {

namespace {

/// Each holds pages of the checkpoint while it lasts, and the disk serves clients besides.
constexpr int transfer_count_max = 2;

/// For a checkpoint to be written that a backup can be made of.
constexpr std::chrono::milliseconds checkpoint_time_max{120'000};
constexpr std::chrono::milliseconds poll_interval{20};

/// What is handed to the connection at once.
constexpr std::size_t piece_size = std::size_t{256} << 10U;

/// What transfers share; outlives them.
struct backup_desk {
    const route_context& context;
    const backup_port& port;
    background_worker& worker;
    int transfer_count = 0;
};

/// What the core says first of all.
struct permission_facts {
    bool is_allowed = false;
    zxid applied;
    bytes cluster; ///< whose it is, hexadecimal
};

bytes text_of(const std::optional<cluster_id>& of) {
    bytes text;
    for (const std::uint8_t octet : of.value_or(cluster_id{})) {
        text += fmt::format("{:02x}", octet);
    }
    return of ? text : bytes{};
}

/// One backup on its way to one reader. Kept by the functions that wait for something of it.
class backup_transfer : public std::enable_shared_from_this<backup_transfer> {
public:
    backup_transfer(backup_desk& desk, routed_request asked)
        : desk_(desk), asked_(std::move(asked)) {
        ++desk_.transfer_count;
    }

    backup_transfer(const backup_transfer&) = delete;
    backup_transfer& operator=(const backup_transfer&) = delete;

    ~backup_transfer() { --desk_.transfer_count; }

    /// Calls `then` with what is applied by now, if the caller may have everything.
    template <class Then>
    void when_permitted(Then then) {
        desk_.context.core.ask(
            [by = asked_.by, access = desk_.context.access](server_view& view, replica::instant) {
                const auto root = view.server().nodes().find("/");
                return permission_facts{
                    root && may_back_up(by, root->acl, access),
                    view.server().last_applied(),
                    text_of(view.server().cluster())};
            },
            [self = shared_from_this(), then](const permission_facts& facts) {
                self->cluster_ = facts.cluster;
                facts.is_allowed ? then(facts.applied)
                                 : self->asked_.exchange->respond(refusal_of_backup());
            }
        );
    }

    /// Waits for a state that holds everything up to `at_least`, then calls `then` with it.
    template <class Then>
    void open(backup_format format, zxid at_least, Then then) {
        desk_.context.core.ask(
            [open = desk_.port.open, format, at_least](server_view&, replica::instant now) {
                return open(format, at_least, now);
            },
            [self = shared_from_this(), format, at_least, then](auto opened) {
                if (!opened && self->waited_ < checkpoint_time_max) {
                    self->waited_ += poll_interval;
                    return self->desk_.context.call_after(poll_interval, [=] {
                        self->open(format, at_least, then);
                    });
                }
                if (!opened || !*opened) {
                    return self->asked_.exchange->respond(problem(
                        503,
                        opened ? bytes_view{opened->error()}
                               : bytes_view{"no checkpoint could be written in time; see the log"}
                    ));
                }
                then(std::move(**opened));
            }
        );
    }

    void open_log(zxid behind, zxid last) {
        desk_.worker.run(
            [open = desk_.port.open_log, behind, last] { return open(behind, last); },
            [self = shared_from_this(), last](auto opened) {
                if (!opened) {
                    return self->asked_.exchange->respond(problem(410, opened.error()));
                }
                self->send(*std::move(opened), self->head_of_backup(last));
            }
        );
    }

    [[nodiscard]] http_response head_of_backup(zxid at) const {
        return {
            200,
            "application/octet-stream",
            "",
            {{"Conclave-Zxid", hex(at.value)}, {"Conclave-Cluster", cluster_}}};
    }

    void send(std::shared_ptr<backup_source> source, http_response head) {
        source_ = std::move(source);
        asked_.exchange->begin_stream(std::move(head), [self = shared_from_this()] {
            self->source_.reset(); // its reader is gone
        });
        send_more();
    }

private:
    /// Not before the reader has taken what it was given: nothing piles up here.
    void send_more() {
        if (source_ == nullptr) {
            return;
        }
        if (!piece_.empty()) {
            return send_piece();
        }
        desk_.worker.run(
            [source = source_] {
                bytes part;
                result<bool, bytes> more = source->next(part);
                return std::pair{std::move(more), std::move(part)};
            },
            [self = shared_from_this()](std::pair<result<bool, bytes>, bytes> read) {
                self->take(std::move(read.first), std::move(read.second));
            }
        );
    }

    void take(const result<bool, bytes>& more, bytes part) {
        if (source_ == nullptr) {
            return;
        }
        if (!more) {
            log(log_level::error, "backup abandoned: {}", more.error());
            source_.reset();
            return asked_.exchange->abort_stream(); // so that nobody takes it for whole
        }
        piece_ = std::move(part);
        if (!*more) {
            source_.reset();
            return asked_.exchange->end_stream();
        }
        send_more();
    }

    void send_piece() {
        asked_.exchange->send(make_part(bytes_view{piece_}.substr(0, piece_size)));
        piece_.erase(0, piece_size);
        asked_.exchange->on_drained([self = shared_from_this()] { self->send_more(); });
    }

    backup_desk& desk_;
    routed_request asked_;
    std::shared_ptr<backup_source> source_; ///< none once it is over
    bytes piece_;
    bytes cluster_;
    std::chrono::milliseconds waited_{};
};

/// A transfer, unless there are too many; then that is the answer.
std::shared_ptr<backup_transfer> admit(backup_desk& desk, const routed_request& asked) {
    if (!desk.port.open) {
        asked.exchange->respond(problem(503, "this server has nothing on disk to back up"));
        return nullptr;
    }
    if (desk.transfer_count >= transfer_count_max) {
        http_response refusal = problem(
            503, fmt::format("{} backups are being taken already; try again", transfer_count_max)
        );
        refusal.fields.emplace_back("Retry-After", "10");
        asked.exchange->respond(std::move(refusal));
        return nullptr;
    }
    return std::make_shared<backup_transfer>(desk, asked);
}

void answer_backup(backup_desk& desk, const routed_request& asked) {
    const auto transfer = admit(desk, asked);
    if (transfer == nullptr) {
        return;
    }
    transfer->when_permitted([transfer](zxid applied) {
        transfer->open(backup_format::conclave, applied, [transfer](opened_backup opened) {
            transfer->send(
                std::move(opened.source),
                {200, "application/octet-stream", "", {{"Conclave-Zxid", hex(opened.at.value)}}}
            );
        });
    });
}

void answer_log(backup_desk& desk, const routed_request& asked) {
    const auto from = parse_zxid(asked.asked().parameter("from").value_or(bytes_view{}));
    if (!from) {
        return asked.exchange->respond(
            problem(400, "the parameter from has to be a zxid, such as 0x100000001")
        );
    }
    const auto transfer = admit(desk, asked);
    if (transfer == nullptr) {
        return;
    }
    transfer->when_permitted([transfer, asked, behind = *from](zxid applied) {
        if (behind > applied) {
            return asked.exchange->respond(problem(
                409,
                fmt::format(
                    "this server has applied {} so far, which is before it", hex(applied.value)
                )
            ));
        }
        transfer->open_log(behind, applied);
    });
}

/// As ZooKeeper 3.9 has it: what it tells about the snapshot stands in the fields.
void answer_snapshot(backup_desk& desk, const routed_request& asked) {
    const auto transfer = admit(desk, asked);
    if (transfer == nullptr) {
        return;
    }
    const bool is_streaming = asked.asked().has_flag("streaming");
    transfer->when_permitted([transfer, asked, is_streaming](zxid applied) {
        transfer->open(
            backup_format::zookeeper,
            applied,
            [transfer, asked, is_streaming](opened_backup opened) {
                const name_values fields{{"last_zxid", hex(opened.at.value)}};
                if (is_streaming) {
                    return transfer->send(
                        std::move(opened.source), {200, "application/octet-stream", "", fields}
                    );
                }
                const nlohmann::ordered_json told{{"command", "snapshot"}, {"error", nullptr}};
                http_response answer{200, "application/json", pretty(told) + "\n", fields};
                answer.fields.emplace_back("snapshot_size", std::to_string(opened.size_bytes));
                asked.exchange->respond(std::move(answer));
            }
        );
    });
}

http_response refusal_of_restore() {
    return problem(
        409,
        "a running server is not restored: it would take back what its clients have seen, and "
        "differ from what the log says. To write what a backup holds to running servers, use "
        "conclaved restore --subtree and conclave import; to go back as a whole, stop all servers "
        "and make new data directories with conclaved restore, or with conclaved import from a "
        "snapshot of ZooKeeper's"
    );
}

} // namespace

void add_backup_routes(
    route_table& to,
    const route_context& context,
    const backup_port& port,
    background_worker& worker,
    const bytes& command_url
) {
    const auto desk = std::make_shared<backup_desk>(backup_desk{context, port, worker});
    const auto with_desk = [desk](void (*answer)(backup_desk&, const routed_request&)) {
        return [desk, answer](const routed_request& asked) {
            answer(*desk, asked);
        };
    };
    to.add({"GET", "/v1/backup", operation::back_up, with_desk(answer_backup)});
    to.add({"GET", "/v1/backup/log", operation::back_up, with_desk(answer_log)});
    to.add({"GET", command_url + "/snapshot", operation::back_up, with_desk(answer_snapshot)});
    to.add({"POST", "/v1/restore", operation::operate, {}, 0, refusal_of_restore});
    to.add({"POST", command_url + "/restore", operation::operate, {}, 0, refusal_of_restore});
}

} // namespace conclave::admin

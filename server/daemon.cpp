#include "server/daemon.hpp"

#include "server/admin/endpoint.hpp"
#include "server/admin/four_letter_words.hpp"
#include "server/audit_log.hpp"
#include "server/backup_service.hpp"
#include "server/damaged_state.hpp"
#include "server/endpoint_settings.hpp"
#include "server/event_history.hpp"
#include "server/history_service.hpp"
#include "server/membership_file.hpp"
#include "server/net/core_loop.hpp"
#include "server/net/ensemble_links.hpp"
#include "server/replica/replica.hpp"
#include "server/replica_settings.hpp"
#include "server/snapshot_service.hpp"
#include "server/storage.hpp"
#include "server/tls_settings.hpp"
#include "server/tree/corrupt_state.hpp"
#include "server/version.hpp"
#include "server/wall_clock.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <stdexcept>

#include "conclave/log_line.hpp"

namespace conclave {

namespace {

net::network_settings make_network_settings(const configuration::settings& configured) {
    net::network_settings made;
    for (const configuration::endpoint& each : configured.listeners) {
        made.listeners.push_back({each.host, each.port});
    }
    for (const configuration::endpoint& each : configured.secure_listeners) {
        made.secure_listeners.push_back({each.host, each.port});
    }
    made.tls = client_tls_settings(configured);
    made.listen_backlog = configured.listen_backlog;
    made.tcp_keep_alive = configured.client_tcp_keep_alive;
    made.connection_count_max = configured.connection_count_max;
    made.connection_count_max_per_address = configured.connection_count_max_per_address;
    made.io_threads = configured.io_threads;
    made.limits.frame_size_max = configured.jute_buffer_size_bytes_max;
    return made;
}

replica::settings make_settings(const configuration::settings& configured, const storage& disk) {
    replica::settings made = make_replica_settings(configured, wall_clock_ms());
    const txnlog::unique_id& storage = disk.identity().storage;
    bytes_view octets{reinterpret_cast<const char*>(storage.data()), storage.size()};
    jute::reader{octets}(made.storage);
    // What was set aside may have belonged to an ensemble.
    made.may_found = made.may_found && !disk.has_lost_history();
    return made;
}

net::peer_network_settings make_peer_settings(
    const configuration::settings& configured, const txnlog::unique_id& storage, std::uint64_t boot
) {
    net::peer_network_settings made;
    made.own = configured.server;
    made.storage = storage;
    made.boot = boot;
    for (const configuration::peer_address& each :
         configured.members.servers.at(configured.server).addresses) {
        made.listeners.push_back({each.host, each.quorum_port});
    }
    // A message may hold a batch and one entry more than fits.
    made.limits.frame_size_max += 2 * std::size_t{configured.jute_buffer_size_bytes_max};
    return made;
}

std::vector<net::peer_endpoint> make_endpoints(const configuration::settings& configured) {
    std::vector<net::peer_endpoint> made;
    for (const auto& [id, server] : configured.members.servers) {
        for (const configuration::peer_address& each : server.addresses) {
            made.push_back({id, each.host, each.quorum_port});
        }
    }
    return made;
}

admin::configuration_facts make_configuration_facts(const configuration::settings& configured) {
    admin::configuration_facts facts;
    if (!configured.listeners.empty()) {
        facts.client_port = configured.listeners.front().port;
    }
    if (!configured.secure_listeners.empty()) {
        facts.secure_client_port = configured.secure_listeners.front().port;
    }
    facts.data_directory = configured.data_directory + "/conclave";
    facts.log_directory = configured.log_directory + "/conclave/log";
    facts.tick_time_ms = configured.tick_time.count();
    facts.client_connection_count_max = configured.connection_count_max_per_address;
    facts.session_timeout_ms_min = configured.session_timeout_min.count();
    facts.session_timeout_ms_max = configured.session_timeout_max.count();
    facts.listen_backlog = configured.listen_backlog;
    facts.server_id = configured.members.servers.empty() ? 0 : configured.server.value;
    return facts;
}

std::vector<admin::link_facts> make_link_facts(const std::vector<net::peer_status>& peers) {
    const auto now = std::chrono::steady_clock::now();
    const auto age_ms = [now](std::chrono::steady_clock::time_point since) {
        return std::int64_t{(now - since) / std::chrono::milliseconds{1}};
    };
    std::vector<admin::link_facts> facts;
    for (const net::peer_status& each : peers) {
        admin::link_facts& made = facts.emplace_back();
        made.id = each.id;
        made.last_error = each.last_error;
        made.last_error_age_ms = each.last_error.empty() ? 0 : age_ms(each.last_error_at);
        if (each.link) {
            made.is_up = true;
            made.address = each.link->address;
            made.up_ms = age_ms(each.link->up_since);
            made.queued_size = each.link->queued_size;
        } else if (!each.endpoints.empty()) {
            made.address =
                fmt::format("{}:{}", each.endpoints.front().host, each.endpoints.front().port);
        }
    }
    return facts;
}

admin::summary summary_of(const char* name, const disk_statistics& measured) {
    const auto ms = [](std::chrono::nanoseconds time) {
        return time / std::chrono::milliseconds{1};
    };
    return {
        name,
        measured.count,
        ms(measured.sum),
        ms(measured.least),
        ms(measured.most),
        measured.times};
}

} // namespace

/// Ends the disk's threads, which report to the loop, before the loop goes; also if something
/// behind it cannot be constructed.
class disk_stopper {
public:
    explicit disk_stopper(storage& disk) : disk_(disk) {}

    ~disk_stopper() { disk_.stop(); }

    disk_stopper(const disk_stopper&) = delete;
    disk_stopper& operator=(const disk_stopper&) = delete;

private:
    storage& disk_;
};

/// In order of construction; destroyed in reverse.
class daemon::parts {
public:
    explicit parts(const configuration::settings& configured)
        : storage_(configured)
        , settings_(make_settings(configured, storage_))
        , replica_(settings_, storage_.tables())
        , view_(replica_, make_view_settings(configured))
        , words_(
              view_,
              [&configured](bytes_view word) {
                  return configuration::allows_four_letter_word(configured, word);
              }
          )
        , loop_(make_network_settings(configured), replica_, storage_, storage_, make_word_port())
        , disk_stopper_(storage_)
        , membership_file_(configured)
        , signals_(loop_.context(), SIGTERM, SIGINT)
        , storage_timer_(loop_.context()) {
        storage_.recover_into(
            replica_,
            {[this](zab::operation_id operation) { on_persisted(operation); },
             [this](bool succeeded) { on_checkpoint(succeeded); },
             [this](bool is_full) { on_nearly_full(is_full); },
             [this](const std::string& problem) { on_damaged(problem); },
             [this](std::uint64_t size) {
                 loop_.limit_log_room(size);
             }}
        );
        if (configuration::is_ensemble(configured)) {
            join_ensemble(configured);
        }
        if (configured.audit_enabled) {
            audit_ = std::make_unique<audit_log>(configured.audit_file);
            loop_.set_audit([this](auto events) { audit_->append(std::move(events)); });
        }
        open_endpoint(configured);
    }

    ~parts() = default;
    parts(const parts&) = delete;
    parts& operator=(const parts&) = delete;

    void run() {
        signals_.async_wait([this](const boost::system::error_code& error, int number) {
            if (!error) {
                log(log_level::info, "stopping signal={}", number);
                storage_timer_.cancel();
                loop_.stop();
            }
        });
        look_after_storage();
        loop_.run();
        endpoint_.reset();
    }

    [[nodiscard]] bool needs_restart() const { return replica_.needs_restart(); }

    /// Why the state must not be used any more; empty if it may.
    [[nodiscard]] const std::string& quarantine() const { return replica_.quarantine(); }

private:
    void join_ensemble(const configuration::settings& configured) {
        links_ = std::make_unique<net::ensemble_links>(
            loop_.context(),
            make_peer_settings(configured, storage_.identity().storage, settings_.boot),
            make_endpoints(configured),
            replica_,
            [this] { return loop_.begin_input(); },
            make_peer_streams(configured)
        );
        history_ = std::make_unique<history_service>(
            storage_.files(),
            storage_.log_path(),
            [this] { return storage_.durable_sequence(); },
            [this](
                const zab::history_request& request,
                std::optional<std::vector<zab::shared_entry>> read
            ) { loop_.on_history(request, std::move(read)); }
        );
        snapshots_ = std::make_unique<snapshot_service>(
            storage_.checkpoint(), storage_.incoming_path(), make_snapshot_reports()
        );
        loop_.join_ensemble(*links_, *history_, *snapshots_, [this](const bytes& text) {
            membership_file_.keep(text);
        });
    }

    snapshot_reports make_snapshot_reports() {
        return {
            [this](const zab::snapshot_request& request, zab::base_state of) {
                loop_.on_snapshot_opened(request, std::move(of));
            },
            [this](const zab::snapshot_read_request& request, bytes content, bool is_last) {
                loop_.on_snapshot_read(request, std::move(content), is_last);
            },
            [this](server_id peer, zab::attachment number) {
                loop_.on_snapshot_failed(peer, number);
            },
            [this](zab::attachment number, std::uint64_t offset) {
                loop_.on_snapshot_stored(number, offset);
            },
            [this](zab::attachment number) { loop_.on_snapshot_refused(number); },
            [this](const std::string& problem) {
                on_damaged(problem);
            }};
    }

    net::peer_stream_factory make_peer_streams(const configuration::settings& configured) {
        const std::optional<tls::settings> keys = peer_tls_settings(configured);
        if (!keys) {
            return net::make_plain_stream;
        }
        const auto read =
            std::make_shared<net::tls_keys>(loop_.tls_context(), loop_.context(), *keys, "servers");
        if (configured.quorum_certificates_are_reloaded) {
            read->follow_files();
        }
        return net::make_tls_streams(read, peer_tls_policy(configured));
    }

    /// A port that is taken does not keep clients from being served, as with ZooKeeper.
    void open_endpoint(const configuration::settings& configured) {
        admin::endpoint_settings made = make_endpoint_settings(configured);
        if (!made.door && !made.metrics_door) {
            return;
        }
        made.clients = {
            [this](replica::peer_address peer, const identities& granted, auto receiver) {
                return loop_.open_local(std::move(peer), granted, std::move(receiver));
            },
            [this](replica::connection_id from, bytes_view frames) {
                loop_.send_local(from, frames);
            },
            [this](replica::connection_id gone) {
                loop_.close_local(gone);
            }};
        made.backups = make_backup_port(storage_, replica_);
        made.past = make_past_events_port(storage_);
        if (audit_) {
            made.audit = [this](replica::audit_event event) {
                audit_->append({std::move(event)});
            };
        }
        try {
            endpoint_ = std::make_unique<admin::endpoint>(
                std::move(made),
                [this](admin::core_gate::question question) {
                    boost::asio::post(loop_.context(), [this, question = std::move(question)] {
                        question(view_, loop_.begin_input());
                    });
                }
            );
            loop_.call_when_started([this] { endpoint_->start(); });
        } catch (const std::runtime_error& problem) {
            log(log_level::error, "running without the admin endpoint: {}", problem.what());
        }
    }

    net::word_port make_word_port() {
        return {
            &admin::word_argument_size,
            [this](bytes_view word, bytes_view argument, replica::instant now) {
                return words_.answer(word, argument, now);
            }};
    }

    admin::view_settings make_view_settings(const configuration::settings& configured) {
        admin::view_settings made;
        made.version = protocol_version;
        made.configured = make_configuration_facts(configured);
        made.handshake_timeout = configured.sessionless_timeout;
        made.sizes = [this] {
            return admin::directory_sizes{storage_.checkpoint_size(), storage_.log_size()};
        };
        made.network = [this] {
            const net::network_counters& counted = loop_.network().counters();
            return admin::network_facts{
                counted.rejected,
                counted.closed,
                counted.handshakes_open,
                counted.handshakes_failed,
                counted.handshakes_refused};
        };
        made.links = [this] {
            return links_ == nullptr ? std::vector<admin::link_facts>{}
                                     : make_link_facts(links_->network().status());
        };
        made.log_queue_size = [this] {
            return storage_.log_queue_size();
        };
        made.summaries = [this] {
            return std::vector{
                summary_of("fsynctime", storage_.sync_statistics()),
                summary_of("snapshottime", storage_.checkpoint_statistics())};
        };
        return made;
    }

    /// On the log thread.
    void on_persisted(zab::operation_id operation) {
        loop_.on_persisted(operation);
        if (storage_.has_backlog()) {
            boost::asio::post(loop_.context(), [this] { storage_.submit_backlog(); });
        }
    }

    /// On the checkpoint thread. The map grows before the replica hears of the failure, and so
    /// before it tries again.
    void on_checkpoint(bool succeeded) {
        if (storage_.wants_larger_map()) {
            boost::asio::post(loop_.context(), [this] { storage_.grow_map(); });
        }
        loop_.on_checkpoint(succeeded);
    }

    /// On any thread. The loop ends with it, as if the core itself had met the damage.
    void on_damaged(const std::string& problem) {
        boost::asio::post(loop_.context(), [problem] {
            throw damaged_state{"the checkpoint is damaged, which was found " + problem};
        });
    }

    void on_nearly_full(bool is_full) {
        if (is_full) {
            log(log_level::error,
                "the disk is full: writes are refused, reads go on. Make room; writes resume by "
                "themselves");
        } else {
            log(log_level::info, "there is room on the disk again: writes are accepted");
        }
        loop_.refuse_writes(is_full);
    }

    void look_after_storage() {
        constexpr std::chrono::milliseconds interval{500};
        storage_timer_.expires_after(interval);
        storage_timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) {
                storage_.trim_memory();
                report_disk();
                if (replica_.last_applied() > zxid{}) {
                    storage_.end_initialization();
                }
                look_after_storage();
            }
        });
    }

    /// Once every few seconds: what the other servers are told of this one's disk.
    void report_disk() {
        constexpr std::chrono::seconds interval{5};
        const auto now = std::chrono::steady_clock::now();
        if (now < disk_report_due_) {
            return;
        }
        disk_report_due_ = now + interval;
        const disk_statistics measured = storage_.sync_statistics();
        const auto us = [](auto time) {
            return static_cast<std::uint64_t>(time / std::chrono::microseconds{1});
        };
        const auto count = static_cast<std::uint64_t>(measured.count);
        const std::uint64_t recent = count - disk_reported_count_;
        const std::uint64_t sum = us(measured.sum);
        replica_.report_disk(
            {count,
             us(measured.times.percentile(0.5)),
             us(measured.times.percentile(0.99)),
             us(measured.most),
             recent,
             recent == 0 ? 0 : (sum - disk_reported_sum_) / recent},
            loop_.begin_input()
        );
        disk_reported_count_ = count;
        disk_reported_sum_ = sum;
    }

    storage storage_;
    replica::settings settings_;
    replica::replica replica_;
    admin::server_view view_;
    admin::four_letter_words words_;
    net::core_loop loop_;
    disk_stopper disk_stopper_; ///< what comes behind uses the threads, and goes before them
    std::unique_ptr<net::ensemble_links> links_;
    std::unique_ptr<history_service> history_;
    membership_file membership_file_;
    std::unique_ptr<snapshot_service> snapshots_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer storage_timer_;
    std::chrono::steady_clock::time_point disk_report_due_;
    std::uint64_t disk_reported_count_ = 0;
    std::uint64_t disk_reported_sum_ = 0;
    std::unique_ptr<audit_log> audit_;
    std::unique_ptr<admin::endpoint> endpoint_; ///< first to go, but after the loop has ended
};

daemon::daemon(const configuration::settings& configured) : configured_(configured) {
    open();
}

daemon::~daemon() = default;

/// What is damaged is set aside, so the next attempt begins with nothing. The number of attempts is
/// bounded by what may be set aside.
void daemon::open() {
    while (parts_ == nullptr) {
        try {
            parts_ = std::make_unique<parts>(configured_);
        } catch (const damaged_state& problem) {
            set_aside(problem.what());
        } catch (const tree::corrupt_state& problem) {
            set_aside(problem.what());
        }
    }
}

void daemon::set_aside(const std::string& reason) {
    if (!configuration::is_ensemble(configured_)) {
        throw std::runtime_error{reason};
    }
    log(log_level::error,
        "quarantine: {}. The state of this server is set aside and fetched anew from the other "
        "servers",
        reason);
    set_state_aside(configured_, reason);
}

void daemon::run() {
    while (true) {
        std::string reason;
        try {
            parts_->run();
            if (!parts_->needs_restart()) {
                return;
            }
            reason = parts_->quarantine();
        } catch (const damaged_state& problem) {
            reason = problem.what();
        } catch (const tree::corrupt_state& problem) {
            reason = problem.what();
        }
        parts_.reset(); // first of all: they own the data directory and the ports
        if (!reason.empty()) {
            set_aside(reason);
        }
        open();
    }
}

} // namespace conclave

/// A server alone, with what the admin endpoint's routes stand on, all on one thread.
#pragma once

#include "server/admin/background_worker.hpp"
#include "server/admin/local_clients.hpp"
#include "server/admin/route_context.hpp"
#include "test/support/memory_tables.hpp"
#include "test/support/wire_client.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

namespace conclave::test {

/// Everything happens within `settle`, and within it in order, as on the two threads of a server.
class local_server {
public:
    local_server() {
        server_.start(now_);
        settle();
        client_ = server_.on_connect({"10.0.0.1", 5000}, now_);
        server_.on_frame(client_, connect_frame(10'000), now_);
        settle();
    }

    local_server(const local_server&) = delete;
    local_server& operator=(const local_server&) = delete;

    /// From a client that has nothing to do with the endpoint. Takes effect with `settle`.
    void give(bytes_view frame) { server_.on_frame(client_, frame, now_); }

    /// Until nothing is left to be done.
    void settle() {
        replica::outputs out;
        bool is_idle = false;
        while (!is_idle) {
            out = {};
            server_.take_outputs(out, now_);
            if (!out.records.empty()) {
                server_.on_persisted(out.operation, now_);
            }
            is_idle = out.records.empty() && out.clients.empty();
            for (replica::client_output& each : out.clients) {
                deliver(std::move(each));
            }
            is_idle = !run_posted() && is_idle;
        }
    }

    /// For what another thread does in between. @return  false if it takes unreasonably long.
    [[nodiscard]] bool settle_until(const std::function<bool()>& is_met) {
        constexpr std::chrono::seconds patience{20};
        for (settle(); !is_met(); settle()) {
            std::unique_lock lock{mutex_};
            if (!is_posted_.wait_for(lock, patience, [this] { return !posted_.empty(); })) {
                return false;
            }
        }
        return true;
    }

    [[nodiscard]] zxid last_applied() const { return server_.last_applied(); }

    /// To be called by hand: what was put off.
    std::vector<std::function<void()>> later;

private:
    admin::local_client_port make_port() {
        return {
            [this](replica::peer_address peer, const identities& granted, auto receiver) {
                const replica::connection_id id = server_.on_connect(std::move(peer), now_);
                for (const identity& each : granted) {
                    server_.grant(id, each);
                }
                receivers_[id] = std::move(receiver);
                return id;
            },
            [this](replica::connection_id from, bytes_view frames) {
                while (!frames.empty()) {
                    std::int32_t length = 0;
                    jute::reader in{frames};
                    in(length);
                    const bytes_view frame = in.rest().substr(0, static_cast<std::size_t>(length));
                    server_.on_frame(from, frame, now_);
                    frames.remove_prefix(sizeof length + frame.size());
                }
            },
            [this](replica::connection_id gone) {
                receivers_.erase(gone);
                server_.on_disconnect(gone);
            }};
    }

    void deliver(replica::client_output output) {
        const auto at = receivers_.find(output.to);
        if (at == receivers_.end()) {
            return;
        }
        const auto receive = at->second;
        const bool takes_more = receive(std::move(output.frames), output.close);
        if (output.close || !takes_more) {
            receivers_.erase(output.to);
            server_.on_disconnect(output.to);
        }
    }

    void post(std::function<void()> what) {
        const std::lock_guard lock{mutex_};
        posted_.push_back(std::move(what));
        is_posted_.notify_one();
    }

    bool run_posted() {
        std::unique_lock lock{mutex_};
        const bool is_any = !posted_.empty();
        for (; !posted_.empty(); lock.lock()) {
            const auto next = std::move(posted_.front());
            posted_.pop_front();
            lock.unlock();
            next();
        }
        return is_any;
    }

    replica::instant now_{std::chrono::hours{1}, 1'700'000'000'000};
    memory_tables tables_;
    replica::replica server_{{}, tables_};
    admin::server_view view_{server_, {}};
    replica::connection_id client_;
    std::map<replica::connection_id, admin::local_client_port::receiver> receivers_;
    std::mutex mutex_; ///< of what other threads post
    std::condition_variable is_posted_;
    std::deque<std::function<void()>> posted_;
    const std::function<void(std::function<void()>)> to_admin_ = [this](std::function<void()> what
                                                                 ) {
        post(std::move(what));
    };

public:
    // What routes are made with.
    admin::core_gate core{
        [this](admin::core_gate::question question) {
            post([this, question = std::move(question)] { question(view_, now_); });
        },
        to_admin_};
    admin::route_context context{
        core,
        {},
        {"dataDir=/data"},
        {[] { return log_level::info; },
         [](log_level) {
         }},
        [this](std::chrono::milliseconds, std::function<void()> what) {
            later.push_back(std::move(what));
        }};
    admin::local_clients clients{
        core, make_port(), std::size_t{1} << 20U, to_admin_, context.call_after};
    admin::background_worker worker{to_admin_};
};

} // namespace conclave::test

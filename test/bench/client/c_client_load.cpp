#include "test/bench/client/load.hpp"

#ifndef THREADED
#define THREADED // the C client's header asks for it: threads of its own, callbacks on one of them
#endif
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <zookeeper/zookeeper.h>

namespace conclave::bench {

namespace {

class c_pipeline {
public:
    explicit c_pipeline(const load& what) : what_(what) {
        zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
        constexpr int timeout_ms = 30000;
        handle_ = zookeeper_init(what.server.c_str(), on_session, timeout_ms, nullptr, this, 0);
        if (handle_ == nullptr) {
            throw std::runtime_error{"zookeeper_init failed"};
        }
        wait([this] { return is_connected_; });
        const std::string data(node_size, 'x');
        zoo_create(
            handle_,
            node_path,
            data.data(),
            static_cast<int>(data.size()),
            &ZOO_OPEN_ACL_UNSAFE,
            0,
            nullptr,
            0
        );
    }

    c_pipeline(const c_pipeline&) = delete;
    c_pipeline& operator=(const c_pipeline&) = delete;

    ~c_pipeline() { zookeeper_close(handle_); }

    double run() {
        const auto start = std::chrono::steady_clock::now();
        for (std::uint64_t index = 0; index < what_.window; ++index) {
            next();
        }
        wait([this] { return done_ == what_.operation_count || has_failed_; });
        if (has_failed_) {
            throw std::runtime_error{"an operation of the C client failed"};
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        return took.count();
    }

private:
    static void on_session(zhandle_t*, int type, int state, const char*, void* context) {
        auto* self = static_cast<c_pipeline*>(context);
        if (type == ZOO_SESSION_EVENT && state == ZOO_CONNECTED_STATE) {
            const std::lock_guard lock{self->mutex_};
            self->is_connected_ = true;
            self->changed_.notify_all();
        }
    }

    static void on_data(int failed, const char*, int, const struct Stat*, const void* context) {
        as_self(context)->on_done(failed);
    }

    static void on_stat(int failed, const struct Stat*, const void* context) {
        as_self(context)->on_done(failed);
    }

    static c_pipeline* as_self(const void* context) {
        return static_cast<c_pipeline*>(const_cast<void*>(context));
    }

    void next() {
        if (started_.fetch_add(1) >= what_.operation_count) {
            return;
        }
        const int refused = what_.is_writing ? zoo_aset(
                                                   handle_,
                                                   node_path,
                                                   data_.data(),
                                                   static_cast<int>(data_.size()),
                                                   -1,
                                                   on_stat,
                                                   this
                                               )
                                             : zoo_aget(handle_, node_path, 0, on_data, this);
        if (refused != ZOK) {
            fail();
        }
    }

    void on_done(int failed) {
        if (failed != ZOK) {
            return fail();
        }
        if (++done_ == what_.operation_count) {
            const std::lock_guard lock{mutex_};
            changed_.notify_all();
        }
        next();
    }

    void fail() {
        const std::lock_guard lock{mutex_};
        has_failed_ = true;
        changed_.notify_all();
    }

    template <class Condition>
    void wait(Condition is_so) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, is_so);
    }

    load what_;
    std::string data_ = std::string(node_size, 'x');
    zhandle_t* handle_ = nullptr;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_connected_ = false;
    bool has_failed_ = false;
    std::atomic<std::uint64_t> started_{0};
    std::atomic<std::uint64_t> done_{0};
};

} // namespace

double run_c_client(const load& what) {
    c_pipeline work{what};
    return work.run();
}

} // namespace conclave::bench

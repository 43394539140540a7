/// How fast an ensemble answers this client.
#include "client/shell/commands/commands.hpp"
#include "client/shell/subtree_removal.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

namespace conclave::shell::commands {

namespace operation = client::operation;

namespace {

using clock = std::chrono::steady_clock;

struct bench_settings {
    std::int64_t count = 10'000;
    std::int64_t window = 100;
    std::int64_t size = 100;
};

outcome<bench_settings> settings_of(const arguments& given) {
    constexpr std::int64_t count_max = 100'000'000;
    constexpr std::int64_t window_max = 100'000;
    constexpr std::int64_t size_max = 1'000'000;
    bench_settings chosen;
    const auto count = given.number("n", 1, count_max, "-n takes a number of operations");
    const auto window = given.number("c", 1, window_max, "-c takes how many are under way at once");
    const auto size = given.number("s", 0, size_max, "-s takes a size in bytes, 1000000 at most");
    for (const auto* const each : {&count, &window, &size}) {
        if (!*each) {
            return unexpected{each->error()};
        }
    }
    chosen.count = count->value_or(chosen.count);
    chosen.window = window->value_or(chosen.window);
    chosen.size = size->value_or(chosen.size);
    return chosen;
}

/// Keeps `window` operations under way until `count` are done.
template <class Operation>
class sliding_window : public std::enable_shared_from_this<sliding_window<Operation>> {
public:
    sliding_window(
        const client::session& session,
        const bench_settings& chosen,
        std::function<Operation(std::int64_t)> make
    )
        : session_(session), chosen_(chosen), make_(std::move(make)) {
        latencies_us_.reserve(static_cast<std::size_t>(chosen.count));
    }

    void start() {
        begin_ = clock::now();
        while (started_ < std::min(chosen_.count, chosen_.window)) {
            start_one();
        }
    }

    void abandon() { is_abandoned_ = true; }

    [[nodiscard]] bool is_done() const {
        return finished_ == started_ && (failed_ || started_ == chosen_.count);
    }

    [[nodiscard]] std::error_code failed() const { return failed_; }

    std::vector<std::string> row(std::string_view name) {
        std::sort(latencies_us_.begin(), latencies_us_.end());
        const auto seconds = std::chrono::duration<double>(end_ - begin_).count();
        return {
            std::string{name},
            fmt::format("{}", finished_),
            fmt::format("{:.0f}", static_cast<double>(finished_) / std::max(seconds, 1e-9)),
            quantile_ms(0.5),
            quantile_ms(0.99),
            quantile_ms(1.0)};
    }

private:
    void start_one() {
        const auto began = clock::now();
        session_.async_execute(
            make_(started_++),
            [self = this->shared_from_this(), began](boost::system::error_code failed, auto&&...) {
                self->on_finished(failed, began);
            }
        );
    }

    void on_finished(boost::system::error_code failed, clock::time_point began) {
        ++finished_;
        end_ = clock::now();
        if (failed && !failed_) {
            failed_ = failed;
        }
        latencies_us_.push_back(
            std::chrono::duration_cast<std::chrono::microseconds>(end_ - began).count()
        );
        if (!failed_ && !is_abandoned_ && started_ < chosen_.count) {
            start_one();
        }
    }

    [[nodiscard]] std::string quantile_ms(double share) const {
        if (latencies_us_.empty()) {
            return "-";
        }
        const auto last = static_cast<double>(latencies_us_.size() - 1);
        constexpr double us_per_ms = 1000;
        return fmt::format(
            "{:.2f}",
            static_cast<double>(latencies_us_[static_cast<std::size_t>(share * last)]) / us_per_ms
        );
    }

    client::session session_;
    bench_settings chosen_;
    std::function<Operation(std::int64_t)> make_;
    std::vector<std::int64_t> latencies_us_;
    clock::time_point begin_;
    clock::time_point end_;
    std::int64_t started_ = 0;
    std::int64_t finished_ = 0;
    std::error_code failed_;
    bool is_abandoned_ = false;
};

class benchmark {
public:
    benchmark(shell& in, const bench_settings& chosen) : in_(in), chosen_(chosen) {}

    template <class Operation>
    outcome<> measure(std::string_view name, std::function<Operation(std::int64_t)> make) {
        in_.output().show_progress(fmt::format("{} ...", name));
        const auto window = std::make_shared<sliding_window<Operation>>(
            in_.server().session(), chosen_, std::move(make)
        );
        window->start();
        if (in_.loop().run_until([&] { return window->is_done(); }) == wait_end::interrupted) {
            window->abandon();
            return failed_with(std::make_error_code(std::errc::interrupted), {});
        }
        if (window->failed()) {
            return failed_with(window->failed(), std::string{name});
        }
        table.rows.push_back(window->row(name));
        return {};
    }

    answer::table table{{"operation", "count", "per_second", "p50_ms", "p99_ms", "max_ms"}, {}};

private:
    shell& in_;
    bench_settings chosen_;
};

outcome<> measure_all(benchmark& all, const bench_settings& chosen, const std::string& root) {
    const bytes data(static_cast<std::size_t>(chosen.size), 'x');
    const auto path_of = [root](std::int64_t number) {
        return path::join(root, fmt::format("n{}", number));
    };
    outcome<> done = all.measure<operation::create>("create", [=](std::int64_t number) {
        return operation::create{path_of(number), data, {}};
    });
    if (done) {
        done = all.measure<operation::set>("set", [=](std::int64_t number) {
            return operation::set{path_of(number), data, client::any_version};
        });
    }
    if (done) {
        done = all.measure<operation::get>("get", [=](std::int64_t number) {
            return operation::get{path_of(number)};
        });
    }
    if (done) {
        done = all.measure<operation::remove>("delete", [=](std::int64_t number) {
            return operation::remove{path_of(number)};
        });
    }
    return done;
}

} // namespace

outcome<> bench(shell& in, const arguments& given) {
    const auto chosen = settings_of(given);
    if (!chosen) {
        return unexpected{chosen.error()};
    }
    const std::string parent = given.count() > 0 ? given.word(0) : "/";
    const auto root = in.server().ask(operation::create{
        path::join(parent, "conclave-bench-"), std::nullopt, create_mode::persistent_sequential});
    if (!root) {
        return failed_with(root.error(), parent);
    }
    benchmark all{in, *chosen};
    const auto done = measure_all(all, *chosen, root->path);
    in.loop().forget_interrupt(); // what was made goes also when it was interrupted
    const auto left = read_subtree(in.server(), root->path);
    const auto removed = left ? remove_subtree(in.server(), *left, removal_batch_count)
                              : outcome<>{unexpected{left.error()}};
    in.print(all.table);
    return done ? removed : done;
}

} // namespace conclave::shell::commands

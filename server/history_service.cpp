#include "server/history_service.hpp"

#include <utility>

#include "conclave/log_line.hpp"

namespace conclave {

namespace {

/// Of one answer, which becomes one message.
constexpr std::size_t answer_size_max = std::size_t{1} << 20;

} // namespace

history_service::history_service(
    txnlog::file_system& files,
    std::string directory,
    std::function<std::uint64_t()> durable_sequence,
    answer report
)
    : files_(files)
    , directory_(std::move(directory))
    , durable_sequence_(std::move(durable_sequence))
    , report_(std::move(report))
    , thread_([this] { run(); }) {}

history_service::~history_service() {
    {
        const std::lock_guard lock{mutex_};
        is_stopping_ = true;
        work_.notify_one();
    }
    thread_.join();
}

void history_service::read(const zab::history_request& request) {
    const std::lock_guard lock{mutex_};
    requests_.push_back(request);
    work_.notify_one();
}

void history_service::run() {
    std::unique_lock lock{mutex_};
    for (;;) {
        work_.wait(lock, [this] { return is_stopping_ || !requests_.empty(); });
        if (is_stopping_) {
            return;
        }
        const zab::history_request request = requests_.front();
        requests_.pop_front();
        lock.unlock();
        report_(request, look_up(request.behind));
        lock.lock();
    }
}

/// The reader that is open goes on if it reaches back far enough.
bool history_service::prepare_reader(zxid behind) {
    if (reader_ && reader_->begin() <= behind && reader_->advance(durable_sequence_())) {
        return true;
    }
    reader_.reset();
    auto opened = txnlog::history_reader::open(files_, directory_, behind, durable_sequence_());
    if (!opened) {
        if (opened.error().of != txnlog::history_error::kind::gone) {
            log(log_level::error, "cannot read past transactions: {}", opened.error().text);
        }
        return false;
    }
    reader_ = *std::move(opened);
    return true;
}

std::optional<std::vector<zab::shared_entry>> history_service::look_up(zxid behind) {
    if (!prepare_reader(behind)) {
        return std::nullopt;
    }
    std::vector<zab::shared_entry> found;
    bool is_whole = true;
    const auto take = [&](const txnlog::record& record) {
        std::optional<zab::entry> next = zab::decode_entry(record.payload);
        is_whole = is_whole && next.has_value();
        if (is_whole) {
            found.push_back(std::make_shared<zab::entry>(*std::move(next)));
        }
    };
    const auto read = reader_->read(behind, answer_size_max, take);
    const bool follows = !found.empty() && found.front()->previous == behind;
    if (!read || !is_whole || !follows) {
        reader_.reset();
        return std::nullopt;
    }
    return found;
}

} // namespace conclave

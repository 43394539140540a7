/// Any frames, from any number of connections, in any order with time, crashes and a slow disk: the
/// server neither crashes nor loses count, and its state is what its transactions say.
///
/// The input is a list of steps; see `run_step` for their form. make_seeds.py writes some.
#include "test/support/replica_driver.hpp"

#include <conclave/assert.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace {

using namespace conclave;

enum class step : std::uint8_t {
    frame,      ///< connection, length (2 octets), that many octets: sends them as one frame
    handshake,  ///< connection: connects anew and opens a session
    connect,    ///< connection: connects anew; the next frame of it is its ConnectRequest
    disconnect, ///< connection
    settle,     ///< everything becomes durable and is answered
    deliver,    ///< what is answered leaves, nothing becomes durable
    advance,    ///< tenths of a second
    disk_full,  ///< 0 or 1
    crash,      ///< what is not durable is lost; a new server starts on the same disk
    count,
};

/// Takes octets from the front of the input; zeros when there are no more.
class input {
public:
    explicit input(bytes_view octets) : rest_(octets) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }

    std::uint8_t octet() {
        if (rest_.empty()) {
            return 0;
        }
        const auto value = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }

    bytes_view octets(std::size_t size) {
        const bytes_view taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }

private:
    bytes_view rest_;
};

/// A server and a few clients of it.
class scene {
public:
    scene() { restart(); }

    void run(bytes_view steps) {
        input from{steps};
        while (!from.empty()) {
            run_step(from);
        }
        driver_->settle();
        check();
    }

private:
    static constexpr std::size_t client_count = 4;

    /// One octet says which step, the others are its arguments.
    void run_step(input& from) {
        switch (static_cast<step>(from.octet() % static_cast<std::uint8_t>(step::count))) {
        case step::frame: {
            const std::optional<connection>& sender = client(from.octet());
            const std::size_t size = from.octet() * std::size_t{256} + from.octet();
            const bytes_view frame = from.octets(size);
            if (sender && driver_->server().wants_input(*sender)) {
                driver_->send(*sender, frame);
            }
            return;
        }
        case step::handshake: {
            std::optional<connection>& opened = replaced(from.octet());
            opened = driver_->open();
            return;
        }
        case step::connect: {
            std::optional<connection>& opened = replaced(from.octet());
            opened = driver_->connect();
            return;
        }
        case step::disconnect:
            replaced(from.octet());
            return;
        case step::settle:
            driver_->settle();
            return;
        case step::deliver:
            driver_->deliver();
            return;
        case step::advance:
            driver_->advance(std::chrono::milliseconds{100} * from.octet());
            return;
        case step::disk_full:
            driver_->server().refuse_writes(from.octet() % 2 == 1);
            return;
        case step::crash:
            restart();
            return;
        case step::count:
            return;
        }
    }

    using connection = test::replica_driver::connection;

    std::optional<connection>& client(std::uint8_t number) {
        return clients_[number % client_count];
    }

    /// The place of a client whose connection, if it had one, is gone.
    std::optional<connection>& replaced(std::uint8_t number) {
        std::optional<connection>& place = client(number);
        if (place) {
            driver_->disconnect(*place);
            place.reset();
        }
        return place;
    }

    void restart() {
        clients_ = {};
        driver_.reset();
        driver_ = std::make_unique<test::replica_driver>(disk_);
    }

    void check() {
        replica::replica& server = driver_->server();
        CONCLAVE_ASSERT(server.nodes().current_digest() == server.nodes().compute_digest());
        const auto open = std::count_if(clients_.begin(), clients_.end(), [this](const auto& each) {
            return each && !driver_->log_of(*each).closed;
        });
        const replica::status now = server.current_status(driver_->now());
        CONCLAVE_ASSERT(now.serving);
        CONCLAVE_ASSERT(now.connection_count == open);
        CONCLAVE_ASSERT(now.outstanding == 0);
        CONCLAVE_ASSERT(now.watcher_count <= open);
        CONCLAVE_ASSERT(now.node_count >= 5);
        check_restart(server.nodes().current_digest());
    }

    /// A server that starts on what is durable now has the same tree.
    void check_restart(const tree::digest& before) {
        restart();
        CONCLAVE_ASSERT(driver_->server().nodes().current_digest() == before);
    }

    test::replica_disk disk_;
    std::unique_ptr<test::replica_driver> driver_;
    std::array<std::optional<connection>, client_count> clients_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    scene{}.run({reinterpret_cast<const char*>(data), size});
    return 0;
}

#include "test/unit/store/disk_tap.hpp"
#include "test/unit/store/store_fixture.hpp"

#include <algorithm>
#include <cerrno>
#include <dlfcn.h>
#include <fcntl.h>
#include <mutex>
#include <numeric>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

namespace conclave::store::testing {

namespace {

struct tap_state {
    bool is_active = false;
    dev_t device{};
    ino_t inode{};
    std::vector<disk_event> events;
    std::optional<disk_failure> failure;
    std::size_t call_count = 0;
    bool has_failed = false;
};

struct directory_state {
    bool is_active = false;
    std::vector<bytes> events;
    int fail_at = -1;
    bool has_failed = false;
};

// Leaked on purpose: the functions below are called until the very end of the process.
std::mutex& guard() {
    static auto* mutex = new std::mutex;
    return *mutex;
}

tap_state& tap() {
    static auto* state = new tap_state;
    return *state;
}

directory_state& directories() {
    static auto* state = new directory_state;
    return *state;
}

std::optional<std::uint64_t> free_space;

template <class Function>
Function next_definition(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

bool is_tapped(int descriptor) {
    struct stat status {};

    return tap().is_active && ::fstat(descriptor, &status) == 0 && status.st_dev == tap().device &&
           status.st_ino == tap().inode;
}

enum class verdict { pass, fail, shorten };

/// To be called for each call on the tapped file, in order.
verdict judge_next_call() {
    const std::size_t call = tap().call_count++;
    if (!tap().failure || tap().failure->call != call) {
        return verdict::pass;
    }
    tap().has_failed = true;
    return tap().failure->is_short ? verdict::shorten : verdict::fail;
}

void record_write(int descriptor, std::uint64_t offset, bytes data) {
    const bool is_durable = (::fcntl(descriptor, F_GETFL) & O_DSYNC) == O_DSYNC;
    tap().events.push_back({disk_event::kind::write, offset, std::move(data), is_durable});
}

bytes joined(const iovec* parts, int count) {
    bytes whole;
    for (int index = 0; index < count; ++index) {
        whole.append(static_cast<const char*>(parts[index].iov_base), parts[index].iov_len);
    }
    return whole;
}

bytes path_of(int descriptor) {
    std::error_code failed;
    return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), failed)
        .string();
}

/// True if the call must fail.
bool record_directory_event(bytes event) {
    auto& state = directories();
    const bool fails = state.fail_at == static_cast<int>(state.events.size());
    state.events.push_back(std::move(event));
    state.has_failed = state.has_failed || fails;
    return fails;
}

int sync_call(int descriptor, const char* name) {
    const auto next = next_definition<int (*)(int)>(name);
    const std::lock_guard lock{guard()};
    if (directories().is_active && record_directory_event("sync " + path_of(descriptor))) {
        errno = EIO;
        return -1;
    }
    if (!is_tapped(descriptor)) {
        return next(descriptor);
    }
    if (judge_next_call() != verdict::pass) {
        errno = tap().failure->error;
        return -1;
    }
    const int done = next(descriptor);
    tap().events.push_back({disk_event::kind::sync, 0, {}, true});
    return done;
}

} // namespace

disk_tap::disk_tap(const std::filesystem::path& file) {
    struct stat status {};

    REQUIRE(::stat(file.c_str(), &status) == 0);
    const std::lock_guard lock{guard()};
    REQUIRE_FALSE(tap().is_active);
    tap() = {true, status.st_dev, status.st_ino, {}, {}, 0, false};
}

disk_tap::disk_tap(const std::filesystem::path& file, const disk_failure& failure)
    : disk_tap(file) {
    const std::lock_guard lock{guard()};
    tap().failure = failure;
}

disk_tap::~disk_tap() {
    const std::lock_guard lock{guard()};
    tap() = {};
}

void disk_tap::note(std::uint64_t number) {
    const std::lock_guard lock{guard()};
    tap().events.push_back({disk_event::kind::note, number, {}, true});
}

std::vector<disk_event> disk_tap::events() const {
    const std::lock_guard lock{guard()};
    return tap().events;
}

bool disk_tap::has_failed() const {
    const std::lock_guard lock{guard()};
    return tap().has_failed;
}

reported_free_space::reported_free_space(std::uint64_t size) {
    const std::lock_guard lock{guard()};
    free_space = size;
}

reported_free_space::~reported_free_space() {
    const std::lock_guard lock{guard()};
    free_space.reset();
}

directory_tap::directory_tap(int fail_at) {
    const std::lock_guard lock{guard()};
    directories() = {true, {}, fail_at, false};
}

directory_tap::~directory_tap() {
    const std::lock_guard lock{guard()};
    directories() = {};
}

std::vector<bytes> directory_tap::events() const {
    const std::lock_guard lock{guard()};
    return directories().events;
}

bool directory_tap::has_failed() const {
    const std::lock_guard lock{guard()};
    return directories().has_failed;
}

} // namespace conclave::store::testing

namespace taps = conclave::store::testing;

extern "C" {

ssize_t pwrite(int descriptor, const void* data, std::size_t size, off_t offset) {
    const auto next =
        taps::next_definition<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
    const std::lock_guard lock{taps::guard()};
    if (!taps::is_tapped(descriptor)) {
        return next(descriptor, data, size, offset);
    }
    switch (taps::judge_next_call()) {
    case taps::verdict::fail:
        errno = taps::tap().failure->error;
        return -1;
    case taps::verdict::shorten:
        return next(descriptor, data, size / 2, offset);
    case taps::verdict::pass:
        break;
    }
    taps::record_write(
        descriptor, static_cast<std::uint64_t>(offset), {static_cast<const char*>(data), size}
    );
    return next(descriptor, data, size, offset);
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
    const auto next = taps::next_definition<ssize_t (*)(int, const iovec*, int)>("writev");
    const std::lock_guard lock{taps::guard()};
    if (!taps::is_tapped(descriptor)) {
        return next(descriptor, parts, count);
    }
    switch (taps::judge_next_call()) {
    case taps::verdict::fail:
        errno = taps::tap().failure->error;
        return -1;
    case taps::verdict::shorten:
        return next(descriptor, parts, count / 2);
    case taps::verdict::pass:
        break;
    }
    const off_t offset = ::lseek(descriptor, 0, SEEK_CUR);
    taps::record_write(descriptor, static_cast<std::uint64_t>(offset), taps::joined(parts, count));
    return next(descriptor, parts, count);
}

int fdatasync(int descriptor) {
    return taps::sync_call(descriptor, "fdatasync");
}

int fsync(int descriptor) {
    return taps::sync_call(descriptor, "fsync");
}

int renameat2(
    int from_directory, const char* from, int to_directory, const char* to, unsigned int flags
) noexcept {
    const auto next =
        taps::next_definition<int (*)(int, const char*, int, const char*, unsigned int)>("renameat2"
        );
    const std::lock_guard lock{taps::guard()};
    if (taps::directories().is_active &&
        taps::record_directory_event(std::string{"rename "} + to)) {
        errno = EIO;
        return -1;
    }
    return next(from_directory, from, to_directory, to, flags);
}

int statvfs(const char* path, struct statvfs* status) noexcept {
    const auto next = taps::next_definition<int (*)(const char*, struct statvfs*)>("statvfs");
    const int done = next(path, status);
    const std::lock_guard lock{taps::guard()};
    if (done == 0 && taps::free_space) {
        status->f_bavail = *taps::free_space / status->f_frsize;
    }
    return done;
}

} // extern "C"

namespace conclave::store::testing {

TEST_CASE("disk tap: sees what LMDB writes and syncs in a commit", "[store][disk_tap]") {
    const temporary_directory here;
    const auto store = must_open(settings_in(here.path() / "checkpoint"));
    const disk_tap tapped{here.path() / "checkpoint" / "data.mdb"};

    must_commit(*store, {{{table::node, "a"}, "1"}});

    const auto events = tapped.events();
    const auto is = [](disk_event::kind kind, bool durable) {
        return [=](const disk_event& event) {
            return event.what == kind && event.is_durable == durable;
        };
    };
    const auto data =
        std::find_if(events.begin(), events.end(), is(disk_event::kind::write, false));
    const auto synced = std::find_if(data, events.end(), is(disk_event::kind::sync, true));
    const auto meta = std::find_if(synced, events.end(), is(disk_event::kind::write, true));
    CHECK(data != events.end());
    CHECK(synced != events.end());
    CHECK(meta != events.end());
}

} // namespace conclave::store::testing

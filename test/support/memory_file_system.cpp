#include "test/support/memory_file_system.hpp"

#include <conclave/assert.hpp>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <utility>

namespace conclave::test {

namespace {

constexpr std::uint64_t sector_size = 512;

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    CONCLAVE_ASSERT(slash != std::string::npos);
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

/// Chooses what survives. The engine's sequence is the same on every machine; the standard
/// distributions are not.
class fate {
public:
    explicit fate(survival pattern) : pattern_(pattern), engine_(pattern.seed) {}

    /// An index below `count`, where 0 is the durable past and `count` - 1 the newest state.
    std::size_t choose(std::size_t count) {
        switch (pattern_.of) {
        case survival::kind::nothing:
            return 0;
        case survival::kind::everything:
            return count - 1;
        case survival::kind::by_chance:
            return static_cast<std::size_t>((engine_() >> 16) % count);
        }
        return 0;
    }

private:
    survival pattern_;
    std::mt19937_64 engine_;
};

} // namespace

struct memory_file_system::inode {
    bytes cached;  ///< what readers see
    bytes durable; ///< what the disk has
    std::map<std::uint64_t, std::vector<bytes>>
        versions; ///< of each sector written since it was synced, by number
    bool size_is_pending = false;
    const void* lock_holder = nullptr;

    void write(std::uint64_t offset, bytes_view data) {
        if (data.empty()) {
            return;
        }
        if (cached.size() < offset + data.size()) {
            cached.resize(offset + data.size(), '\0');
            size_is_pending = true;
        }
        std::copy(data.begin(), data.end(), cached.begin() + static_cast<std::ptrdiff_t>(offset));
        const std::uint64_t last = (offset + data.size() - 1) / sector_size;
        for (std::uint64_t sector = offset / sector_size; sector <= last; ++sector) {
            versions[sector].push_back(cached.substr(sector * sector_size, sector_size));
        }
    }

    void sync() {
        for (const auto& [sector, contents] : versions) {
            store_durably(sector, contents.back());
        }
        versions.clear();
        if (size_is_pending) {
            durable.resize(cached.size(), '\0');
            size_is_pending = false;
        }
    }

    void store_durably(std::uint64_t sector, const bytes& content) {
        const std::uint64_t offset = sector * sector_size;
        if (durable.size() < offset + content.size()) {
            durable.resize(offset + content.size(), '\0');
        }
        std::copy(
            content.begin(), content.end(), durable.begin() + static_cast<std::ptrdiff_t>(offset)
        );
    }

    void lose_power(fate& chance) {
        const std::uint64_t old_size = durable.size();
        for (const auto& [sector, contents] : versions) {
            const std::size_t choice = chance.choose(contents.size() + 1);
            if (choice > 0) {
                store_durably(sector, contents[choice - 1]);
            }
        }
        versions.clear();
        if (size_is_pending) {
            durable.resize(chance.choose(2) == 0 ? old_size : cached.size(), '\0');
            size_is_pending = false;
        }
        cached = durable;
        lock_holder = nullptr;
    }
};

/// The entries of one directory, and what was done to them since they were last synced.
struct memory_file_system::directory {
    struct change {
        std::string removed; ///< name; empty: none
        std::string added;   ///< name; empty: none
        inode_pointer node;  ///< of `added`
    };

    std::map<std::string, inode_pointer> cached;
    std::map<std::string, inode_pointer> durable;
    std::vector<change> changes;

    static void apply(std::map<std::string, inode_pointer>& entries, const change& step) {
        if (!step.removed.empty()) {
            entries.erase(step.removed);
        }
        if (!step.added.empty()) {
            entries[step.added] = step.node;
        }
    }

    void change_entries(change step) {
        apply(cached, step);
        changes.push_back(std::move(step));
    }

    void sync() {
        durable = cached;
        changes.clear();
    }

    void lose_power(fate& chance) {
        for (const change& step : changes) {
            if (chance.choose(2) == 1) {
                apply(durable, step);
            }
        }
        changes.clear();
        cached = durable;
    }
};

class memory_file_system::open_file final : public txnlog::file {
public:
    open_file(memory_file_system& owner, std::string path, inode_pointer node)
        : owner_(owner)
        , path_(std::move(path))
        , node_(std::move(node))
        , generation_(owner.generation_) {}

    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;

    ~open_file() override {
        const std::lock_guard lock{owner_.mutex_};
        if (node_->lock_holder == this) {
            node_->lock_holder = nullptr;
        }
    }

    txnlog::io_result<bytes_view>
    read_at(std::uint64_t offset, std::size_t size, bytes& buffer) override {
        if (const std::error_code error = begin(file_operation::read).error) {
            return unexpected{error};
        }
        const std::lock_guard lock{owner_.mutex_};
        const bytes& content = node_->cached;
        const std::uint64_t begin_at = std::min<std::uint64_t>(offset, content.size());
        buffer.assign(content, begin_at, size);
        return bytes_view{buffer};
    }

    std::error_code write_at(std::uint64_t offset, bytes_view data) override {
        const permission granted = begin(file_operation::write);
        const std::lock_guard lock{owner_.mutex_};
        if (granted.is_dead) {
            return granted.error;
        }
        if (const std::error_code full = owner_.grow(*node_, offset + data.size())) {
            return full;
        }
        node_->write(offset, data);
        return granted.error;
    }

    std::error_code reserve(std::uint64_t size) override {
        if (const std::error_code error = begin(file_operation::reserve).error) {
            return error;
        }
        const std::lock_guard lock{owner_.mutex_};
        if (const std::error_code full = owner_.grow(*node_, size)) {
            return full;
        }
        if (node_->cached.size() < size) {
            node_->cached.resize(size, '\0');
            node_->size_is_pending = true;
        }
        return {};
    }

    std::error_code sync_data() override {
        const permission granted = begin(file_operation::sync_data);
        const std::lock_guard lock{owner_.mutex_};
        if (granted.is_dead || granted.is_dying) {
            return granted.error;
        }
        if (granted.error) {
            node_->versions.clear(); // marked clean, and lost
            return granted.error;
        }
        node_->sync();
        return {};
    }

    txnlog::io_result<std::uint64_t> size() override {
        if (const std::error_code error = begin(file_operation::size).error) {
            return unexpected{error};
        }
        const std::lock_guard lock{owner_.mutex_};
        return static_cast<std::uint64_t>(node_->cached.size());
    }

    std::error_code try_lock() override {
        if (const std::error_code error = begin(file_operation::lock).error) {
            return error;
        }
        const std::lock_guard lock{owner_.mutex_};
        if (node_->lock_holder != nullptr && node_->lock_holder != this) {
            return std::make_error_code(std::errc::resource_unavailable_try_again);
        }
        node_->lock_holder = this;
        return {};
    }

private:
    permission begin(file_operation kind) {
        const permission granted = owner_.begin(kind, path_);
        const std::lock_guard lock{owner_.mutex_};
        return generation_ == owner_.generation_
                   ? granted
                   : permission{std::make_error_code(std::errc::io_error), false, true};
    }

    memory_file_system& owner_;
    const std::string path_;
    const inode_pointer node_;
    const std::uint64_t generation_;
};

memory_file_system::memory_file_system() : capacity_(std::numeric_limits<std::uint64_t>::max()) {
    directories_["/"] = std::make_unique<directory>();
}

memory_file_system::~memory_file_system() = default;

txnlog::io_result<std::unique_ptr<txnlog::file>>
memory_file_system::open(const std::string& path, txnlog::open_mode mode) {
    if (const std::error_code error = begin(file_operation::open, path).error) {
        return unexpected{error};
    }
    std::unique_lock lock{mutex_};
    directory* parent = parent_of(path);
    if (parent == nullptr) {
        return unexpected{std::make_error_code(std::errc::no_such_file_or_directory)};
    }
    inode_pointer node = find(path);
    if (!node) {
        if (mode != txnlog::open_mode::create) {
            return unexpected{std::make_error_code(std::errc::no_such_file_or_directory)};
        }
        node = std::make_shared<inode>();
        parent->change_entries({"", name_of(path), node});
    }
    return std::unique_ptr<txnlog::file>{std::make_unique<open_file>(*this, path, std::move(node))};
}

std::error_code memory_file_system::rename(const std::string& from, const std::string& to) {
    if (const std::error_code error = begin(file_operation::rename, to).error) {
        return error;
    }
    const std::lock_guard lock{mutex_};
    CONCLAVE_ASSERT(directory_of(from) == directory_of(to));
    const inode_pointer node = find(from);
    if (!node) {
        return std::make_error_code(std::errc::no_such_file_or_directory);
    }
    if (const inode_pointer replaced = find(to); replaced && replaced != node) {
        used_ -= replaced->cached.size();
    }
    parent_of(to)->change_entries({name_of(from), name_of(to), node});
    return {};
}

std::error_code memory_file_system::remove(const std::string& path) {
    if (const std::error_code error = begin(file_operation::remove, path).error) {
        return error;
    }
    const std::lock_guard lock{mutex_};
    const inode_pointer node = find(path);
    if (!node) {
        return std::make_error_code(std::errc::no_such_file_or_directory);
    }
    used_ -= node->cached.size();
    parent_of(path)->change_entries({name_of(path), "", nullptr});
    return {};
}

txnlog::io_result<std::vector<std::string>> memory_file_system::list(const std::string& path) {
    if (const std::error_code error = begin(file_operation::list, path).error) {
        return unexpected{error};
    }
    const std::lock_guard lock{mutex_};
    const auto found = directories_.find(path);
    if (found == directories_.end()) {
        return unexpected{std::make_error_code(std::errc::no_such_file_or_directory)};
    }
    std::set<std::string> names;
    for (const auto& [name, node] : found->second->cached) {
        names.insert(name);
    }
    for (const auto& [child, content] : directories_) {
        if (child != "/" && directory_of(child) == path) {
            names.insert(name_of(child));
        }
    }
    return std::vector<std::string>{names.begin(), names.end()};
}

/// Directories are durable at once: what is made once at the first start is not what these tests
/// are about.
std::error_code memory_file_system::make_directory(const std::string& path) {
    if (const std::error_code error = begin(file_operation::make_directory, path).error) {
        return error;
    }
    const std::lock_guard lock{mutex_};
    if (!directories_.contains(directory_of(path))) {
        return std::make_error_code(std::errc::no_such_file_or_directory);
    }
    if (find(path)) {
        return std::make_error_code(std::errc::not_a_directory);
    }
    if (!directories_.contains(path)) {
        directories_[path] = std::make_unique<directory>();
    }
    return {};
}

std::error_code memory_file_system::sync_directory(const std::string& path) {
    if (const std::error_code error = begin(file_operation::sync_directory, path).error) {
        return error;
    }
    const std::lock_guard lock{mutex_};
    const auto found = directories_.find(path);
    if (found == directories_.end()) {
        return std::make_error_code(std::errc::no_such_file_or_directory);
    }
    found->second->sync();
    return {};
}

void memory_file_system::set_fault(fault decide) {
    const std::lock_guard lock{mutex_};
    fault_ = std::move(decide);
}

void memory_file_system::fail_once(std::size_t index, std::errc error) {
    set_fault([=](const operation_view& operation) {
        return operation.index == index ? std::make_error_code(error) : std::error_code{};
    });
}

void memory_file_system::crash_at(std::size_t index) {
    const std::lock_guard lock{mutex_};
    crash_index_ = index;
}

void memory_file_system::restart() {
    const std::lock_guard lock{mutex_};
    crash_index_.reset();
    ++generation_;
}

void memory_file_system::fail_every(file_operation kind, std::errc error) {
    set_fault([=](const operation_view& operation) {
        return operation.kind == kind ? std::make_error_code(error) : std::error_code{};
    });
}

void memory_file_system::set_capacity(std::uint64_t size) {
    const std::lock_guard lock{mutex_};
    capacity_ = size;
}

void memory_file_system::power_loss(survival pattern) {
    const std::lock_guard lock{mutex_};
    crash_index_.reset();
    ++generation_;
    fate chance{pattern};
    // Inodes first: an entry that comes back must lead to what the disk has. Each once, in the
    // order of their paths.
    std::set<inode*> seen;
    for (auto& [path, entries] : directories_) {
        std::vector<inode_pointer> nodes;
        for (const auto& [name, node] : entries->durable) {
            nodes.push_back(node);
        }
        for (const directory::change& step : entries->changes) {
            nodes.push_back(step.node);
        }
        for (const inode_pointer& node : nodes) {
            if (node && seen.insert(node.get()).second) {
                node->lose_power(chance);
            }
        }
    }
    used_ = 0;
    for (auto& [path, entries] : directories_) {
        entries->lose_power(chance);
        for (const auto& [name, node] : entries->cached) {
            used_ += node->cached.size();
        }
    }
}

bool memory_file_system::exists(const std::string& path) const {
    const std::lock_guard lock{mutex_};
    return find(path) != nullptr;
}

bytes memory_file_system::content(const std::string& path) const {
    const std::lock_guard lock{mutex_};
    const inode_pointer node = find(path);
    CONCLAVE_ASSERT(node != nullptr);
    return node->cached;
}

bytes memory_file_system::durable_content(const std::string& path) const {
    const std::lock_guard lock{mutex_};
    const inode_pointer node = find(path);
    CONCLAVE_ASSERT(node != nullptr);
    return node->durable;
}

void memory_file_system::put(const std::string& path, bytes_view content) {
    const std::lock_guard lock{mutex_};
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        std::unique_ptr<directory>& entries = directories_[path.substr(0, slash)];
        if (!entries) {
            entries = std::make_unique<directory>();
        }
    }
    const auto node = std::make_shared<inode>();
    node->cached = bytes{content};
    node->durable = node->cached;
    used_ += content.size();
    directory& parent = *parent_of(path);
    parent.cached[name_of(path)] = node;
    parent.durable[name_of(path)] = node;
}

void memory_file_system::damage(const std::string& path, std::uint64_t offset, bytes_view octets) {
    const std::lock_guard lock{mutex_};
    const inode_pointer node = find(path);
    CONCLAVE_ASSERT(node != nullptr && offset + octets.size() <= node->cached.size());
    for (bytes* side : {&node->cached, &node->durable}) {
        const std::size_t size =
            std::min<std::size_t>(octets.size(), side->size() > offset ? side->size() - offset : 0);
        std::copy_n(octets.begin(), size, side->begin() + static_cast<std::ptrdiff_t>(offset));
    }
}

void memory_file_system::flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
    const bytes before = content(path);
    CONCLAVE_ASSERT(offset < before.size() && bit < 8);
    const char flipped = static_cast<char>(before[offset] ^ (1 << bit));
    damage(path, offset, bytes_view{&flipped, 1});
}

void memory_file_system::erase(const std::string& path) {
    const std::lock_guard lock{mutex_};
    const inode_pointer node = find(path);
    CONCLAVE_ASSERT(node != nullptr);
    used_ -= node->cached.size();
    directory& parent = *parent_of(path);
    parent.cached.erase(name_of(path));
    parent.durable.erase(name_of(path));
}

std::unique_ptr<memory_file_system> memory_file_system::clone() const {
    auto copy = std::make_unique<memory_file_system>();
    const std::lock_guard lock{mutex_};
    for (const auto& [path, entries] : directories_) {
        copy->directories_[path] = std::make_unique<directory>();
        for (const auto& [name, node] : entries->cached) {
            copy->put(txnlog::join_path(path, name), node->cached);
        }
    }
    return copy;
}

std::map<std::string, bytes> memory_file_system::image() const {
    const std::lock_guard lock{mutex_};
    std::map<std::string, bytes> files;
    for (const auto& [path, entries] : directories_) {
        for (const auto& [name, node] : entries->cached) {
            files[txnlog::join_path(path, name)] = node->cached;
        }
    }
    return files;
}

memory_file_system::permission
memory_file_system::begin(file_operation kind, const std::string& path) {
    fault decide;
    permission granted;
    const std::size_t index = operation_count_++;
    {
        const std::lock_guard lock{mutex_};
        granted.is_dead = crash_index_ && index > *crash_index_;
        granted.is_dying = crash_index_ && index == *crash_index_;
        decide = fault_;
    }
    if (granted.is_dead || granted.is_dying) {
        granted.error = std::make_error_code(std::errc::io_error);
    } else if (decide) {
        granted.error = decide({kind, path, index});
    }
    return granted;
}

memory_file_system::inode_pointer memory_file_system::find(const std::string& path) const {
    const auto parent = directories_.find(directory_of(path));
    if (parent == directories_.end()) {
        return nullptr;
    }
    const auto entry = parent->second->cached.find(name_of(path));
    return entry == parent->second->cached.end() ? nullptr : entry->second;
}

memory_file_system::directory* memory_file_system::parent_of(const std::string& path) {
    const auto found = directories_.find(directory_of(path));
    return found == directories_.end() ? nullptr : found->second.get();
}

std::error_code memory_file_system::grow(inode& node, std::uint64_t size) {
    if (size <= node.cached.size()) {
        return {};
    }
    const std::uint64_t growth = size - node.cached.size();
    if (growth > capacity_ - std::min(capacity_, used_)) {
        return std::make_error_code(std::errc::no_space_on_device);
    }
    used_ += growth;
    return {};
}

} // namespace conclave::test

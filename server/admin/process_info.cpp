#include "server/admin/process_info.hpp"

#include <fmt/format.h>

#include <array>
#include <dirent.h>
#include <fstream>
#include <memory>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace conclave::admin {

namespace {

constexpr std::uint64_t kibibyte = 1024;
constexpr std::uint64_t mebibyte = kibibyte * kibibyte;

/// The number behind "Name:" in a file of /proc, in octets.
std::uint64_t read_kibibytes(const char* file, bytes_view name) {
    std::ifstream in{file};
    std::string word;
    while (in >> word) {
        if (word == name) {
            std::uint64_t number = 0;
            in >> number;
            return number * kibibyte;
        }
    }
    return 0;
}

std::int64_t count_descriptors() {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory{::opendir("/proc/self/fd"), &::closedir};
    if (directory == nullptr) {
        return 0;
    }
    constexpr std::int64_t not_ours = 3; // ".", ".." and the directory itself
    std::int64_t count = 0;
    while (::readdir(directory.get()) != nullptr) {
        ++count;
    }
    return count - not_ours;
}

void read_user(process_facts& into) {
    std::array<char, 4096> memory{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, memory.data(), memory.size(), &found) == 0 &&
        found != nullptr) {
        into.user_name = found->pw_name;
        into.user_home = found->pw_dir;
    }
}

void read_system(process_facts& into) {
    utsname system{};
    if (::uname(&system) == 0) {
        into.host_name = system.nodename;
        into.os_name = system.sysname;
        into.os_arch = system.machine;
        into.os_version = system.release;
    }
    std::array<char, 4096> directory{};
    if (::getcwd(directory.data(), directory.size()) != nullptr) {
        into.working_directory = directory.data();
    }
}

} // namespace

process_facts read_process_facts() {
    process_facts facts;
    read_system(facts);
    read_user(facts);
    facts.memory_free = read_kibibytes("/proc/meminfo", "MemAvailable:");
    facts.memory_total = read_kibibytes("/proc/meminfo", "MemTotal:");
    facts.memory_resident = read_kibibytes("/proc/self/status", "VmRSS:");
    facts.open_descriptor_count = count_descriptors();
    rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) == 0) {
        const auto seconds = [](const timeval& time) {
            constexpr double microseconds = 1e6;
            return static_cast<double>(time.tv_sec) +
                   static_cast<double>(time.tv_usec) / microseconds;
        };
        facts.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        facts.open_descriptor_count_max = static_cast<std::int64_t>(limit.rlim_cur);
    }
    return facts;
}

bytes envi_text(const process_facts& process, bytes_view version) {
    return fmt::format(
        "Environment:\n"
        "zookeeper.version={}\n"
        "host.name={}\n"
        "java.version=<NA>\n"
        "java.vendor=<NA>\n"
        "java.home=<NA>\n"
        "java.class.path=<NA>\n"
        "java.library.path=<NA>\n"
        "java.io.tmpdir=<NA>\n"
        "java.compiler=<NA>\n"
        "os.name={}\n"
        "os.arch={}\n"
        "os.version={}\n"
        "user.name={}\n"
        "user.home={}\n"
        "user.dir={}\n"
        "os.memory.free={}MB\n"
        "os.memory.max={}MB\n"
        "os.memory.total={}MB\n",
        version,
        process.host_name,
        process.os_name,
        process.os_arch,
        process.os_version,
        process.user_name,
        process.user_home,
        process.working_directory,
        process.memory_free / mebibyte,
        process.memory_total / mebibyte,
        process.memory_resident / mebibyte
    );
}

} // namespace conclave::admin

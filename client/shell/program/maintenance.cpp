#include "client/shell/program/maintenance.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace conclave::shell {

namespace {

/// As the shell calls them, and as conclaved does: `import` is something else here.
constexpr std::array<std::pair<const char*, const char*>, 4> commands{{
    {"doctor", "doctor"},
    {"backup", "backup"},
    {"restore", "restore"},
    {"import-zookeeper", "import"},
}};

} // namespace

bool run_maintenance(int argc, char** argv) {
    for (const auto& [called, meant] : commands) {
        if (argc < 2 || std::strcmp(argv[1], called) != 0) {
            continue;
        }
        std::string server = "conclaved";
        std::string command = meant;
        std::vector<char*> words{server.data(), command.data()};
        words.insert(words.end(), argv + 2, argv + argc);
        words.push_back(nullptr);
        std::error_code failed; // then PATH is searched
        const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", failed);
        const std::string beside = (here.parent_path() / server).string();
        ::execv(beside.c_str(), words.data());
        ::execvp(server.c_str(), words.data());
        std::fprintf(
            stderr,
            "conclave: %s is done by the program conclaved, which is neither in %s nor in PATH: "
            "%s\n",
            called,
            here.parent_path().c_str(),
            std::strerror(errno)
        );
        return false;
    }
    return true;
}

} // namespace conclave::shell

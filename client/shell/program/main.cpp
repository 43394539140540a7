/// The command `conclave`; docs/shell.md.
#include "client/shell/program.hpp"
#include "client/shell/program/maintenance.hpp"

#include <clocale>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    // Only what characters are: names of months stay English, as scripts expect them.
    std::setlocale(LC_CTYPE, "");
    if (!conclave::shell::run_maintenance(argc, argv)) {
        return 1;
    }
    try {
        return conclave::shell::run_program({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "conclave: %s\n", error.what());
        return 1;
    }
}

/// The command `conclave`; docs/shell.md.
#include "client/shell/program.hpp"

#include <clocale>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    // Only what characters are: names of months stay English, as scripts expect them.
    std::setlocale(LC_CTYPE, "");
    try {
        return conclave::shell::run_program({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "conclave: %s\n", error.what());
        return 1;
    }
}

/// Any bytes are a configuration file: with problems perhaps, but read within bounds and without a
/// crash.
#include "server/configuration/load.hpp"

#include <conclave/assert.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace {

using namespace conclave;
using namespace conclave::configuration;

bool is_one_line(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char octet) {
        return static_cast<unsigned char>(octet) >= 0x20;
    });
}

void check_promises(const loaded& outcome) {
    CONCLAVE_ASSERT(outcome.diagnostics.size() <= 2 * report::count_max);
    for (const diagnostic& entry : outcome.diagnostics) {
        CONCLAVE_ASSERT(is_one_line(entry.text));
    }
    CONCLAVE_ASSERT(!describe(outcome.values).empty());
    if (outcome.usable()) {
        CONCLAVE_ASSERT(!outcome.values.listeners.empty());
        CONCLAVE_ASSERT(outcome.values.session_timeout_min <= outcome.values.session_timeout_max);
        CONCLAVE_ASSERT(outcome.values.members.servers.size() <= 1);
        CONCLAVE_ASSERT(!outcome.values.data_directory.empty());
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view text(reinterpret_cast<const char*>(data), size);
    check_promises(parse(text, "fuzz.cfg"));
    return 0;
}

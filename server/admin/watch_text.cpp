#include "server/admin/watch_text.hpp"

#include "server/admin/values.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace conclave::admin {

namespace {

std::map<session_id, std::vector<bytes_view>> by_session(const std::vector<watched_path>& watches) {
    std::map<session_id, std::vector<bytes_view>> paths;
    for (const watched_path& each : watches) {
        paths[each.session].push_back(each.path);
    }
    return paths;
}

} // namespace

bytes wchs_text(const std::vector<watched_path>& watches) {
    std::set<session_id> sessions;
    std::set<bytes_view> paths;
    for (const watched_path& each : watches) {
        sessions.insert(each.session);
        paths.insert(each.path);
    }
    return fmt::format(
        "{} connections watching {} paths\nTotal watches:{}\n",
        sessions.size(),
        paths.size(),
        watches.size()
    );
}

bytes wchc_text(const std::vector<watched_path>& watches) {
    bytes out;
    for (const auto& [session, paths] : by_session(watches)) {
        out += hex(session.value) + "\n";
        for (const bytes_view path : paths) {
            out.append("\t").append(path).append("\n");
        }
    }
    return out + "\n";
}

bytes wchp_text(const std::vector<watched_path>& watches) {
    bytes out;
    bytes_view current;
    for (const watched_path& each : watches) {
        if (&each == &watches.front() || each.path != current) {
            current = each.path;
            out.append(current).append("\n");
        }
        out += "\t" + hex(each.session.value) + "\n";
    }
    return out + "\n";
}

} // namespace conclave::admin

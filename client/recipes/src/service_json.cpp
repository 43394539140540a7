/// The JSON documents of Curator's x-discovery.
#include <nlohmann/json.hpp>

#include <algorithm>

#include "conclave/recipes/service_discovery.hpp"

namespace conclave::recipes {

namespace {

using json = nlohmann::ordered_json;

/// A text of the document, empty where there is none.
std::string text_of(const json& document, const char* field) {
    const auto found = document.find(field);
    return found != document.end() && found->is_string() ? found->get<std::string>()
                                                         : std::string{};
}

std::optional<std::uint16_t> port_of(const json& document, const char* field) {
    constexpr std::int64_t port_max = 65535;
    const auto found = document.find(field);
    if (found == document.end() || !found->is_number_integer()) {
        return std::nullopt;
    }
    const auto number = found->get<std::int64_t>();
    if (number < 0 || number > port_max) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(number);
}

json port_json(const std::optional<std::uint16_t>& port) {
    return port ? json(*port) : json(nullptr);
}

/// Whoever writes into the directory decides what stands in a payload; deeper ones are cut, so that
/// reading and writing them takes bounded stack.
json parse(std::string_view text) {
    constexpr int depth_max = 32;
    const auto is_kept = [](int depth, json::parse_event_t, json&) {
        return depth <= depth_max;
    };
    return json::parse(text, is_kept, false);
}

/// What a program has written as its payload; a text where it is no JSON.
json payload_of(const std::string& given) {
    if (given.empty()) {
        return nullptr;
    }
    json parsed = parse(given);
    return parsed.is_discarded() ? json(given) : parsed;
}

std::string dump(const json& value) {
    constexpr int compact = -1;
    return value.dump(compact, ' ', false, json::error_handler_t::replace);
}

} // namespace

std::string to_json(const service_instance& instance) {
    using std::chrono::milliseconds;
    const auto since_epoch = instance.registered_at.time_since_epoch();
    json document;
    document["name"] = instance.name;
    document["id"] = instance.id;
    document["address"] = instance.address;
    document["port"] = port_json(instance.port);
    document["sslPort"] = port_json(instance.ssl_port);
    document["payload"] = payload_of(instance.payload_json);
    document["registrationTimeUTC"] = std::chrono::duration_cast<milliseconds>(since_epoch).count();
    document["serviceType"] = "DYNAMIC";
    document["uriSpec"] = nullptr;
    document["enabled"] = instance.is_enabled;
    return dump(document);
}

std::optional<service_instance> parse_service_instance(std::string_view text) {
    const json document = parse(text);
    if (!document.is_object()) {
        return std::nullopt;
    }
    service_instance instance;
    instance.name = text_of(document, "name");
    instance.id = text_of(document, "id");
    if (instance.name.empty() || instance.id.empty()) {
        return std::nullopt;
    }
    instance.address = text_of(document, "address");
    instance.port = port_of(document, "port");
    instance.ssl_port = port_of(document, "sslPort");
    const auto payload = document.find("payload");
    if (payload != document.end() && !payload->is_null()) {
        instance.payload_json = dump(*payload);
    }
    const auto registered = document.find("registrationTimeUTC");
    if (registered != document.end() && registered->is_number_integer()) {
        constexpr std::int64_t ms_max = 9'000'000'000'000; // nanoseconds of it fit in 64 bits
        const auto ms = std::clamp(registered->get<std::int64_t>(), -ms_max, ms_max);
        instance.registered_at =
            std::chrono::system_clock::time_point{std::chrono::milliseconds{ms}};
    }
    const auto enabled = document.find("enabled");
    instance.is_enabled =
        enabled == document.end() || !enabled->is_boolean() || enabled->get<bool>();
    return instance;
}

} // namespace conclave::recipes

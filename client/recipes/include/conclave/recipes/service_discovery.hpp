/// Finding instances of services.
#pragma once

#include <conclave/recipes/group.hpp>

#include <chrono>
#include <random>
#include <span>

namespace conclave::recipes {

/// One instance of a service, as Curator's x-discovery describes it.
struct service_instance {
    std::string name;    ///< of the service
    std::string id;      ///< of this instance; unique within the service
    std::string address; ///< a name or an IP address
    std::optional<std::uint16_t> port;
    std::optional<std::uint16_t> ssl_port;
    /// JSON of whatever the program wants to tell besides; empty for none. Curator in Java expects
    /// the type that its readers were made for.
    std::string payload_json;
    std::chrono::system_clock::time_point registered_at; ///< to the millisecond
    bool is_enabled = true;

    friend bool operator==(const service_instance&, const service_instance&) = default;
};

/// The JSON document of an instance.
[[nodiscard]] std::string to_json(const service_instance& instance);

/// @return nothing if it is no such document. Fields that are not known are passed over.
[[nodiscard]] std::optional<service_instance> parse_service_instance(std::string_view json);

namespace detail {

using instances_handler = boost::asio::any_completion_handler<
    void(boost::system::error_code, std::vector<service_instance>)>;

void next_instances(group_view from, instances_handler handler);
void list_instances(const group& of, instances_handler handler);

template <class Begin, class From, class Token>
auto async_instances(Begin begin, const From& from, Token& token) {
    using boost::system::error_code;
    return boost::asio::async_initiate<Token, void(error_code, std::vector<service_instance>)>(
        [begin](auto handler, const From& of) { begin(of, std::move(handler)); }, token, from
    );
}

} // namespace detail

/// The instances of one service as they come and go.
class service_view {
public:
    explicit service_view(group_view members) : members_(std::move(members)) {}

    /// `void(error_code, std::vector<service_instance>)`, as `group_view::async_next`. Instances
    /// whose document cannot be read are left out.
    template <class Token>
    auto async_next(Token&& token) {
        return detail::async_instances(detail::next_instances, members_, token);
    }

private:
    group_view members_;
};

/// A directory of services: instances are registered as ephemeral nodes
/// `<base path>/<service>/<id>` with a JSON document each, and gone when their session ends. Works
/// together with Curator's x-discovery. **Threads**: as for the session.
class service_directory {
public:
    service_directory(const client::session& zk, std::string base_path)
        : zk_(zk), base_path_(std::move(base_path)) {}

    /// Registers an instance: `void(error_code, ownership)`. It is listed until the ownership is
    /// released or destroyed. Waits while another session has registered the same id.
    template <class Token>
    auto async_register(const service_instance& instance, Token&& token) const {
        return place_of(instance.name)
            .async_join(instance.id, to_json(instance), std::forward<Token>(token));
    }

    /// `void(error_code, std::vector<service_instance>)`; none if nobody has ever offered it.
    template <class Token>
    auto async_instances(std::string_view service, Token&& token) const {
        return detail::async_instances(detail::list_instances, place_of(service), token);
    }

    /// Tells the instances, and whenever they change.
    [[nodiscard]] service_view watch(std::string_view service) const {
        return service_view{place_of(service).watch()};
    }

private:
    [[nodiscard]] group place_of(std::string_view service) const;

    client::session zk_;
    std::string base_path_;
};

/// Takes enabled instances in turn.
class round_robin {
public:
    /// Null if none is enabled. Points into `instances`.
    [[nodiscard]] const service_instance* pick(std::span<const service_instance> instances);

private:
    std::size_t next_ = 0;
};

/// Any of the enabled instances, each as likely as another. Null if none is enabled.
[[nodiscard]] const service_instance*
pick_random(std::span<const service_instance> instances, std::mt19937_64& random);

} // namespace conclave::recipes

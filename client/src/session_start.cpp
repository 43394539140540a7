/// Starting operations, for each type of operation there is.
#include "client/src/session_core.hpp"

namespace conclave::client {

template <class Operation>
void session_core::start(
    const Operation& what,
    detail::time_limit limit,
    asio::any_completion_handler<signature_of<Operation>> handler
) {
    using result_type = typename Operation::result_type;
    auto encoded = encode(what, root_);
    if (!encoded) {
        const error_code refused{make_error_code(encoded.error())};
        if constexpr (std::is_void_v<result_type>) {
            return deliver_later(home_, std::move(handler), refused);
        } else {
            return deliver_later(home_, std::move(handler), refused, result_type{});
        }
    }
    request issued;
    issued.type = encoded->type;
    issued.body = std::move(encoded->body);
    issued.is_repeatable = encoded->is_repeatable;
    issued.deadline = deadline_after(limit);
    std::shared_ptr<watch_channel> channel;
    if (encoded->watch) {
        const watch_id id{++last_watch_};
        channel = make_watch(id);
        issued.watch = watch_registration{id, std::move(encoded->watched_path), *encoded->watch};
    }
    machine_.submit(
        add(std::make_unique<typed_operation<Operation>>(
            std::move(handler), root_, std::move(channel)
        )),
        std::move(issued)
    );
    schedule_pump();
}

namespace detail {

template <class Operation>
void start(
    const std::shared_ptr<session_core>& core,
    Operation what,
    time_limit limit,
    asio::any_completion_handler<signature_of<Operation>> handler
) {
    core->start(what, limit, std::move(handler));
}

#define CONCLAVE_INSTANTIATE_START(name)                                                           \
    template void start<                                                                           \
        operation::                                                                                \
            name>(const std::shared_ptr<session_core>&, operation::name, time_limit, asio::any_completion_handler<signature_of<operation::name>>)

CONCLAVE_INSTANTIATE_START(create);
CONCLAVE_INSTANTIATE_START(remove);
CONCLAVE_INSTANTIATE_START(exists);
CONCLAVE_INSTANTIATE_START(exists_and_watch);
CONCLAVE_INSTANTIATE_START(get);
CONCLAVE_INSTANTIATE_START(get_and_watch);
CONCLAVE_INSTANTIATE_START(set);
CONCLAVE_INSTANTIATE_START(get_children);
CONCLAVE_INSTANTIATE_START(get_children_and_watch);
CONCLAVE_INSTANTIATE_START(get_acl);
CONCLAVE_INSTANTIATE_START(set_acl);
CONCLAVE_INSTANTIATE_START(sync);
CONCLAVE_INSTANTIATE_START(commit);
CONCLAVE_INSTANTIATE_START(read);
CONCLAVE_INSTANTIATE_START(add_watch);
CONCLAVE_INSTANTIATE_START(check_watches);
CONCLAVE_INSTANTIATE_START(remove_watches);
CONCLAVE_INSTANTIATE_START(get_config);
CONCLAVE_INSTANTIATE_START(get_config_and_watch);
CONCLAVE_INSTANTIATE_START(reconfig);
CONCLAVE_INSTANTIATE_START(who_am_i);
CONCLAVE_INSTANTIATE_START(get_ephemerals);
CONCLAVE_INSTANTIATE_START(get_all_children_number);

#undef CONCLAVE_INSTANTIATE_START

} // namespace detail

} // namespace conclave::client

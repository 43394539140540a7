/// A session with an ensemble of ZooKeeper or Conclave servers.
#pragma once

#include <conclave/client/clock.hpp>
#include <conclave/client/error.hpp>
#include <conclave/client/operation.hpp>
#include <conclave/client/session_state.hpp>
#include <conclave/client/settings.hpp>
#include <conclave/client/watch.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

namespace conclave::client {

class session_core;

namespace detail {

/// Without a value the settings' operation timeout counts.
using time_limit = std::optional<std::chrono::milliseconds>;

template <class Operation>
void start(
    const std::shared_ptr<session_core>& core,
    Operation operation,
    time_limit limit,
    boost::asio::any_completion_handler<signature_of<Operation>> handler
);

using plain_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

void connect(const std::shared_ptr<session_core>& core, time_limit limit, plain_handler handler);
void close(const std::shared_ptr<session_core>& core, plain_handler handler);
void authenticate(
    const std::shared_ptr<session_core>& core, credentials proof, plain_handler handler
);

} // namespace detail

/// One session: opened by `async_connect`, kept alive over any number of connections, ended by
/// `async_close`, by expiry, or by the destruction of the last copy of this handle.
///
/// Copies are handles of the same session. With the last one the connection is dropped and pending
/// operations end with `error::session_closed`; the server ends the session after its timeout (as
/// if the program had died). `async_close` ends it at once.
///
/// **Operations** may be started at any time, any number at once; they are sent in the order in
/// which they were started, many in one packet, and answered in that order. Without a connection
/// they wait for one. Each completes exactly once, never inside the call that starts it:
/// - with what the server answered: success, or an `errc` with ZooKeeper's number;
/// - `errc::connection_loss`: it was sent, and the connection broke before the answer, so it may or
///   may not have taken effect (`condition::outcome_unknown`). Reads are asked again instead
///   (`settings::retries_reads`);
/// - `error::not_sent`: certainly not executed; also writes that waited behind one that was lost,
///   so that a later write never takes effect in place of an earlier one;
/// - `errc::session_expired` and the like: the session is over.
///
/// **Deadlines**: `zk.within(2s).async_get(...)`. A deadline that passes gives
/// `errc::operation_timeout` if the request was sent, `error::not_sent` if not. **Cancellation**:
/// every operation honours its token's cancellation slot, with `asio::error::operation_aborted`; a
/// request that was sent may take effect all the same.
///
/// **Threads**: use a session, its copies and its watches from one thread at a time, on its
/// executor: an `io_context` that one thread runs, or a strand. Completion handlers run on their
/// associated executor, or on the session's. The `io_context` must outlive all handles, or be
/// stopped.
///
/// With g++ 12 do not write `co_await zk.async_...(..., some_struct{...})`: that compiler destroys
/// temporary aggregates of a co_await expression twice. All parameter types here have constructors.
class session {
public:
    /// Parses and checks the settings; does nothing else until `async_connect`.
    /// @throws std::invalid_argument if the settings make no sense, with a sentence that says which
    session(const boost::asio::any_io_executor& executor, const settings& chosen);

    /// Opens the session: `void(error_code)`, success once a server has accepted it. Tries all
    /// servers, again and again, until `settings::connect_timeout` or the limit of `within` has
    /// passed; the error is then what was wrong with the last server. The session is lost if this
    /// fails.
    template <class Token>
    auto async_connect(Token&& token) const {
        return initiate_plain(
            [](auto handler, auto core, auto limit) {
                detail::connect(core, limit, std::move(handler));
            },
            token
        );
    }

    /// Ends the session, behind everything that was started before: `void(error_code)`. The server
    /// removes its ephemeral nodes. With `errc::connection_loss` the server was not reached, and
    /// the session will have to expire there.
    template <class Token>
    auto async_close(Token&& token) const {
        return initiate_plain(
            [](auto handler, auto core, auto) { detail::close(core, std::move(handler)); }, token
        );
    }

    /// A handle of the same session whose operations must end within `limit` of their start.
    [[nodiscard]] session within(std::chrono::milliseconds limit) const;

    // -- nodes ------------------------------------------------------------------------------

    /// Any operation: `void(error_code, Operation::result_type)`.
    template <class Operation, class Token>
    auto async_execute(Operation what, Token&& token) const {
        return boost::asio::async_initiate<Token, signature_of<Operation>>(
            [](auto handler,
               const std::shared_ptr<session_core>& core,
               detail::time_limit limit,
               Operation operation) {
                detail::start<Operation>(core, std::move(operation), limit, std::move(handler));
            },
            token,
            core_,
            limit_,
            std::move(what)
        );
    }

    /// `void(error_code, created_node)`
    template <class Token>
    auto async_create(
        std::string_view path, data_view data, const create_options& options, Token&& token
    ) const {
        return async_execute(
            operation::create{std::string{path}, owned(data), options}, std::forward<Token>(token)
        );
    }

    template <class Token>
    auto async_create(std::string_view path, data_view data, Token&& token) const {
        return async_create(path, data, create_options{}, std::forward<Token>(token));
    }

    /// `void(error_code)`
    template <class Token>
    auto async_remove(std::string_view path, data_version version, Token&& token) const {
        return async_execute(
            operation::remove{std::string{path}, version}, std::forward<Token>(token)
        );
    }

    template <class Token>
    auto async_remove(std::string_view path, Token&& token) const {
        return async_remove(path, any_version, std::forward<Token>(token));
    }

    /// `void(error_code, std::optional<node_stat>)`: nothing if there is no such node.
    template <class Token>
    auto async_exists(std::string_view path, Token&& token) const {
        return async_execute(operation::exists{std::string{path}}, std::forward<Token>(token));
    }

    /// `void(error_code, watched<std::optional<node_stat>>)`
    template <class Token>
    auto async_exists_and_watch(std::string_view path, Token&& token) const {
        return async_execute(
            operation::exists_and_watch{std::string{path}}, std::forward<Token>(token)
        );
    }

    /// `void(error_code, node_data)`
    template <class Token>
    auto async_get(std::string_view path, Token&& token) const {
        return async_execute(operation::get{std::string{path}}, std::forward<Token>(token));
    }

    /// `void(error_code, watched<node_data>)`
    template <class Token>
    auto async_get_and_watch(std::string_view path, Token&& token) const {
        return async_execute(
            operation::get_and_watch{std::string{path}}, std::forward<Token>(token)
        );
    }

    /// `void(error_code, node_stat)`
    template <class Token>
    auto
    async_set(std::string_view path, data_view data, data_version version, Token&& token) const {
        return async_execute(
            operation::set{std::string{path}, owned(data), version}, std::forward<Token>(token)
        );
    }

    template <class Token>
    auto async_set(std::string_view path, data_view data, Token&& token) const {
        return async_set(path, data, any_version, std::forward<Token>(token));
    }

    /// `void(error_code, node_children)`
    template <class Token>
    auto async_get_children(std::string_view path, Token&& token) const {
        return async_execute(
            operation::get_children{std::string{path}}, std::forward<Token>(token)
        );
    }

    /// `void(error_code, watched<node_children>)`
    template <class Token>
    auto async_get_children_and_watch(std::string_view path, Token&& token) const {
        return async_execute(
            operation::get_children_and_watch{std::string{path}}, std::forward<Token>(token)
        );
    }

    /// `void(error_code, node_acl)`
    template <class Token>
    auto async_get_acl(std::string_view path, Token&& token) const {
        return async_execute(operation::get_acl{std::string{path}}, std::forward<Token>(token));
    }

    /// `void(error_code, node_stat)`
    template <class Token>
    auto async_set_acl(
        std::string_view path, const acl& entries, acl_version version, Token&& token
    ) const {
        return async_execute(
            operation::set_acl{std::string{path}, entries, version}, std::forward<Token>(token)
        );
    }

    template <class Token>
    auto async_set_acl(std::string_view path, const acl& entries, Token&& token) const {
        return async_set_acl(path, entries, any_acl_version, std::forward<Token>(token));
    }

    /// `void(error_code)`. Followed by a read: everything that was committed before is seen.
    template <class Token>
    auto async_sync(std::string_view path, Token&& token) const {
        return async_execute(operation::sync{std::string{path}}, std::forward<Token>(token));
    }

    /// `void(error_code, std::vector<transaction_result>)`. The results are there also on failure;
    /// `asio::as_tuple` keeps them where an exception would not.
    template <class Token>
    auto async_commit(const transaction& steps, Token&& token) const {
        return async_execute(operation::commit{steps}, std::forward<Token>(token));
    }

    /// `void(error_code, std::vector<read_result>)`, one result for each read of the batch.
    template <class Token>
    auto async_read(const read_batch& steps, Token&& token) const {
        return async_execute(operation::read{steps}, std::forward<Token>(token));
    }

    // -- watches ----------------------------------------------------------------------------

    /// `void(error_code, watch)`: a watch that stays until it is destroyed. Servers since 3.6.
    template <class Token>
    auto async_watch(std::string_view path, watch_mode mode, Token&& token) const {
        return async_execute(
            operation::add_watch{std::string{path}, mode}, std::forward<Token>(token)
        );
    }

    // -- the session and its ensemble -------------------------------------------------------

    /// Proves an identity now and after every reconnect: `void(error_code)`. A server that does not
    /// accept it ends the session: `errc::auth_failed`. Counts for all operations started later.
    template <class Token>
    auto async_add_auth(std::string_view scheme, bytes_view data, Token&& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [](auto handler, const std::shared_ptr<session_core>& core, credentials proof) {
                detail::authenticate(core, std::move(proof), std::move(handler));
            },
            token,
            core_,
            credentials{std::string{scheme}, bytes{data}}
        );
    }

    /// `void(error_code, node_data)`: the text of /zookeeper/config.
    template <class Token>
    auto async_get_config(Token&& token) const {
        return async_execute(operation::get_config{}, std::forward<Token>(token));
    }

    /// `void(error_code, node_data)`: the new configuration.
    template <class Token>
    auto async_reconfig(const reconfiguration& change, Token&& token) const {
        return async_execute(operation::reconfig{change}, std::forward<Token>(token));
    }

    /// `void(error_code, std::vector<identity>)`
    template <class Token>
    auto async_who_am_i(Token&& token) const {
        return async_execute(operation::who_am_i{}, std::forward<Token>(token));
    }

    /// `void(error_code, std::vector<std::string>)`
    template <class Token>
    auto async_get_ephemerals(std::string_view prefix, Token&& token) const {
        return async_execute(
            operation::get_ephemerals{std::string{prefix}}, std::forward<Token>(token)
        );
    }

    /// `void(error_code, std::int32_t)`
    template <class Token>
    auto async_get_all_children_number(std::string_view path, Token&& token) const {
        return async_execute(
            operation::get_all_children_number{std::string{path}}, std::forward<Token>(token)
        );
    }

    /// The states that follow the present one.
    [[nodiscard]] state_watch watch_state() const;

    /// The state at this moment: `lost` as soon as a server could have ended the session, even if
    /// that has not been told to anybody yet. Whoever has
    /// seen `lost` never sees anything else again.
    [[nodiscard]] session_state state() const;

    /// Until when, by this process's own clock, no server can have ended the session by itself,
    /// but for what `settings::deadline_margin` says. Moves on with every answer. Nothing before
    /// the first connection, on a read-only server, and when lost.
    [[nodiscard]] std::optional<session_clock::time_point> valid_until() const;

    /// Why the session was lost; empty before.
    [[nodiscard]] boost::system::error_code lost_reason() const;

    /// What went wrong with the last server that was dialled or lost, for a message to a person.
    [[nodiscard]] boost::system::error_code last_connection_error() const;

    /// Lets another process continue this session (`settings::resume`). Id 0 before the first
    /// connection.
    [[nodiscard]] session_key key() const;

    /// What the server has granted.
    [[nodiscard]] std::chrono::milliseconds timeout() const;

    /// The newest transaction that any reply has told of.
    [[nodiscard]] zxid last_zxid() const;

    /// The server of the present connection; empty while there is none.
    [[nodiscard]] std::optional<server_address> server() const;

    [[nodiscard]] boost::asio::any_io_executor get_executor() const;

private:
    static std::optional<bytes> owned(data_view data) {
        return data ? std::optional<bytes>{*data} : std::nullopt;
    }

    template <class Initiation, class Token>
    auto initiate_plain(Initiation initiation, Token& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            std::move(initiation), token, core_, limit_
        );
    }

    std::shared_ptr<session_core> core_;
    detail::time_limit limit_;
};

} // namespace conclave::client

/// Who is there.
#pragma once

#include <conclave/recipes/ownership.hpp>

#include <vector>

namespace conclave::recipes {

/// One that has joined a group.
struct group_member {
    std::string id;
    bytes data;     ///< what it tells about itself
    zxid joined_at; ///< larger for who came later

    friend bool operator==(const group_member&, const group_member&) = default;
};

namespace detail {

struct group_place;
struct roster;

using member_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, ownership)>;
using members_handler =
    boost::asio::any_completion_handler<void(boost::system::error_code, std::vector<group_member>)>;

void join(
    std::shared_ptr<const group_place> to, std::string id, bytes data, member_handler handler
);
void list_members(std::shared_ptr<const group_place> of, members_handler handler);
std::shared_ptr<roster> make_roster(std::shared_ptr<const group_place> of);
void next_members(std::shared_ptr<roster> from, members_handler handler);

} // namespace detail

/// The members of a group as they come and go.
class group_view {
public:
    explicit group_view(std::shared_ptr<detail::roster> from) : roster_(std::move(from)) {}

    /// `void(error_code, std::vector<group_member>)`: who is there now at the first call, later
    /// whenever others are there than were told last; in the order of their ids. Several changes
    /// may be told as one. Data that a member changes are not looked for. At most one call at a
    /// time. Ends with the session; everything else goes on across reconnects.
    template <class Token>
    auto async_next(Token&& token) {
        return boost::asio::
            async_initiate<Token, void(boost::system::error_code, std::vector<group_member>)>(
                [](auto handler, std::shared_ptr<detail::roster> from) {
                    detail::next_members(std::move(from), std::move(handler));
                },
                token,
                roster_
            );
    }

    [[nodiscard]] boost::asio::any_io_executor get_executor() const;

private:
    std::shared_ptr<detail::roster> roster_;
};

/// A group: each member is an ephemeral node, named by its id, with data of its own. A member is
/// there until it leaves or its session ends.
///
/// A program that was cut off still believes that it is a member until its session's deadline
/// (`ownership::is_held`), and others believe so until the session has expired at the server: two
/// views of a group agree in the end, not at each moment.
///
/// The path is made if it is missing. Works together with Curator's GroupMember. **Threads**: as
/// for the session.
class group {
public:
    group(const client::session& zk, std::string path);

    /// Joins: `void(error_code, ownership)`. The membership ends when the ownership is released or
    /// destroyed. Waits while another session has the same id, such as that of an earlier run of
    /// the same program that has not expired yet. Cancelled, it has not joined.
    template <class Token>
    auto async_join(std::string_view id, bytes_view data, Token&& token) const {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, ownership)>(
            [](auto handler,
               std::shared_ptr<const detail::group_place> to,
               std::string name,
               bytes content) {
                detail::join(
                    std::move(to), std::move(name), std::move(content), std::move(handler)
                );
            },
            token,
            place_,
            std::string{id},
            bytes{data}
        );
    }

    /// `void(error_code, std::vector<group_member>)`, in the order of their ids.
    template <class Token>
    auto async_members(Token&& token) const {
        return boost::asio::
            async_initiate<Token, void(boost::system::error_code, std::vector<group_member>)>(
                [](auto handler, std::shared_ptr<const detail::group_place> of) {
                    detail::list_members(std::move(of), std::move(handler));
                },
                token,
                place_
            );
    }

    /// Tells the members, and whenever they change.
    [[nodiscard]] group_view watch() const { return group_view{detail::make_roster(place_)}; }

    [[nodiscard]] boost::asio::any_io_executor get_executor() const;

private:
    std::shared_ptr<const detail::group_place> place_;
};

} // namespace conclave::recipes

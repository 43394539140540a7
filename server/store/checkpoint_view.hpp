/// The tables as they were at one commit, for who reads them beside the server.
#pragma once

#include "server/store/checkpoint_settings.hpp"
#include "server/store/store_error.hpp"
#include "server/tree/tables.hpp"

#include <conclave/result.hpp>

#include <memory>

namespace conclave::store {

class checkpoint_reader;
class environment;

/// A reading transaction of its own, as a snapshot stream has one: commits go on meanwhile and do
/// not show, and the file grows by them. One thread at a time, any thread.
class checkpoint_view {
public:
    [[nodiscard]] static result<std::unique_ptr<checkpoint_view>, store_error>
    begin(environment& in, const checkpoint_settings& settings);

    checkpoint_view(const checkpoint_view&) = delete;
    checkpoint_view& operator=(const checkpoint_view&) = delete;
    ~checkpoint_view();

    /// Never to be refreshed. Damage that shows while reading is thrown as `tree::corrupt_state`.
    [[nodiscard]] tree::table_reader& tables();

    /// Unmaps what reading has mapped, if it is much.
    void trim();

private:
    checkpoint_view(environment& in, std::unique_ptr<checkpoint_reader> reader);

    environment& environment_;
    std::unique_ptr<checkpoint_reader> reader_;
};

} // namespace conclave::store

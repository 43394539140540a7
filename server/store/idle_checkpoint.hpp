/// A checkpoint that no server works on, opened to be looked at.
#pragma once

#include "server/store/store_error.hpp"
#include "server/tree/tables.hpp"

#include <conclave/result.hpp>

#include <filesystem>
#include <memory>

namespace conclave::store {

class checkpoint_reader;
class environment;

/// Reads the tables and changes nothing, not even a lock file. The caller sees to it that nobody
/// writes meanwhile.
///
/// A file that lacks its end may be in order, which only shows once it is lengthened: then a copy
/// of it in a directory of its own below `scratch` is looked at, which goes with this object.
class idle_checkpoint {
public:
    [[nodiscard]] static result<std::unique_ptr<idle_checkpoint>, store_error>
    open(const std::filesystem::path& directory, const std::filesystem::path& scratch);

    idle_checkpoint(const idle_checkpoint&) = delete;
    idle_checkpoint& operator=(const idle_checkpoint&) = delete;
    ~idle_checkpoint();

    /// Damage that shows while reading is thrown as `tree::corrupt_state`.
    [[nodiscard]] tree::table_reader& tables();

    /// Octets of the file in use.
    [[nodiscard]] std::size_t used_size() const;

    /// Unmaps what reading has mapped, if it is much.
    void trim();

private:
    idle_checkpoint();

    std::filesystem::path copy_; ///< empty: the original is read
    std::unique_ptr<environment> environment_;
    std::unique_ptr<checkpoint_reader> reader_;
};

} // namespace conclave::store

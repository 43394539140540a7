/// A data directory with which a server starts in a given state, instead of with nothing.
#pragma once

#include "server/log/data_directory.hpp"
#include "server/maintenance/data_place.hpp"
#include "server/zab/entry.hpp"

#include <conclave/result.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace conclave::maintenance {

/// Makes the folders, an identity of its own, the log and the checkpoint, in an order in which a
/// crash leaves something that no server takes for whole. What is not finished is removed.
///
/// The checkpoint is built by somebody else at `checkpoint_path`, and closed before `finish`.
class founding {
public:
    /// Takes the data directory, which must hold nothing of Conclave's.
    /// @return a sentence if it does, or cannot be used
    [[nodiscard]] static result<std::unique_ptr<founding>, std::string>
    begin(txnlog::file_system& files, const data_place& where);

    founding(const founding&) = delete;
    founding& operator=(const founding&) = delete;
    ~founding();

    [[nodiscard]] const std::filesystem::path& checkpoint_path() const { return building_; }

    /// The history goes on behind `last`, in an epoch above `promised`.
    [[nodiscard]] result<void, std::string> finish(zxid last, epoch promised);

    /// Random, for whatever needs to be.
    [[nodiscard]] static std::uint64_t draw_number();

private:
    founding(txnlog::file_system& files, txnlog::data_directory taken);

    [[nodiscard]] result<void, std::string> write_log(zxid last, epoch promised);

    txnlog::file_system& files_;
    txnlog::data_directory directory_;
    std::filesystem::path building_;
    bool is_finished_ = false;
};

} // namespace conclave::maintenance

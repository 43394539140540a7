/// What the admin endpoint's backups are made of: the checkpoint and the log of a running server.
#pragma once

#include "server/admin/backup_port.hpp"
#include "server/replica/replica.hpp"
#include "server/storage.hpp"

namespace conclave {

/// Both must outlive what the port opens, and the port.
[[nodiscard]] admin::backup_port make_backup_port(storage& disk, replica::replica& server);

} // namespace conclave

/// What each command runs. Usage and meaning: `client/shell/command_table.cpp`.
#pragma once

#include "client/shell/arguments.hpp"
#include "client/shell/shell.hpp"

namespace conclave::shell::commands {

// nodes.cpp
outcome<> create(shell& in, const arguments& given);
outcome<> get(shell& in, const arguments& given);
outcome<> set(shell& in, const arguments& given);
outcome<> remove(shell& in, const arguments& given);
outcome<> stat(shell& in, const arguments& given);
outcome<> sync(shell& in, const arguments& given);

// listing.cpp
outcome<> ls(shell& in, const arguments& given);
outcome<> get_all_children_number(shell& in, const arguments& given);
outcome<> get_ephemerals(shell& in, const arguments& given);

// access.cpp
outcome<> get_acl(shell& in, const arguments& given);
outcome<> set_acl(shell& in, const arguments& given);
outcome<> add_auth(shell& in, const arguments& given);
outcome<> who_am_i(shell& in, const arguments& given);

// quotas.cpp
outcome<> set_quota(shell& in, const arguments& given);
outcome<> list_quota(shell& in, const arguments& given);
outcome<> remove_quota(shell& in, const arguments& given);

// watches.cpp
outcome<> add_watch(shell& in, const arguments& given);
outcome<> remove_watches(shell& in, const arguments& given);
outcome<> print_watches(shell& in, const arguments& given);

// ensemble.cpp
outcome<> config(shell& in, const arguments& given);
outcome<> reconfig(shell& in, const arguments& given);

// session.cpp
outcome<> close(shell& in, const arguments& given);
outcome<> connect(shell& in, const arguments& given);
outcome<> history(shell& in, const arguments& given);
outcome<> redo(shell& in, const arguments& given);
outcome<> quit(shell& in, const arguments& given);
outcome<> version(shell& in, const arguments& given);
outcome<> help(shell& in, const arguments& given);

// deletion.cpp
outcome<> delete_all(shell& in, const arguments& given);

// tree.cpp
outcome<> tree(shell& in, const arguments& given);
outcome<> find(shell& in, const arguments& given);

// copying.cpp
outcome<> copy(shell& in, const arguments& given);
outcome<> move(shell& in, const arguments& given);
outcome<> rm(shell& in, const arguments& given);

// transfer.cpp
outcome<> export_subtree(shell& in, const arguments& given);
outcome<> import_subtree(shell& in, const arguments& given);

// ownership.cpp
outcome<> lock(shell& in, const arguments& given);
outcome<> elect(shell& in, const arguments& given);

// editing.cpp
outcome<> edit(shell& in, const arguments& given);

// comparing.cpp
outcome<> diff(shell& in, const arguments& given);

// watching.cpp
outcome<> watch(shell& in, const arguments& given);

// status.cpp
outcome<> status(shell& in, const arguments& given);

// why.cpp
outcome<> why(shell& in, const arguments& given);

// bench.cpp
outcome<> bench(shell& in, const arguments& given);

} // namespace conclave::shell::commands

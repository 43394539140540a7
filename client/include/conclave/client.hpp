/// The client library of Conclave, for Conclave and ZooKeeper servers. Start at
/// `conclave::client::session`.
#pragma once

#include <conclave/client/error.hpp>
#include <conclave/client/node.hpp>
#include <conclave/client/operation.hpp>
#include <conclave/client/session.hpp>
#include <conclave/client/session_state.hpp>
#include <conclave/client/settings.hpp>
#include <conclave/client/transaction.hpp>
#include <conclave/client/watch.hpp>

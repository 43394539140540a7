/// What programs build on a session: each recipe is one header, and this is all of them.
#pragma once

#include <conclave/recipes/barrier.hpp>
#include <conclave/recipes/double_barrier.hpp>
#include <conclave/recipes/error.hpp>
#include <conclave/recipes/group.hpp>
#include <conclave/recipes/hash_ring.hpp>
#include <conclave/recipes/leader_election.hpp>
#include <conclave/recipes/leader_latch.hpp>
#include <conclave/recipes/lock.hpp>
#include <conclave/recipes/node_cache.hpp>
#include <conclave/recipes/ownership.hpp>
#include <conclave/recipes/partitioner.hpp>
#include <conclave/recipes/queue.hpp>
#include <conclave/recipes/read_write_lock.hpp>
#include <conclave/recipes/semaphore.hpp>
#include <conclave/recipes/service_discovery.hpp>
#include <conclave/recipes/shared_value.hpp>
#include <conclave/recipes/tree_cache.hpp>

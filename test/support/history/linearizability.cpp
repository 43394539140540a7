#include "test/support/history/linearizability.hpp"

#include "test/support/history/linearization_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

namespace conclave::history {

namespace {

constexpr instant forever = std::numeric_limits<instant>::max();

/// Numbers for texts, from 1; 0 stands for what nobody reads.
class text_numbers {
public:
    std::uint32_t operator[](const std::string& text) {
        return numbers_.try_emplace(text, static_cast<std::uint32_t>(numbers_.size() + 1))
            .first->second;
    }

    [[nodiscard]] std::string text_of(std::uint32_t number) const {
        for (const auto& [text, each] : numbers_) {
            if (each == number) {
                return text;
            }
        }
        return {};
    }

    [[nodiscard]] bool contains(const std::string& text) const { return numbers_.contains(text); }

private:
    std::map<std::string, std::uint32_t> numbers_;
};

/// What concerns one node, as input of the search and as what it came from.
struct node_history {
    node_state initial;
    std::vector<timed_step> steps;
    std::vector<const operation*> sources; ///< of each step; nullptr for the end of a session
    text_numbers values;
    text_numbers owners;
};

bool ends_in_number(const std::string& path, const std::string& prefix) {
    constexpr std::size_t digit_count = 10;
    return path.size() == prefix.size() + digit_count && path.starts_with(prefix) &&
           std::ranges::all_of(path.substr(prefix.size()), [](char each) {
               return each >= '0' && each <= '9';
           });
}

/// Which operations may concern which node.
std::map<std::string, std::vector<const operation*>> by_node(const history& seen) {
    std::map<std::string, std::vector<const operation*>> found;
    std::vector<const operation*> lost; // sequential creates of unknown outcome: any number
    for (const operation& each : seen.operations) {
        if (each.kind == operation_kind::sync || each.kind == operation_kind::read) {
            continue;
        }
        if (each.kind != operation_kind::create_sequential) {
            found[each.path].push_back(&each);
        } else if (each.ended == outcome::succeeded) {
            found[each.created_path].push_back(&each);
        } else if (each.ended == outcome::unknown) {
            lost.push_back(&each);
        }
    }
    for (const auto& [path, initial] : seen.initial) {
        found.try_emplace(path);
    }
    for (auto& [path, operations] : found) {
        for (const operation* each : lost) {
            if (ends_in_number(path, each->path)) {
                operations.push_back(each);
            }
        }
    }
    return found;
}

step_kind step_of(operation_kind kind) {
    switch (kind) {
    case operation_kind::write:
        return step_kind::write;
    case operation_kind::create:
    case operation_kind::create_sequential:
        return step_kind::create;
    case operation_kind::remove:
        return step_kind::remove;
    case operation_kind::read:
    case operation_kind::synced_read:
    case operation_kind::sync:
        break;
    }
    return step_kind::observe;
}

bool tells_something(const operation& what) {
    const bool is_lost_read = is_read(what.kind) && what.ended == outcome::unknown;
    const bool is_void = what.ended == outcome::failed && what.error == failure::other;
    // no_node of a create speaks of the parent
    const bool is_of_parent = what.ended == outcome::failed && what.error == failure::no_node &&
                              step_of(what.kind) == step_kind::create;
    return !is_lost_read && !is_void && !is_of_parent;
}

timed_step prepare(const operation& what, node_history& into) {
    timed_step step;
    step.invoked = what.invoked;
    step.completed = what.ended == outcome::unknown ? forever : what.completed;
    step.what.kind = step_of(what.kind);
    step.what.ended = what.ended;
    step.what.error = what.error;
    step.what.expected_version = what.expected_version;
    step.what.version = what.version;
    if (what.value && (is_read(what.kind) || into.values.contains(*what.value))) {
        step.what.value = into.values[*what.value];
    }
    if (what.is_ephemeral) {
        step.what.owner = into.owners[what.session];
    }
    return step;
}

/// The end of a session that owned a node, possible at any time since.
void add_session_ends(node_history& to) {
    std::map<std::string, instant> owners;
    for (const operation* each : to.sources) {
        if (each->is_ephemeral && each->ended != outcome::failed) {
            const auto at = owners.try_emplace(each->session, each->invoked).first;
            at->second = std::min(at->second, each->invoked);
        }
    }
    for (const auto& [session, since] : owners) {
        timed_step end;
        end.invoked = since;
        end.completed = forever;
        end.what.kind = step_kind::end_session;
        end.what.ended = outcome::unknown;
        end.what.owner = to.owners[session];
        to.steps.push_back(end);
        to.sources.push_back(nullptr);
    }
}

node_history prepare(
    const history& seen, const std::string& path, const std::vector<const operation*>& operations
) {
    node_history node;
    // Values that somebody read get numbers first: all others are alike.
    for (const operation* each : operations) {
        if (is_read(each->kind) && each->value) {
            static_cast<void>(node.values[*each->value]);
        }
    }
    if (const auto found = seen.initial.find(path); found != seen.initial.end()) {
        node.initial = {true, found->second.version, node.values[found->second.value], 0};
    }
    for (const operation* each : operations) {
        if (tells_something(*each)) {
            node.steps.push_back(prepare(*each, node));
            node.sources.push_back(each);
        }
    }
    add_session_ends(node);
    return node;
}

/// The history up to and including `end`: what is not answered by then has an unknown outcome.
/// `kept` gets the index in `of` of each step.
std::vector<timed_step>
cut(const std::vector<timed_step>& of, instant end, std::vector<std::size_t>& kept) {
    std::vector<timed_step> steps;
    kept.clear();
    for (std::size_t index = 0; index < of.size(); ++index) {
        timed_step step = of[index];
        if (step.invoked > end) {
            continue;
        }
        if (step.completed > end && step.what.ended != outcome::unknown) {
            if (step.what.kind == step_kind::observe || step.what.ended == outcome::failed) {
                continue;
            }
            step.what.ended = outcome::unknown;
            step.what.version.reset();
            step.completed = forever;
        }
        steps.push_back(step);
        kept.push_back(index);
    }
    return steps;
}

std::string describe(const node_state& state, const node_history& node) {
    if (!state.exists) {
        return "no node";
    }
    const std::string value = node.values.text_of(state.value);
    return fmt::format(
        "version {}, value {}",
        state.version,
        state.value == 0 ? "that nobody read" : "\"" + value + "\""
    );
}

std::string describe_step(const node_history& node, std::size_t index) {
    const operation* source = node.sources[index];
    return source != nullptr ? describe(*source) : std::string{"the owner's session ended"};
}

/// How many operations of the order that still worked an explanation shows.
constexpr std::size_t shown_count = 8;

std::string
explain(const std::string& path, const node_history& node, const search_limits& limits) {
    std::vector<instant> ends;
    for (const timed_step& each : node.steps) {
        if (each.what.ended != outcome::unknown) {
            ends.push_back(each.completed);
        }
    }
    std::ranges::sort(ends);
    std::vector<std::size_t> kept;
    // The first end up to which there is no order. If a search is given up, the beginning shown is
    // longer than need be.
    const auto first = std::ranges::partition_point(ends, [&](instant end) {
        return find_linearization(cut(node.steps, end, kept), node.initial, limits.step_count_max)
                   .result != search_result::impossible;
    });
    if (first == ends.end()) {
        return fmt::format("{}: no order explains its operations", path);
    }
    std::string text = fmt::format(
        "{}: no order explains what was answered up to time {}. It ends with\n", path, *first
    );
    for (std::size_t index = 0; index < node.steps.size(); ++index) {
        if (node.steps[index].completed == *first && node.sources[index] != nullptr) {
            text += "    " + describe_step(node, index) + "\n";
        }
    }
    const auto before =
        find_linearization(cut(node.steps, *first - 1, kept), node.initial, limits.step_count_max);
    text += "  All before that could have happened in this order:\n";
    const std::size_t hidden =
        before.order.size() > shown_count ? before.order.size() - shown_count : 0;
    if (hidden > 0) {
        text += fmt::format("    ({} operations)\n", hidden);
    }
    for (std::size_t index = hidden; index < before.order.size(); ++index) {
        text += "    " + describe_step(node, kept[before.order[index]]) + "\n";
    }
    return text + "  which leaves " + describe(before.last, node);
}

/// Sequential creates below one name: whoever was answered before another asked has the lower
/// number.
void check_numbers(std::vector<const operation*> creates, report& to) {
    std::ranges::sort(creates, {}, [](const operation* each) { return each->invoked; });
    std::vector<const operation*> by_end = creates;
    std::ranges::sort(by_end, {}, [](const operation* each) { return each->completed; });
    const operation* highest = nullptr;
    std::set<std::string> names;
    auto ended = by_end.begin();
    for (const operation* each : creates) {
        for (; ended != by_end.end() && (*ended)->completed < each->invoked; ++ended) {
            if (highest == nullptr || highest->created_path < (*ended)->created_path) {
                highest = *ended;
            }
        }
        if (highest != nullptr && each->created_path <= highest->created_path) {
            to.add(
                verdict::violated,
                fmt::format(
                    "{}: a later sequential node has no higher number\n    {}\n    {}",
                    each->path,
                    describe(*highest),
                    describe(*each)
                )
            );
        } else if (!names.insert(each->created_path).second) {
            to.add(verdict::violated, fmt::format("{}: given twice", describe(*each)));
        }
    }
}

} // namespace

report check_linearizability(const history& seen, const search_limits& limits) {
    report result;
    for (const auto& [path, operations] : by_node(seen)) {
        const node_history node = prepare(seen, path, operations);
        switch (find_linearization(node.steps, node.initial, limits.step_count_max).result) {
        case search_result::found:
            break;
        case search_result::impossible:
            result.add(verdict::violated, explain(path, node, limits));
            break;
        case search_result::gave_up:
            result.add(
                verdict::undecided,
                fmt::format(
                    "{}: undecided after {} attempts to place its {} operations",
                    path,
                    limits.step_count_max,
                    node.steps.size()
                )
            );
            break;
        }
    }
    std::map<std::string, std::vector<const operation*>> sequential;
    for (const operation& each : seen.operations) {
        if (each.kind == operation_kind::create_sequential && each.ended == outcome::succeeded) {
            sequential[each.path].push_back(&each);
        }
    }
    for (const auto& [path, creates] : sequential) {
        check_numbers(creates, result);
    }
    return result;
}

} // namespace conclave::history

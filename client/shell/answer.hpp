/// What commands answer, before anybody has decided how that looks.
#pragma once

#include <conclave/client/node.hpp>
#include <conclave/client/watch_event.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace conclave::shell {

namespace answer {

struct created {
    std::string path;
};

enum class data_form : std::uint8_t {
    text,
    base64,
    hex_dump,
    raw, ///< the bytes and nothing else, not even the end of a line
};

struct node_value {
    std::string path;
    bytes data;
    bool is_null = false;
    data_form form = data_form::text;
    std::optional<client::node_stat> stat;
};

struct node_status {
    std::string path;
    client::node_stat stat;
};

/// Names or paths on one line, as `ls` and `getEphemerals` show them. Sorted.
struct name_list {
    std::vector<std::string> names;
    std::optional<client::node_stat> stat;
};

/// One of many nodes that are found one after the other: a line of its own.
struct found_path {
    std::string path;
};

/// A node in a drawing of a tree.
struct tree_node {
    std::string path;
    std::string branch; ///< what is drawn before the name
    std::string name;
    std::string remark; ///< behind the name: data, number of children
    std::int32_t child_count = 0;
};

struct access_list {
    client::acl entries;
    std::optional<client::node_stat> stat;
};

struct number {
    std::string_view name; ///< of the figure, for JSON: "child_count"
    std::int64_t value = 0;
};

struct identities {
    std::vector<identity> who;
};

struct quota_report {
    std::string path;
    std::string limits_path;
    std::optional<std::string> limits; ///< as stored; none: no quota
    std::string use;
};

/// A text that the server or the program has whole, such as the configuration of the ensemble.
struct named_text {
    std::string_view name; ///< for JSON: "configuration"
    std::string text;
    std::optional<client::node_stat> stat;
};

/// Something was done; silent unless it is worth a sentence.
struct done {
    std::string sentence; ///< may be empty
};

/// Lines of equal shape. Column names are those of the fields in JSON.
struct table {
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
};

/// One line of a comparison: '<' only on the left, '>' only on the right, '!' different.
struct difference {
    char side = '!';
    std::string path;
    std::string what;
};

/// What a watch has told.
struct event {
    client::watch_event what;
};

} // namespace answer

using any_answer = std::variant<
    answer::created,
    answer::node_value,
    answer::node_status,
    answer::name_list,
    answer::found_path,
    answer::tree_node,
    answer::access_list,
    answer::number,
    answer::identities,
    answer::quota_report,
    answer::named_text,
    answer::done,
    answer::table,
    answer::difference,
    answer::event>;

} // namespace conclave::shell

#include "test/simulation/model.hpp"

#include "conclave/path.hpp"

namespace conclave::simulation {

namespace {

model_node reserved(std::int32_t children, std::int32_t cversion, std::int32_t aversion) {
    model_node node;
    node.data = "";
    node.about.num_children = children;
    node.about.cversion = cversion;
    node.about.aversion = aversion;
    return node;
}

} // namespace

model::model() {
    nodes_["/"] = reserved(1, -1, 0);
    nodes_["/zookeeper"] = reserved(2, -2, 0);
    nodes_["/zookeeper/config"] = reserved(0, 0, -1);
    nodes_["/zookeeper/quota"] = reserved(0, 0, 0);
}

const model_node* model::find(const bytes& path) const {
    const auto at = nodes_.find(path);
    return at == nodes_.end() ? nullptr : &at->second;
}

std::set<bytes> model::children_of(const bytes& path) const {
    std::set<bytes> names;
    for (const auto& [each, node] : nodes_) {
        if (each != "/" && path::parent_of(each) == path) {
            names.emplace(path::name_of(each));
        }
    }
    return names;
}

void model::create(const tree::create_node& what, std::int64_t time_ms) {
    model_node node;
    node.data = what.data;
    node.owner = what.owner;
    node.about.czxid = node.about.mzxid = node.about.pzxid = at_;
    node.about.ctime_ms = node.about.mtime_ms = time_ms;
    node.about.data_length = static_cast<std::int32_t>(what.data ? what.data->size() : 0);
    node.about.ephemeral_owner = session_id{what.owner > 0 ? what.owner : 0};
    nodes_[what.path] = node;
    const bytes parent{path::parent_of(what.path)};
    model_node& above = nodes_.at(parent);
    above.child_counter = what.parent_child_counter;
    ++above.about.num_children;
    ++above.about.cversion;
    above.about.pzxid = at_;
    data_triggers_[what.path] = at_;
    child_triggers_[parent] = at_;
}

void model::remove(const bytes& path) {
    if (nodes_.erase(path) == 0) {
        return;
    }
    const bytes parent{path::parent_of(path)};
    model_node& above = nodes_.at(parent);
    --above.about.num_children;
    ++above.about.cversion;
    above.about.pzxid = at_;
    data_triggers_[path] = at_;
    child_triggers_[path] = at_;
    child_triggers_[parent] = at_;
}

void model::apply(zxid at, std::int64_t time_ms, const replica::transaction& what) {
    at_ = at;
    if (const auto* changes = std::get_if<replica::tree_changes>(&what.what)) {
        for (const tree::change& change : changes->changes) {
            if (const auto* created = std::get_if<tree::create_node>(&change)) {
                create(*created, time_ms);
            } else if (const auto* removed = std::get_if<tree::delete_node>(&change)) {
                remove(removed->path);
            } else if (const auto* set = std::get_if<tree::set_data>(&change)) {
                model_node& node = nodes_.at(set->path);
                node.data = set->data;
                node.about.data_length =
                    static_cast<std::int32_t>(set->data ? set->data->size() : 0);
                node.about.version = set->version;
                node.about.mzxid = at;
                node.about.mtime_ms = time_ms;
                data_triggers_[set->path] = at;
            } else if (const auto* guarded = std::get_if<tree::set_acl>(&change)) {
                nodes_.at(guarded->path).about.aversion = guarded->aversion;
            }
        }
    } else if (const auto* opened = std::get_if<replica::open_session>(&what.what)) {
        sessions_.insert(opened->id);
    } else if (const auto* closed = std::get_if<replica::close_session>(&what.what)) {
        for (const bytes& path : closed->ephemerals) {
            remove(path);
        }
        sessions_.erase(closed->id);
    }
}

zxid model::last_data_trigger(const bytes& path) const {
    const auto at = data_triggers_.find(path);
    return at == data_triggers_.end() ? zxid{} : at->second;
}

zxid model::last_child_trigger(const bytes& path) const {
    const auto at = child_triggers_.find(path);
    return at == child_triggers_.end() ? zxid{} : at->second;
}

} // namespace conclave::simulation

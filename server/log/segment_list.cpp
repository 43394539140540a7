#include "server/log/segment_list.hpp"

#include "server/log/recovery_text.hpp"

namespace conclave::txnlog {

namespace {

/// Fills a list; each step returns false once the outcome is settled.
class segment_listing {
public:
    segment_listing(
        file_system& files, const std::string& directory, const std::optional<unique_id>& storage
    )
        : files_(files), directory_(directory), storage_(storage) {}

    segment_list run() {
        if (find_names()) {
            for (segment_info& info : list_.segments) {
                list_.heads.emplace_back();
                if (!read_head(info, list_.heads.back())) {
                    break;
                }
            }
            look_for_newer();
        }
        return std::move(list_);
    }

private:
    bool find_names() {
        io_result<std::vector<std::string>> names = files_.list(directory_);
        if (!names) {
            return names.error() == std::errc::no_such_file_or_directory
                       ? true
                       : unreadable(directory_, names.error());
        }
        for (std::string& entry : *names) {
            if (const std::optional<std::uint64_t> sequence = parse_segment_name(entry)) {
                segment_info info;
                info.file = std::move(entry);
                info.first_sequence = *sequence;
                list_.segments.push_back(std::move(info));
            }
        }
        return true;
    }

    /// While a log is written, its next segment may come after the names were listed.
    void look_for_newer() {
        if (list_.segments.empty() || !list_.segments.back().next_first_sequence) {
            return;
        }
        std::optional<std::uint64_t>& next = list_.segments.back().next_first_sequence;
        if (files_.open(join_path(directory_, segment_name(*next)), open_mode::read)) {
            next.reset();
        }
    }

    bool read_head(segment_info& info, std::optional<segment_head>& found) {
        const std::string path = join_path(directory_, info.file);
        const io_result<std::unique_ptr<file>> source = files_.open(path, open_mode::read);
        if (!source) {
            return unreadable(path, source.error());
        }
        const io_result<std::uint64_t> size = (*source)->size();
        if (!size) {
            return unreadable(path, size.error());
        }
        info.size = *size;
        for (std::uint64_t copy = 0; copy < segment_head_copies && !found; ++copy) {
            if (!read_copy(**source, copy, info, found)) {
                list_.explanation = list_.outcome == verdict::newer_format
                                        ? explain_newer_format(path)
                                        : explain_foreign(path);
                return false;
            }
        }
        if (found) {
            read_seal(**source, info);
        }
        return true;
    }

    /// A seal that cannot be read says nothing: it only matters when the next file is lost as well.
    static void read_seal(file& source, segment_info& info) {
        bytes buffer;
        const io_result<bytes_view> octets =
            source.read_at(segment_seal_offset, segment_seal_size, buffer);
        const std::optional<segment_seal> seal =
            octets ? decode_segment_seal(*octets, segment_mark(info.segment)) : std::nullopt;
        if (seal) {
            info.next_first_sequence = seal->next_first_sequence;
        }
    }

    bool read_copy(
        file& source, std::uint64_t copy, segment_info& info, std::optional<segment_head>& found
    ) {
        segment_head head;
        const head_state state = read_head_copy(source, copy, info.first_sequence, head);
        if (state == head_state::newer_format) {
            list_.outcome = verdict::newer_format;
            return false;
        }
        if (state == head_state::damaged) {
            return true;
        }
        if (storage_ && head.storage != *storage_) {
            list_.outcome = verdict::foreign;
            return false;
        }
        info.intact_head = true;
        info.base = head.base;
        info.segment = head.segment;
        info.head_payload = head.payload;
        found = std::move(head);
        return true;
    }

    bool unreadable(const std::string& path, std::error_code error) {
        list_.outcome = verdict::unreadable;
        list_.error = error;
        list_.explanation = explain_unreadable(path, error);
        return false;
    }

    file_system& files_;
    const std::string& directory_;
    const std::optional<unique_id>& storage_;
    segment_list list_;
};

} // namespace

head_state
read_head_copy(file& source, std::uint64_t copy, std::uint64_t first_sequence, segment_head& head) {
    bytes buffer;
    const io_result<bytes_view> octets =
        source.read_at(copy * segment_head_size, segment_head_size, buffer);
    segment_head read;
    const head_state state = octets ? decode_segment_head(*octets, read) : head_state::damaged;
    if (state == head_state::valid && read.first_sequence != first_sequence) {
        return head_state::damaged;
    }
    if (state == head_state::valid) {
        head = std::move(read);
    }
    return state;
}

segment_list list_segments(
    file_system& files, const std::string& directory, const std::optional<unique_id>& storage
) {
    return segment_listing{files, directory, storage}.run();
}

} // namespace conclave::txnlog

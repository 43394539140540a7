#include "server/store/checkpoint_view.hpp"

#include "server/store/checkpoint_reader.hpp"
#include "server/store/environment.hpp"

namespace conclave::store {

checkpoint_view::checkpoint_view(environment& in, std::unique_ptr<checkpoint_reader> reader)
    : environment_(in), reader_(std::move(reader)) {
    ++environment_.use().stream_count;
}

checkpoint_view::~checkpoint_view() {
    reader_.reset(); // before the count says that the environment may be reopened
    --environment_.use().stream_count;
}

result<std::unique_ptr<checkpoint_view>, store_error>
checkpoint_view::begin(environment& in, const checkpoint_settings& settings) {
    auto reader = std::make_unique<checkpoint_reader>(in, settings);
    if (auto begun = reader->begin(); !begun) {
        return unexpected{begun.error()};
    }
    return std::unique_ptr<checkpoint_view>{new checkpoint_view{in, std::move(reader)}};
}

tree::table_reader& checkpoint_view::tables() {
    return *reader_;
}

void checkpoint_view::trim() {
    reader_->trim_resident(checkpoint_settings{}.resident_size_max);
}

} // namespace conclave::store

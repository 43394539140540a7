/// Writes the text format of Prometheus, version 0.0.4.
#pragma once

#include "server/replica/latency_histogram.hpp"

#include <conclave/types.hpp>

#include <initializer_list>
#include <utility>

namespace conclave::admin {

/// A family at a time: its head, then its samples. Label values are escaped; names must be valid.
class exposition {
public:
    using labels = std::initializer_list<std::pair<bytes_view, bytes_view>>;

    void head(bytes_view name, bytes_view type, bytes_view help);
    void sample(bytes_view name, labels with, double value);
    void sample(bytes_view name, labels with, std::int64_t value);

    /// A family of one sample without labels.
    void single(bytes_view name, bytes_view type, bytes_view help, double value);
    void single(bytes_view name, bytes_view type, bytes_view help, std::int64_t value);

    /// The samples of a histogram in seconds, from 100 us to 10 s. At most one label.
    void histogram(
        bytes_view name,
        std::pair<bytes_view, bytes_view> with,
        const replica::latency_histogram& of
    );

    [[nodiscard]] bytes take() { return std::move(text_); }

private:
    void begin_sample(bytes_view name, labels with);

    bytes text_;
};

} // namespace conclave::admin

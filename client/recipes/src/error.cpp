#include "conclave/recipes/error.hpp"

#include <string>

namespace conclave::recipes {

namespace {

std::string_view text(error code) {
    switch (code) {
    case error::not_acquired:
        return "it was not acquired in the time that was given";
    case error::not_owner:
        return "it is no longer owned by this program, so nothing was written";
    case error::unexpected_data:
        return "a node holds data that this recipe cannot read";
    case error::closed:
        return "the recipe was closed by this program";
    case error::too_large:
        return "the tree is larger than the limits of the cache";
    case error::changes_lost:
        return "there were more changes than wait to be told, so everything must be looked at "
               "again";
    }
    return "unknown error of a recipe";
}

class recipe_error_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "conclave.recipes"; }

    [[nodiscard]] std::string message(int value) const override {
        return std::string{text(static_cast<error>(value))};
    }
};

} // namespace

const std::error_category& error_category() noexcept {
    static const recipe_error_category category;
    return category;
}

std::error_code make_error_code(error code) noexcept {
    return {static_cast<int>(code), error_category()};
}

} // namespace conclave::recipes

/// A reference to something callable: what a function takes when it calls back before it returns.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace conclave {

template <class Signature>
class function_ref;

/// Two words, no allocation, no ownership: the callable must outlive the call that it is passed to.
template <class Result, class... Arguments>
class function_ref<Result(Arguments...)> {
public:
    template <class Callable>
    requires(!std::is_same_v<std::remove_cvref_t<Callable>, function_ref> && std::is_invocable_r_v<Result, Callable&, Arguments...>)
        function_ref(Callable&& callable)
    noexcept
        : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable))))
        , invoke_([](void* target, Arguments... arguments) -> Result {
            return std::invoke(
                *static_cast<std::remove_reference_t<Callable>*>(target),
                std::forward<Arguments>(arguments)...
            );
        }) {}

    Result operator()(Arguments... arguments) const {
        return invoke_(callable_, std::forward<Arguments>(arguments)...);
    }

private:
    void* callable_;
    Result (*invoke_)(void*, Arguments...);
};

} // namespace conclave

// A callable that owns its captures and can only be moved; std::move_only_function comes with C++23.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace plinth {

template <typename Signature>
class UniqueFunction;

template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}  // NOLINT(google-explicit-constructor)
  template <typename F, typename = std::enable_if_t<!std::is_same_v<std::decay_t<F>, UniqueFunction>>>
  UniqueFunction(F&& function)  // NOLINT(google-explicit-constructor)
      : callable_(std::make_unique<Holder<std::decay_t<F>>>(std::forward<F>(function))) {}

  explicit operator bool() const { return callable_ != nullptr; }
  R operator()(Args... args) const { return callable_->call(std::forward<Args>(args)...); }

 private:
  struct Callable {
    virtual ~Callable() = default;
    virtual R call(Args... args) = 0;
  };
  template <typename F>
  struct Holder final : Callable {
    explicit Holder(F&& function) : function_(std::move(function)) {}
    explicit Holder(const F& function) : function_(function) {}
    R call(Args... args) override { return function_(std::forward<Args>(args)...); }
    F function_;
  };
  std::unique_ptr<Callable> callable_;
};

using Task = UniqueFunction<void()>;

}  // namespace plinth

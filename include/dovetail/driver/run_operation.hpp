// One running asynchronous operation: the loop, with the dialogue that it drives and the handler that it ends in.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/error.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/driver/operation_loop.hpp>
#include <dovetail/driver/outcome.hpp>
#include <dovetail/driver/traffic.hpp>
#include <dovetail/sansio/machine.hpp>
#include <dovetail/transport/async_core.hpp>

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

template <class Handler>
using handler_executor_t = asio::associated_executor_t<Handler, asio::any_io_executor>;

template <stream Stream, machine Machine, class Handler>
class run_operation final
    : public operation_loop<Stream, handler_executor_t<Handler>, asio::associated_allocator_t<Handler>> {
  using base = operation_loop<Stream, handler_executor_t<Handler>, asio::associated_allocator_t<Handler>>;

 public:
  using core_type = typename base::core_type;
  using executor_type = typename base::executor_type;
  using allocator_type = typename base::allocator_type;
  using value_type = machine_value_t<Machine>;

  static void start(std::shared_ptr<core_type> core, Machine&& dialogue, deadline by, traffic* moved,
                    Handler&& handler) {
    const bool is_refused = !core->begin();
    core_type& of = *core;  // the stream has it too
    run_operation* made = nullptr;
    try {
      made = make(std::move(core), std::move(dialogue), by, moved, std::move(handler), is_refused);
      if (!is_refused) made->listen_for_cancellation();
    } catch (...) {
      if (made != nullptr) {
        base::abandon(made);
      } else if (!is_refused && of.end()) {
        of.close();
      }
      throw;
    }
    made->begin();
  }

  executor_type executor() const noexcept override {
    return asio::get_associated_executor(handler_, this->core()->executor());
  }
  allocator_type allocator() const noexcept override { return asio::get_associated_allocator(handler_); }

 private:
  using rebound = typename std::allocator_traits<allocator_type>::template rebind_alloc<run_operation>;
  // Handlers that want nothing special share the memory that the stream keeps for its operations.
  static constexpr bool uses_core_memory = std::is_same_v<rebound, std::allocator<run_operation>> &&
                                           alignof(Machine) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__ &&
                                           alignof(Handler) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;

  run_operation(std::shared_ptr<core_type> core, Machine&& dialogue, deadline by, traffic* moved, Handler&& handler,
                bool is_refused) noexcept(std::is_nothrow_move_constructible_v<Machine>)
      : base(std::move(core), by, moved, is_refused), dialogue_(std::move(dialogue)), handler_(std::move(handler)) {}
  ~run_operation() = default;

  static run_operation* make(std::shared_ptr<core_type> core, Machine&& dialogue, deadline by, traffic* moved,
                             Handler&& handler, bool is_refused) {
    rebound allocator{asio::get_associated_allocator(handler)};
    core_type& of = *core;
    run_operation* memory;
    if (uses_core_memory && !is_refused) {
      memory = static_cast<run_operation*>(of.allocate(sizeof(run_operation)));
    } else {
      memory = std::allocator_traits<rebound>::allocate(allocator, 1);
    }
    try {
      return ::new (memory)
          run_operation{std::move(core), std::move(dialogue), by, moved, std::move(handler), is_refused};
    } catch (...) {  // of the dialogue's move
      give_back(of, allocator, memory, is_refused);
      throw;
    }
  }
  static void give_back(core_type& of, rebound& allocator, run_operation* memory, bool is_refused) noexcept {
    if (uses_core_memory && !is_refused) {
      of.deallocate(memory);
    } else {
      std::allocator_traits<rebound>::deallocate(allocator, memory, 1);
    }
  }

  std::shared_ptr<core_type> destroy() noexcept override {
    return destroy(rebound{asio::get_associated_allocator(handler_)});
  }
  std::shared_ptr<core_type> destroy(rebound allocator) noexcept {
    const bool is_refused = this->is_refused();
    std::shared_ptr<core_type> core = this->take_core();
    this->~run_operation();
    give_back(*core, allocator, this, is_refused);
    return core;
  }

  void listen_for_cancellation() {
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (!slot.is_connected()) return;
    slot.assign([core = std::weak_ptr<core_type>{this->core()},
                 number = this->core()->operation()](asio::cancellation_type type) {
      if (const std::shared_ptr<core_type> alive = core.lock()) alive->cancel(number, type);
    });
  }

  action resume(const event& happened) override { return dialogue_.resume(happened); }

  result<value_type> outcome() noexcept {
    if (this->is_refused()) return errc::busy;
    if (this->thrown()) return std::move(this->thrown());
    try {
      return outcome_of(dialogue_, this->ended_with(), this->core()->stream);
    } catch (...) {  // of the value's move, or memory that is not there
      this->core()->close();
      return current_failure();
    }
  }

  void finish() override {
    const bool is_refused = this->is_refused();
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected() && !is_refused) slot.clear();
    result<value_type> outcome = this->outcome();
    rebound allocator{asio::get_associated_allocator(handler_)};
    Handler handler = std::move(handler_);
    const std::shared_ptr<core_type> core = destroy(std::move(allocator));
    if (is_refused) return std::move(handler)(std::move(outcome));
    if (core->end()) core->close();
    std::move(handler)(std::move(outcome));
    core->settle();
  }

  Machine dialogue_;
  Handler handler_;
};

}  // namespace dovetail::inline v0::detail

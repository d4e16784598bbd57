// A dialogue that stays with who asked it: the loop sees only what all dialogues have in common.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/driver/outcome.hpp>
#include <dovetail/sansio/action.hpp>
#include <dovetail/sansio/machine.hpp>

#include <memory>
#include <new>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::detail {

/// What the loop asks of any dialogue.
class any_dialogue {
 public:
  virtual action resume(const event& happened) = 0;
  /// Called once, after the last `resume`.
  virtual error_info failure(std::error_code ec) = 0;

 protected:
  ~any_dialogue() = default;
};

/// The machine that stands for a kept dialogue: one type for all of them, so that the loop is compiled once. Its end is
/// told without the value, which stays in the dialogue.
struct dialogue_ref {
  any_dialogue* to;

  action resume(const event& happened) { return to->resume(happened); }
  error_info failure(std::error_code ec) { return to->failure(ec); }
};

/// Room for one dialogue at a time. Lifetime: stays where it is while the dialogue runs.
template <machine Dialogue>
class kept_dialogue final : public any_dialogue {
 public:
  using value_type = machine_value_t<Dialogue>;

  kept_dialogue() noexcept {}
  kept_dialogue(const kept_dialogue&) = delete;
  kept_dialogue& operator=(const kept_dialogue&) = delete;
  ~kept_dialogue() { drop(); }

  /// Takes what `make` gives, in place.
  template <class Make>
  dialogue_ref begin(Make make) {
    drop();
    ::new (static_cast<void*>(std::addressof(dialogue_))) Dialogue(make());
    is_here_ = true;
    return {this};
  }

  action resume(const event& happened) override { return dialogue_.resume(happened); }
  error_info failure(std::error_code ec) override {
    error_info why = failure_of(dialogue_, ec);
    drop();  // before the connection is brought back
    return why;
  }

  /// The end of the dialogue, with its value; afterwards it is gone. Errors: throws what taking the value throws.
  result<value_type> end(result<void> told) {
    struct dropping {
      kept_dialogue* self;
      ~dropping() { self->drop(); }
    } const at_the_end{this};
    if (!told) return std::move(told).error();
    if constexpr (std::is_void_v<value_type>) {
      return {};
    } else {
      return std::move(dialogue_).value();
    }
  }

 private:
  void drop() noexcept {
    if (std::exchange(is_here_, false)) dialogue_.~Dialogue();
  }

  union {
    Dialogue dialogue_;
  };
  bool is_here_ = false;
};

/// How a dialogue is kept that a stream of this kind carries out: `Stream::kept<Dialogue>` when it says so.
template <class Stream, class Dialogue>
struct kept_on {
  using type = kept_dialogue<Dialogue>;
};
template <class Stream, class Dialogue>
  requires requires { typename Stream::template kept<Dialogue>; }
struct kept_on<Stream, Dialogue> {
  using type = typename Stream::template kept<Dialogue>;
};

template <class Stream>
struct dialogue_ref_on {
  using type = dialogue_ref;
};
template <class Stream>
  requires requires { typename Stream::dialogue_ref; }
struct dialogue_ref_on<Stream> {
  using type = typename Stream::dialogue_ref;
};

}  // namespace dovetail::inline v0::detail

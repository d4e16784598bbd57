// Where the members of JSON objects begin, found without reading them: for objects with orders of their own.
#pragma once

#include <dovetail/format/json/scan.hpp>
#include <dovetail/format/json/source.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dovetail::inline v0::detail {

#ifdef __SSE2__
/// Marks by one bit each which of the 64 characters at `from` are a brace or a comma with a quote behind it; of the
/// 65th only whether it is a quote is looked at.
[[gnu::always_inline]] inline std::uint64_t mark_member_begins(const char* from) noexcept {
  const auto mark = [from](int part) -> std::uint64_t {
    sixteen_signed_bytes text;
    sixteen_signed_bytes next;
    std::memcpy(&text, from + part, sizeof text);
    std::memcpy(&next, from + part + 1, sizeof next);
    const auto found = ((text == '{') | (text == ',')) & (next == '"');
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128((sixteen_bytes)found)))
           << part;
  };
  return mark(0) | mark(16) | mark(32) | mark(48);
}
#else
/// The same, eight characters at a time.
[[gnu::always_inline]] inline std::uint64_t mark_member_begins(const char* from) noexcept {
  const auto mark_others = [](std::uint64_t eight, char c) {  // exact, unlike a subtraction
    constexpr std::uint64_t low_bits = ~every_high_bit;
    eight ^= every_byte * static_cast<unsigned char>(c);
    return ((eight & low_bits) + low_bits) | eight;
  };
  std::uint64_t marks = 0;
  for (int part = 56; part >= 0; part -= 8) {
    const std::uint64_t text = load_eight(from + part);
    const std::uint64_t others = mark_others(text, '{') & mark_others(text, ',');
    const std::uint64_t found = ~(others | mark_others(load_eight(from + part + 1), '"')) & every_high_bit;
    marks = marks << 8 | (found >> 7) * 0x0102040810204080u >> 56;  // the bits side by side
  }
  return marks;
}
#endif

/// The places in a text where a member of an object may begin: its brace or comma, in their order. They are guesses:
/// a string may hold such characters, and whoever uses a mark has to find out that it is none.
/// Cost: each character is looked at once, 64 at a time and without regard to what they are.
class json_member_marks {
 public:
  /// Marks behind each other, the first one at `at`, and `wanted` others behind it as far as there are that many; a
  /// brace that is in no text ends them. Null when nothing is known of `at`, which grows from call to call.
  const char* const* find(const char* at, const char* end, std::size_t wanted) noexcept {
    while (first_ != last_ && marks_[first_] < at) ++first_;
    if (last_ - first_ <= wanted) [[unlikely]]
      fill(at, end);
    return first_ != last_ && marks_[first_] == at ? marks_ + first_ : nullptr;
  }
  /// So many were used up.
  void pass(std::ptrdiff_t count) noexcept { first_ += static_cast<std::size_t>(count); }

  /// How many characters can be read from each mark on.
  static constexpr std::ptrdiff_t margin = 64;
  /// What can be `wanted` at most.
  static constexpr std::size_t most_wanted = 63;

 private:
  static constexpr std::size_t enough = 128;
  static constexpr char stop[] = "]{";

  [[gnu::noinline]] void fill(const char* at, const char* end) noexcept {
    std::size_t last = last_ - first_;
    std::memmove(marks_, marks_ + first_, last * sizeof *marks_);
    if (next_ == nullptr || next_ < at) next_ = at;
    while (last < enough && end - next_ >= 64 + margin) {
      std::uint64_t marks = mark_member_begins(next_);
      const auto put_one = [&] {  // or none, without a branch
        marks_[last] = next_ + static_cast<unsigned>(std::countr_zero(marks | std::uint64_t{1} << 63));
        last += marks != 0;
        marks &= marks - 1;
      };
      put_one();
      put_one();
      put_one();
      put_one();
      while (marks != 0) put_one();
      next_ += 64;
    }
    marks_[last] = stop + 1;
    first_ = 0;
    last_ = last;
  }

  std::size_t first_ = 0;
  std::size_t last_ = 0;
  const char* next_ = nullptr;          // what has not been looked at yet
  const char* marks_[enough + 32 + 4];  // 64 characters have 32 at most; three more may be written than there are
};

/// Watches the order of keys from object to object, and tells when there is none to be relied on.
class json_order_watch {
 public:
  /// True when the next object should be read by its marks.
  bool is_varying() const noexcept { return left_ > 0; }

  /// An object was read key by key, with this `json_source::order`: 0 when its keys came as the members do.
  void note_order(std::uint64_t order) noexcept {
    if (order == order_) [[likely]] {
      changes_ = 0;
    } else {
      note_change(order);
    }
  }

  /// An object was read by its marks. After some of them the watch looks whether there is an order again.
  void note_read() noexcept {
    ++read_;
    --left_;
  }

  /// An object could not be read by its marks, which costs time. Where most cannot be, few are tried.
  void note_refusal() noexcept {
    left_ -= period / 4;
    if (left_ > 0) return;
    if (read_ >= 16) {
      wanted_changes_ = 2;
    } else if (wanted_changes_ < (1U << 20)) {
      wanted_changes_ *= 4;
    }
  }

  json_member_marks marks;

 private:
  static constexpr int period = 256;

  [[gnu::noinline]] void note_change(std::uint64_t order) noexcept {
    order_ = order;
    changes_ = order != 0 ? changes_ + 1 : 0;
    if (changes_ < wanted_changes_) return;
    changes_ = 0;
    read_ = 0;
    left_ = period;
  }

  std::uint64_t order_ = 0;
  unsigned changes_ = 0;
  unsigned wanted_changes_ = 2;
  int read_ = 0;
  int left_ = 0;
};

/// For arrays of what has no marks.
struct no_order_watch {};

}  // namespace dovetail::inline v0::detail

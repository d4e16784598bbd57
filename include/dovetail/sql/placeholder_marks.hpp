// Where the placeholders of a statement stand, kept from its check: the native text is made without another pass.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0 {
namespace detail {

/// The first characters of all placeholders and escapes of a text, in their order; of few ones, in a short text only.
class placeholder_marks {
 public:
  /// The places are known: `size()` of them. Not so before `clear`.
  constexpr bool are_known() const noexcept { return count_ != unknown; }
  constexpr std::size_t size() const noexcept { return count_; }
  constexpr std::uint32_t operator[](std::size_t i) const noexcept { return places_[i]; }

  constexpr void clear() noexcept { count_ = 0; }
  constexpr void add(std::uint32_t at) noexcept {
    if (count_ == unknown) return;
    if (count_ == most || at > 0xFFFF) {
      count_ = unknown;
    } else {
      places_[count_++] = static_cast<std::uint16_t>(at);
    }
  }

 private:
  static constexpr std::uint16_t most = 15;  // in all 32 bytes
  static constexpr std::uint16_t unknown = 0xFFFF;

  std::uint16_t count_ = unknown;
  std::uint16_t places_[most]{};
};

}  // namespace detail
}  // namespace dovetail::inline v0

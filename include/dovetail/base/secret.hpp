// A password, key or token that does not show up in messages and logs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {

/// Text that prints as `[redacted]` and whose memory is overwritten when it goes.
/// Only `reveal()` gives the text; there is no conversion, comparison with text or stream output of it.
class secret {
 public:
  secret() noexcept = default;
  explicit secret(std::string text) noexcept : text_(std::move(text)) { wipe(text); }
  secret(const secret&) = default;
  secret(secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  secret& operator=(const secret& other) {
    if (this != &other) {
      wipe();
      text_ = other.text_;
    }
    return *this;
  }
  secret& operator=(secret&& other) noexcept;
  ~secret() { wipe(); }

  bool empty() const noexcept { return text_.empty(); }

  /// The text itself. Lifetime: borrows from this object.
  std::string_view reveal() const noexcept { return text_; }

  /// What messages and logs show, whatever the text is.
  static constexpr std::string_view redacted() noexcept { return "[redacted]"; }

  /// Prints `[redacted]`.
  template <class Stream>
    requires requires(Stream& out) { out << std::string_view{}; }
  friend Stream& operator<<(Stream& out, const secret&) {
    out << redacted();
    return out;
  }

  /// Compares in a time that depends on the lengths only.
  friend bool operator==(const secret& a, const secret& b) noexcept {
    if (a.text_.size() != b.text_.size()) return false;
    unsigned char difference = 0;
    for (std::size_t i = 0; i < a.text_.size(); ++i) {
      difference = static_cast<unsigned char>(
          difference | (static_cast<unsigned char>(a.text_[i]) ^ static_cast<unsigned char>(b.text_[i])));
    }
    return difference == 0;
  }

 private:
  void wipe() noexcept { wipe(text_); }

  static void wipe(std::string& text) noexcept;

  std::string text_;
};

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

DOVETAIL_DEFINE secret& secret::operator=(secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::move(other.text_);
    other.wipe();
  }
  return *this;
}

[[gnu::noinline]] DOVETAIL_DEFINE void secret::wipe(std::string& text) noexcept {
  // Also what a short string leaves behind when it is moved from. No allocation: it grows to its capacity only.
  text.resize(text.capacity());
  // Through a volatile pointer, so that the compiler does not drop stores to memory that is about to be freed.
  volatile char* at = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) at[i] = '\0';
  text.clear();
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif

// What the verbs of a LensDB client are given as operations: values with times to live, and lists in braces.
#pragma once

#include <dovetail/codec/lensdb/operations.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::lensdb {

/// The time that a value lives, from any std::chrono duration: in whole seconds, rounded up, from 1 to 2³² - 1.
class time_to_live {
 public:
  template <class Rep, class Period>
  time_to_live(std::chrono::duration<Rep, Period> wanted) {  // NOLINT: implicit, for a verb
    // The floating-point value only says whether an integer can hold it: it does not know a nanosecond more from none.
    const double about = std::chrono::duration<double>(wanted).count();
    if (!(about > 0 && about < 4294967296.0)) return;
    auto whole = std::chrono::duration_cast<std::chrono::duration<std::int64_t>>(wanted);
    if (whole < wanted) ++whole;
    if (whole.count() <= std::int64_t{4294967295}) seconds_ = static_cast<std::uint32_t>(whole.count());
  }

  /// Makes a SET a SETEX; one that cannot be said is why it is refused.
  void apply_to(set_operation& asked) const {
    asked.seconds = seconds_;
    if (asked.refused || seconds_) return;
    asked.refused = {errc::invalid_argument, "a time to live must be more than 0 and at most 4294967295 seconds"};
  }

 private:
  std::optional<std::uint32_t> seconds_;
};

/// A key and its value, as `set_many` takes them in braces; the value is in its stored form already.
template <class Format>
class entry {
 public:
  template <class T>
  entry(std::string_view key, const T& value) {
    asked_.key = key;
    asked_.refused = encode_value<Format>(value, asked_.value);
  }
  template <class Key, class T>
  entry(const std::pair<Key, T>& both) : entry(both.first, both.second) {}  // NOLINT: implicit, for a verb

  const set_operation& asked() const& noexcept { return asked_; }
  set_operation&& asked() && noexcept { return std::move(asked_); }

 private:
  set_operation asked_;
};

/// Keys as `get_many` takes them: a vector, or any number in braces. Made in braces it is no std::initializer_list:
/// GCC 12 refuses these in `co_await` expressions.
class key_list {
 public:
  key_list() = default;
  key_list(std::vector<std::string> keys) noexcept : keys_(std::move(keys)) {}  // NOLINT: implicit, as for a verb
  template <std::convertible_to<std::string_view>... Keys>
    requires(sizeof...(Keys) > 0)
  key_list(const Keys&... keys) {  // NOLINT
    keys_.reserve(sizeof...(Keys));
    (keys_.emplace_back(std::string_view{keys}), ...);
  }

  std::vector<std::string> take() && noexcept { return std::move(keys_); }

 private:
  std::vector<std::string> keys_;
};

/// Up to eight entries in braces, in `co_await` expressions of GCC 12 too.
template <class Format>
class few_entries {
  using one = entry<Format>;

 public:
  few_entries(one a) { add(a); }  // NOLINT: implicit, for a verb
  few_entries(one a, one b) { add(a, b); }
  few_entries(one a, one b, one c) { add(a, b, c); }
  few_entries(one a, one b, one c, one d) { add(a, b, c, d); }
  few_entries(one a, one b, one c, one d, one e) { add(a, b, c, d, e); }
  few_entries(one a, one b, one c, one d, one e, one f) { add(a, b, c, d, e, f); }
  few_entries(one a, one b, one c, one d, one e, one f, one g) { add(a, b, c, d, e, f, g); }
  few_entries(one a, one b, one c, one d, one e, one f, one g, one h) { add(a, b, c, d, e, f, g, h); }

  std::vector<set_operation> take() && noexcept { return std::move(all_); }

 private:
  template <class... Entries>
  void add(Entries&... each) {
    all_.reserve(sizeof...(each));
    (all_.push_back(std::move(each).asked()), ...);
  }

  std::vector<set_operation> all_;
};

/// Any number of entries in braces.
template <class Format>
class many_entries {
 public:
  many_entries(std::initializer_list<entry<Format>> entries) {  // NOLINT: implicit, for a verb
    all_.reserve(entries.size());
    for (const entry<Format>& each : entries) all_.push_back(each.asked());
  }

  std::vector<set_operation> take() && noexcept { return std::move(all_); }

 private:
  std::vector<set_operation> all_;
};

}  // namespace dovetail::inline v0::lensdb

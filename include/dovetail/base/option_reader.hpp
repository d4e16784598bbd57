// Typed options out of the parameters of a connection string, with every mistake reported at once.
#pragma once

#include <dovetail/base/similarity.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/base/uri.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// Reads the parameters of a connection string into variables: one call for every option that exists, then `finish()`.
/// A variable keeps its value when its parameter is not there or is wrong. Names are case-sensitive.
///
///     option_reader options(parsed);
///     options.boolean("ssl", ssl).integer("maxConnections", maximum, 1, 1000).milliseconds("timeout", timeout);
///     if (auto done = options.finish(); !done) return done.error();
///
/// Messages quote names and, for options that are no secrets, short plain values.
/// Lifetime: borrows from `source` and from the names.
class option_reader {
 public:
  explicit option_reader(const uri& source) : source_(&source), is_known_(source.parameters.size(), false) {}
  explicit option_reader(uri&&) = delete;

  /// The connection string must have one of these schemes.
  option_reader& scheme(std::initializer_list<std::string_view> schemes) {
    std::string expected;
    for (const std::string_view each : schemes) {
      if (source_->scheme == each) return *this;
      expected.append(expected.empty() ? "'" : " or '").append(each).append(":'");
    }
    std::string text = "the connection string must begin with " + expected;
    if (detail::may_be_shown(source_->scheme)) text += ", not with '" + source_->scheme + ":'";
    return problem(errc::malformed_connection_string, text);
  }

  /// `true`, `yes`, `on`, `1` or no value at all; `false`, `no`, `off` or `0`; in any case.
  option_reader& boolean(std::string_view name, bool& target) {
    const uri_parameter* const found = take(name);
    if (found == nullptr) return *this;
    const std::string_view value = found->value.reveal();
    const auto is_one_of = [value](std::initializer_list<std::string_view> words) {
      for (const std::string_view word : words) {
        if (equals_ignoring_case(value, word)) return true;
      }
      return false;
    };
    if (!found->has_value || is_one_of({"true", "yes", "on", "1"})) {
      target = true;
    } else if (is_one_of({"false", "no", "off", "0"})) {
      target = false;
    } else {
      return invalid(*found, "true or false");
    }
    return *this;
  }

  /// A whole number from `least` to `most`, both included.
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  option_reader& integer(std::string_view name, Integer& target,
                         std::type_identity_t<Integer> least = (std::numeric_limits<Integer>::min)(),
                         std::type_identity_t<Integer> most = (std::numeric_limits<Integer>::max)()) {
    constexpr std::int64_t largest = (std::numeric_limits<std::int64_t>::max)();
    std::int64_t value = 0;
    if (read_integer(name, std::in_range<std::int64_t>(least) ? static_cast<std::int64_t>(least) : largest,
                     std::in_range<std::int64_t>(most) ? static_cast<std::int64_t>(most) : largest, value)) {
      target = static_cast<Integer>(value);
    }
    return *this;
  }

  /// A time in milliseconds, or with a unit: `250`, `250ms`, `30s`, `5min`, `1h`. At most a hundred years.
  template <class Rep, class Period>
  option_reader& milliseconds(std::string_view name, std::chrono::duration<Rep, Period>& target,
                              std::chrono::milliseconds least = std::chrono::milliseconds{0},
                              std::chrono::milliseconds most = longest_time) {
    return time(name, 1, target, least, most);
  }

  /// A time in seconds, or with a unit: `30`, `250ms`, `30s`, `5min`, `1h`. At most a hundred years.
  template <class Rep, class Period>
  option_reader& seconds(std::string_view name, std::chrono::duration<Rep, Period>& target,
                         std::chrono::milliseconds least = std::chrono::milliseconds{0},
                         std::chrono::milliseconds most = longest_time) {
    return time(name, 1000, target, least, most);
  }

  /// Any text.
  option_reader& text(std::string_view name, std::string& target) {
    if (const uri_parameter* const found = take(name)) target = found->value.reveal();
    return *this;
  }

  /// A password, key or token: no message quotes it.
  option_reader& secret_text(std::string_view name, secret& target) {
    if (const uri_parameter* const found = take(name)) target = found->value;
    return *this;
  }

  /// One of several words, each with its meaning: `options.choice("mode", mode, {{"wal", mode::wal}, …})`.
  template <class Meaning>
  option_reader& choice(std::string_view name, Meaning& target,
                        std::initializer_list<std::pair<std::string_view, std::type_identity_t<Meaning>>> words) {
    const uri_parameter* const found = take(name);
    if (found == nullptr) return *this;
    std::vector<std::string_view> known;
    for (const auto& [word, meaning] : words) {
      if (found->value.reveal() == word) {
        target = meaning;
        return *this;
      }
      known.push_back(word);
    }
    return invalid_word(*found, known);
  }

  /// Whether the connection string has this parameter; asking makes the name a known one.
  bool has(std::string_view name) { return take(name) != nullptr; }

  /// Adds a mistake that the caller has found, to be reported together with the others.
  option_reader& problem(errc code, std::string_view text) {
    if (problems_.empty()) code_ = code;
    if (!problems_.empty()) problems_ += "\n  ";
    problems_ += text;
    return *this;
  }

  /// Success, or one failure that names every mistake, parameters that nobody has asked for included.
  /// Errors: the code of the first mistake: errc::invalid_option, errc::unknown_option, …
  result<void> finish() {
    for (std::size_t i = 0; i < is_known_.size(); ++i) {
      if (is_known_[i]) continue;
      is_known_[i] = true;
      const std::string& name = source_->parameters[i].name;
      std::string text = "unknown parameter " + quoted_name(i) + " in the connection string";
      if (const std::string_view meant = nearest(name, names_); !meant.empty()) {
        text.append("; did you mean '").append(meant).append("'?");
      } else if (!names_.empty()) {
        text += "; known are " + list(names_);
      }
      problem(errc::unknown_option, text);
    }
    if (problems_.empty()) return {};
    return error_info{code_, problems_};
  }

 private:
  /// Within the range of every clock.
  static constexpr std::chrono::milliseconds longest_time = std::chrono::hours{24 * 36525};

  template <class Rep, class Period>
  option_reader& time(std::string_view name, std::int64_t unit, std::chrono::duration<Rep, Period>& target,
                      std::chrono::milliseconds least, std::chrono::milliseconds most) {
    static_assert(std::integral<Rep> && sizeof(Rep) == sizeof(std::int64_t), "a duration that counts in 64 bits");
    using duration = std::chrono::duration<Rep, Period>;
    constexpr std::chrono::milliseconds step = [] {
      const auto one = std::chrono::duration_cast<std::chrono::milliseconds>(duration{1});
      return one.count() == 0 ? std::chrono::milliseconds{1} : one;
    }();
    std::chrono::milliseconds value{};
    if (read_time(name, unit, least, most < longest_time ? most : longest_time, step, value)) {
      target = std::chrono::duration_cast<duration>(value);
    }
    return *this;
  }

  /// The parameter of this name, or null; the name is a known one from now on, and a repetition is a mistake.
  const uri_parameter* take(std::string_view name) {
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) names_.push_back(name);
    const uri_parameter* found = nullptr;
    bool is_repeated = false;
    for (std::size_t i = 0; i < is_known_.size(); ++i) {
      if (source_->parameters[i].name != name) continue;
      is_repeated = is_repeated || (found != nullptr && !is_known_[i]);
      if (found == nullptr) found = &source_->parameters[i];
      is_known_[i] = true;
    }
    if (is_repeated) {
      problem(errc::invalid_option,
              std::string{"parameter '"}.append(name).append("' is given more than once in the connection string"));
    }
    return found;
  }

  bool read_integer(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t& value) {
    const uri_parameter* const found = take(name);
    if (found == nullptr) return false;
    if (parse_integer(found->value.reveal(), value) && value >= least && value <= most) return true;
    invalid(*found, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return false;
  }

  bool read_time(std::string_view name, std::int64_t unit, std::chrono::milliseconds least,
                 std::chrono::milliseconds most, std::chrono::milliseconds step, std::chrono::milliseconds& value) {
    const uri_parameter* const found = take(name);
    if (found == nullptr) return false;
    std::string_view number = found->value.reveal();
    constexpr std::pair<std::string_view, std::int64_t> units[] = {
        {"ms", 1}, {"min", 60'000}, {"h", 3'600'000}, {"s", 1000}};
    for (const auto& [suffix, milliseconds] : units) {
      if (number.ends_with(suffix)) {
        number.remove_suffix(suffix.size());
        unit = milliseconds;
        break;
      }
    }
    std::int64_t count = 0;
    if (parse_integer(number, count) && count >= 0 && count <= longest_time.count() / unit) {
      value = std::chrono::milliseconds{count * unit};
      if (value >= least && value <= most && value.count() % step.count() == 0) return true;
    }
    std::string expected = "a time such as 250ms, 30s or 5min";
    if (least.count() > 0) expected += ", at least " + time_text(least);
    if (most < longest_time) expected += ", at most " + time_text(most);
    if (step.count() != 1) expected += ", in steps of " + time_text(step);
    invalid(*found, expected);
    return false;
  }

  static std::string time_text(std::chrono::milliseconds time) {
    const std::int64_t count = time.count();
    if (count == 0 || count % 1000 != 0) return std::to_string(count) + "ms";
    if (count % 3'600'000 == 0) return std::to_string(count / 3'600'000) + "h";
    return std::to_string(count / 1000) + "s";
  }

  static std::string list(const std::vector<std::string_view>& words) {
    std::string text;
    for (const std::string_view word : words) text.append(text.empty() ? "'" : ", '").append(word).append("'");
    return text;
  }

  std::string quoted_name(std::size_t i) const {
    const std::string& name = source_->parameters[i].name;
    const bool may_quote = !source_->may_hide_password && detail::may_be_shown(name);
    return may_quote ? "'" + name + "'" : "number " + std::to_string(i + 1);
  }

  option_reader& invalid(const uri_parameter& found, std::string_view expected) {
    const std::string_view value = found.value.reveal();
    std::string text = "parameter '" + found.name + "' in the connection string must be ";
    text += expected;
    if (value.empty()) {
      text += ", not empty";
    } else if (!source_->may_hide_password && detail::may_be_shown(value)) {
      text.append(", not '").append(value).append("'");
    }
    return problem(errc::invalid_option, text);
  }

  option_reader& invalid_word(const uri_parameter& found, const std::vector<std::string_view>& known) {
    const std::string_view meant = nearest(found.value.reveal(), known);
    std::string expected = "one of " + list(known);
    invalid(found, expected);
    if (!meant.empty()) problems_.append("; did you mean '").append(meant).append("'?");
    return *this;
  }

  const uri* source_;
  std::vector<bool> is_known_;           // one a parameter: somebody has asked for it
  std::vector<std::string_view> names_;  // what somebody has asked for
  std::string problems_;
  errc code_ = errc::invalid_option;
};

}  // namespace dovetail::inline v0

// Typed options out of the parameters of a connection string, with every mistake reported at once.
#pragma once

#include <dovetail/base/parts.hpp>
#include <dovetail/base/similarity.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/base/uri.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// One of the words that an option may have, with its meaning: an enumerator or a number.
struct option_word {
  std::string_view word;
  std::int64_t meaning;

  template <class Meaning>
  constexpr option_word(std::string_view text, Meaning value) noexcept
      : word(text), meaning(static_cast<std::int64_t>(value)) {}
};

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
  explicit option_reader(const uri& source) : source_(&source), known_(source.parameters.size(), '-') {}
  explicit option_reader(uri&&) = delete;

  /// The connection string must have one of these schemes.
  option_reader& scheme(std::initializer_list<std::string_view> schemes);

  /// `true`, `yes`, `on`, `1` or no value at all; `false`, `no`, `off` or `0`; in any case.
  option_reader& boolean(std::string_view name, bool& target);

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
  option_reader& choice(std::string_view name, Meaning& target, std::initializer_list<option_word> words) {
    return choice(name, target, words.begin(), words.size());
  }
  /// The same, of a table: less code where it is a constant.
  template <class Meaning, std::size_t Count>
  option_reader& choice(std::string_view name, Meaning& target, const option_word (&words)[Count]) {
    return choice(name, target, words, Count);
  }

  /// Whether the connection string has this parameter; asking makes the name a known one.
  bool has(std::string_view name) { return take(name) != nullptr; }

  /// Adds a mistake that the caller has found, to be reported together with the others.
  [[gnu::cold, gnu::noinline]] option_reader& problem(errc code, std::string_view text) {
    if (problems_.empty()) code_ = code;
    detail::append_parts(problems_, {problems_.empty() ? "" : "\n  ", text});
    return *this;
  }

  /// Success, or one failure that names every mistake, parameters that nobody has asked for included.
  /// Errors: the code of the first mistake: errc::invalid_option, errc::unknown_option, …
  result<void> finish();

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
  const uri_parameter* take(std::string_view name);

  [[gnu::cold, gnu::noinline]] bool has_asked_for(std::string_view name) const noexcept {
    for (std::string_view rest = names_; !rest.empty();) {
      if (next_of(rest) == name) return true;
    }
    return false;
  }

  /// Takes the first of joined names off the front.
  static std::string_view next_of(std::string_view& names) noexcept {
    const std::size_t end = names.find(separator);
    const std::string_view first = names.substr(0, end);
    names.remove_prefix(end + 1);
    return first;
  }

  [[gnu::cold, gnu::noinline]] static std::string_view meant_by(std::string_view written,
                                                                std::string_view names) noexcept {
    detail::nearest_search search{written};
    std::string_view longer;
    std::size_t longer_count = 0;
    while (!names.empty()) {
      const std::string_view name = next_of(names);
      search.offer(name);
      // "max_pool" may be the beginning of one name alone.
      if (!written.empty() && name.size() > written.size() && name[written.size()] == '_' &&
          name.starts_with(written)) {
        longer = name;
        ++longer_count;
      }
    }
    return search.best.empty() && longer_count == 1 ? longer : search.best;
  }

  [[gnu::cold, gnu::noinline]] static void append_list(std::string& text, std::string_view names) {
    for (std::string_view before = "'"; !names.empty(); before = ", '") {
      detail::append_parts(text, {before, next_of(names), "'"});
    }
  }

  [[gnu::cold, gnu::noinline]] static void append_number(std::string& text, std::int64_t number) {
    const auto magnitude = static_cast<std::uint64_t>(number);
    detail::append_parts(
        text, {number < 0 ? "-" : "", detail::number_text{number < 0 ? std::uint64_t{0} - magnitude : magnitude}});
  }

  static void append_time(std::string& text, std::string_view before, std::chrono::milliseconds time);

  void report_unknown(std::size_t i);

  template <class Meaning>
  option_reader& choice(std::string_view name, Meaning& target, const option_word* words, std::size_t count) {
    static_assert(std::is_enum_v<Meaning> || std::integral<Meaning>);
    std::int64_t meaning = 0;
    if (choose(name, words, count, meaning)) target = static_cast<Meaning>(meaning);
    return *this;
  }

  /// Finds the meaning of the parameter's word.
  bool choose(std::string_view name, const option_word* words, std::size_t count, std::int64_t& meaning);

  bool read_integer(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t& value);

  bool read_time(std::string_view name, std::int64_t unit, std::chrono::milliseconds least,
                 std::chrono::milliseconds most, std::chrono::milliseconds step, std::chrono::milliseconds& value);

  option_reader& invalid(const uri_parameter& found, std::string_view expected);

  const uri* source_;
  // Joined strings and not vectors, which are much code.
  static constexpr std::string_view separator = "\n";
  std::string known_;  // one character a parameter: '+' when somebody has asked for it
  std::string names_;  // what somebody has asked for, each with a separator behind it
  std::string problems_;
  errc code_ = errc::invalid_option;
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

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE option_reader& option_reader::scheme(
    std::initializer_list<std::string_view> schemes) {
  std::string text = "the connection string must begin with ";
  bool is_first = true;
  for (const std::string_view each : schemes) {
    if (source_->scheme == each) return *this;
    detail::append_parts(text, {is_first ? "'" : " or '", each, ":'"});
    is_first = false;
  }
  if (detail::may_be_shown(source_->scheme)) detail::append_parts(text, {", not with '", source_->scheme, ":'"});
  return problem(errc::malformed_connection_string, text);
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE option_reader& option_reader::boolean(std::string_view name,
                                                                                   bool& target) {
  const uri_parameter* const found = take(name);
  if (found == nullptr) return *this;
  const std::string_view value = found->value.reveal();
  static constexpr std::string_view words[] = {"true", "yes", "on", "1", "false", "no", "off", "0"};
  std::size_t word = 0;
  while (found->has_value && word < 8 && !equals_ignoring_case(value, words[word])) ++word;
  if (word < 8) {
    target = word < 4;
  } else {
    return invalid(*found, "true or false");
  }
  return *this;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE result<void> option_reader::finish() {
  for (std::size_t i = 0; i < known_.size(); ++i) {
    if (known_[i] == '-') report_unknown(i);
    known_[i] = '+';
  }
  if (problems_.empty()) return {};
  return error_info{code_, problems_};
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE const uri_parameter* option_reader::take(std::string_view name) {
  if (!has_asked_for(name)) detail::append_parts(names_, {name, separator});
  const uri_parameter* found = nullptr;
  bool is_repeated = false;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    if (source_->parameters[i].name != name) continue;
    is_repeated = is_repeated || (found != nullptr && known_[i] == '-');
    if (found == nullptr) found = &source_->parameters[i];
    known_[i] = '+';
  }
  if (is_repeated) {
    std::string text;
    detail::append_parts(text, {"parameter '", name, "' is given more than once in the connection string"});
    problem(errc::invalid_option, text);
  }
  return found;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void option_reader::append_time(std::string& text, std::string_view before,
                                                                             std::chrono::milliseconds time) {
  std::int64_t count = time.count();
  std::string_view unit = "ms";
  if (count != 0 && count % 3'600'000 == 0) {
    count /= 3'600'000;
    unit = "h";
  } else if (count != 0 && count % 1000 == 0) {
    count /= 1000;
    unit = "s";
  }
  text += before;
  append_number(text, count);
  text += unit;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void option_reader::report_unknown(std::size_t i) {
  const std::string& name = source_->parameters[i].name;
  std::string text = "unknown parameter ";
  if (!source_->may_hide_password && detail::may_be_shown(name)) {
    detail::append_parts(text, {"'", name, "'"});
  } else {
    detail::append_parts(text, {"number ", detail::number_text{i + 1}});
  }
  text += " in the connection string";
  if (const std::string_view meant = meant_by(name, names_); !meant.empty()) {
    detail::append_parts(text, {"; did you mean '", meant, "'?"});
  } else if (!names_.empty()) {
    text += "; known are ";
    append_list(text, names_);
  }
  problem(errc::unknown_option, text);
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool option_reader::choose(std::string_view name, const option_word* words,
                                                                        std::size_t count, std::int64_t& meaning) {
  const uri_parameter* const found = take(name);
  if (found == nullptr) return false;
  const std::string_view value = found->value.reveal();
  std::string known;
  for (std::size_t i = 0; i < count; ++i) {
    const option_word& each = words[i];
    if (value == each.word) {
      meaning = each.meaning;
      return true;
    }
    detail::append_parts(known, {each.word, separator});
  }
  std::string expected = "one of ";
  append_list(expected, known);
  invalid(*found, expected);
  const std::string_view meant = meant_by(value, known);
  if (!meant.empty()) detail::append_parts(problems_, {"; did you mean '", meant, "'?"});
  return false;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool option_reader::read_integer(std::string_view name, std::int64_t least,
                                                                              std::int64_t most, std::int64_t& value) {
  const uri_parameter* const found = take(name);
  if (found == nullptr) return false;
  if (parse_integer(found->value.reveal(), value) && value >= least && value <= most) return true;
  std::string expected = "a whole number from ";
  append_number(expected, least);
  expected += " to ";
  append_number(expected, most);
  invalid(*found, expected);
  return false;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool option_reader::read_time(std::string_view name, std::int64_t unit,
                                                                           std::chrono::milliseconds least,
                                                                           std::chrono::milliseconds most,
                                                                           std::chrono::milliseconds step,
                                                                           std::chrono::milliseconds& value) {
  const uri_parameter* const found = take(name);
  if (found == nullptr) return false;
  std::string_view number = found->value.reveal();
  static constexpr option_word units[] = {{"ms", 1}, {"min", 60'000}, {"h", 3'600'000}, {"s", 1000}};
  for (const option_word& each : units) {
    if (!number.ends_with(each.word)) continue;
    number.remove_suffix(each.word.size());
    unit = each.meaning;
    break;
  }
  std::int64_t count = 0;
  if (parse_integer(number, count) && count >= 0 && count <= longest_time.count() / unit) {
    value = std::chrono::milliseconds{count * unit};
    if (value >= least && value <= most && value.count() % step.count() == 0) return true;
  }
  std::string expected = "a time such as 250ms, 30s or 5min";
  if (least.count() > 0) append_time(expected, ", at least ", least);
  if (most < longest_time) append_time(expected, ", at most ", most);
  if (step.count() != 1) append_time(expected, ", in steps of ", step);
  invalid(*found, expected);
  return false;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE option_reader& option_reader::invalid(const uri_parameter& found,
                                                                                   std::string_view expected) {
  const std::string_view value = found.value.reveal();
  std::string text;
  detail::append_parts(text, {"parameter '", found.name, "' in the connection string must be ", expected});
  if (value.empty()) {
    text += ", not empty";
  } else if (!source_->may_hide_password && detail::may_be_shown(value)) {
    detail::append_parts(text, {", not '", value, "'"});
  }
  return problem(errc::invalid_option, text);
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif

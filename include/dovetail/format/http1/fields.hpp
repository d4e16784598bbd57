// The header fields of a message as they lie in its bytes.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/format/http1/characters.hpp>
#include <dovetail/format/http1/problem.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dovetail::inline v0::http1 {

/// One header field; the value is without the white space around it.
struct field {
  std::string_view name;
  std::string_view value;
};

namespace detail {

/// `equals_ignoring_case` for names that most peers spell as `known` is spelled.
constexpr bool is_named(std::string_view name, std::string_view known) noexcept {
  return name == known || equals_ignoring_case(name, known);
}

/// What is wrong with a line whose first character that is of no token is at `end` and no colon, or is the first.
[[gnu::cold]] constexpr problem problem_of_name(std::string_view line, std::size_t end) noexcept {
  if (line.empty()) return problem::malformed_field;
  if (is_space(line.front())) return problem::folded_field;
  std::size_t next = end;
  while (next < line.size() && is_space(line[next])) ++next;
  const bool is_spaced = end != 0 && next != end && next < line.size() && line[next] == ':';
  return is_spaced ? problem::space_before_colon : problem::malformed_field;
}

/// Takes a line (without its end, and without control characters but HTAB) apart by RFC 9112 section 5.
constexpr problem parse_field(std::string_view line, field& out) noexcept {
  const std::size_t end = token_length(line);
  if (end == 0 || end == line.size() || line[end] != ':') [[unlikely]]
    return problem_of_name(line, end);
  out = {{line.data(), end}, trimmed({line.data() + end + 1, line.size() - end - 1})};
  return problem::none;
}

/// Takes the first element off the front of a comma list; empty elements are passed over. False at the end.
constexpr bool take_element(std::string_view& list, std::string_view& element) noexcept {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    element = trimmed(list.substr(0, comma));
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
    if (!element.empty()) return true;
  }
  return false;
}

/// True when the comma list `value` has the element `token`, ASCII case ignored.
constexpr bool has_element(std::string_view value, std::string_view token) noexcept {
  std::string_view element;
  while (take_element(value, element)) {
    if (equals_ignoring_case(element, token)) return true;
  }
  return false;
}

}  // namespace detail

/// A checked section of header fields, walked where it lies: holds no memory.
/// Lifetime: borrows from the bytes that were read. Cost: a search goes through the section, unless it is known that no
/// name has the size of the one that is wanted.
class field_lines {
 public:
  class iterator {
   public:
    using value_type = field;
    using difference_type = std::ptrdiff_t;

    constexpr iterator() noexcept = default;
    constexpr explicit iterator(std::string_view rest) noexcept : rest_(rest) { read(); }

    constexpr const field& operator*() const noexcept { return field_; }
    constexpr const field* operator->() const noexcept { return &field_; }
    constexpr iterator& operator++() noexcept {
      rest_.remove_prefix(line_size_);
      read();
      return *this;
    }
    constexpr iterator operator++(int) noexcept {
      iterator before = *this;
      ++*this;
      return before;
    }
    friend constexpr bool operator==(const iterator& a, const iterator& b) noexcept {
      return a.rest_.size() == b.rest_.size();
    }

   private:
    constexpr void read() noexcept {
      if (rest_.empty()) return;
      const std::size_t end = rest_.find('\r');
      line_size_ = end + 2;
      detail::parse_field(rest_.substr(0, end), field_);
    }

    std::string_view rest_;
    std::size_t line_size_ = 0;
    field field_;
  };

  constexpr field_lines() noexcept = default;
  /// `section` has been checked: whole lines, each a field, each with CR LF.
  /// `name_sizes`: see `name_size_bit`; all of them when it is not known.
  constexpr explicit field_lines(std::string_view section, std::uint64_t name_sizes = ~std::uint64_t{0}) noexcept
      : section_(section), name_sizes_(name_sizes) {}

  /// The bit that tells, among those of all fields, that there may be one with a name of this size.
  static constexpr std::uint64_t name_size_bit(std::size_t size) noexcept { return std::uint64_t{1} << (size % 64); }

  constexpr iterator begin() const noexcept { return iterator{section_}; }
  constexpr iterator end() const noexcept { return {}; }
  constexpr bool empty() const noexcept { return section_.empty(); }
  /// The section's bytes.
  constexpr std::string_view text() const noexcept { return section_; }

  /// The value of the first field of that name, ASCII case ignored.
  constexpr std::optional<std::string_view> find(std::string_view name) const noexcept {
    if ((name_sizes_ & name_size_bit(name.size())) == 0) return std::nullopt;
    if (name.find(':') != name.npos) return std::nullopt;  // then what stands before a line's first colon is its name
    for (std::size_t begin = 0; begin < section_.size();) {
      const std::size_t end = section_.find('\r', begin);
      const std::string_view line{section_.data() + begin, end - begin};
      if (line.size() > name.size() && line[name.size()] == ':' && detail::is_named({line.data(), name.size()}, name)) {
        return detail::trimmed({line.data() + name.size() + 1, line.size() - name.size() - 1});
      }
      begin = end + 2;
    }
    return std::nullopt;
  }

  /// How many fields have that name.
  constexpr std::size_t count(std::string_view name) const noexcept {
    std::size_t found = 0;
    for (const field& each : *this) found += equals_ignoring_case(each.name, name) ? 1 : 0;
    return found;
  }

  /// True when one of the fields of that name, each a comma list, has the element `token`, ASCII case ignored.
  constexpr bool lists(std::string_view name, std::string_view token) const noexcept {
    for (const field& each : *this) {
      if (equals_ignoring_case(each.name, name) && detail::has_element(each.value, token)) return true;
    }
    return false;
  }

 private:
  std::string_view section_;
  std::uint64_t name_sizes_ = ~std::uint64_t{0};
};

}  // namespace dovetail::inline v0::http1

// The columns that a row type wants, as data: what templates hand to binding and reports.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/row/column.hpp>
#include <dovetail/row/field_kind.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace dovetail::inline v0 {

/// How a row type finds its columns.
enum class row_shape : std::uint8_t {
  by_name,      ///< a struct: each field takes the column of its name
  by_position,  ///< `by_position<T>`, `std::tuple`, `std::pair`: the columns in order
  single,       ///< one value: the only column
};

/// One value of a row type that one column fills; members of nested structs are leaves of their own.
struct leaf {
  static constexpr std::uint16_t no_group = 0xFFFF;

  std::string_view name{};       ///< of the member; empty when it has none (an element of a tuple, a single value)
  std::string_view type_name{};  ///< as the compiler spells the C++ type, with `std::optional`
  field_kind kind = field_kind::unsupported;
  bool is_nullable = false;                       ///< it can hold null, or a struct around it is optional
  std::uint16_t group = no_group;                 ///< the nested struct that it is a member of
  field_kind element = field_kind::unsupported;   ///< of a list: the kind of the values in it, at any depth
  const detail::native_traits* native = nullptr;  ///< of a native one, or of a list of them
};

/// A nested struct of a row type.
struct leaf_group {
  std::string_view name{};
  std::uint16_t parent = leaf::no_group;
  bool is_optional = false;
};

/// Everything about a row type that is not a template. Lifetime: all views are of static storage.
struct row_description {
  std::string_view type_name{};
  row_shape shape = row_shape::by_name;
  std::span<const leaf> leaves{};
  std::span<const leaf_group> groups{};
};

namespace detail {

/// Cuts `name`, or its form in snake_case, off the end of `text`; false when `text` does not end so.
constexpr bool cut_name(std::string_view& text, std::string_view name, name_style style) noexcept {
  constexpr std::size_t longest = 128;
  if (style == name_style::snake_case && name.size() <= longest) {
    std::array<char, 2 * longest> buffer{};
    const char* const end = format_snake_case(buffer.data(), name);
    const std::string_view snake{buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    if (!text.ends_with(snake)) return false;
    text.remove_suffix(snake.size());
    return true;
  }
  if (!text.ends_with(name)) return false;
  text.remove_suffix(name.size());
  return true;
}

}  // namespace detail

/// True when a column of this name fills the leaf: for members of nested structs `customer.id` as well as
/// `customer_id`.
constexpr bool leaf_takes(const row_description& row, std::size_t index, std::string_view column,
                          name_style style = name_style::exact) noexcept {
  const leaf& field = row.leaves[index];
  if (field.name.empty() || !detail::cut_name(column, field.name, style)) return false;
  for (std::uint16_t group = field.group; group != leaf::no_group; group = row.groups[group].parent) {
    const std::string_view name = row.groups[group].name;
    if (name.empty()) continue;
    if (!column.ends_with('.') && !column.ends_with('_')) return false;
    column.remove_suffix(1);
    if (!detail::cut_name(column, name, style)) return false;
  }
  return column.empty();
}

}  // namespace dovetail::inline v0

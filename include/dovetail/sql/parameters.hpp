// Hands the arguments of a call to the parameters of its statement, in the numbering of the database.
#pragma once

#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/statement_view.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace dovetail::inline v0 {
namespace detail {

template <class T>
constexpr std::uint32_t size_of_slot(const T& value) noexcept {
  if constexpr (argument_range<T>) {
    return range_size(value);
  } else {
    return 1;
  }
}

}  // namespace detail

/// The number of values behind each slot: 1, or the number of elements of a range.
template <class... Args>
constexpr auto slot_sizes(const Args&... args) noexcept {
  std::array<std::uint32_t, detail::argument_pack<Args...>::slot_count> sizes{};
  std::size_t slot = 0;
  [[maybe_unused]] auto visit = [&](const auto& value) {
    sizes[slot++] = detail::size_of_slot(value);
    return true;
  };
  (detail::visit_slots(args, visit), ...);
  return sizes;
}

/// Calls `bind(number, value)` for each native parameter, numbered from 1, until one returns false; false then.
/// A range that stands in `in (…)` is bound element by element, any other range as one value. Each number comes once;
/// with SQLite and PostgreSQL it is the parameter's own.
/// Cost: no look at the statement's text.
template <class Places, class F, class... Args>
constexpr bool bind_parameters([[maybe_unused]] const statement_traits& traits, const Places& places, F&& bind,
                               const Args&... args) {
  std::size_t slot = 0;
  if constexpr (detail::argument_pack<Args...>::has_ranges) {
    if (traits.expands) {
      const auto sizes = v0::slot_sizes(args...);
      auto visit = [&](const auto& value) {
        const std::size_t current = slot++;
        if (places[current].number == 0) return true;
        std::uint32_t number = 1;  // behind all values of the parameters with smaller numbers
        for (std::size_t i = 0; i < sizes.size(); ++i) {
          if (places[i].number != 0 && places[i].number < places[current].number)
            number += places[i].expands ? sizes[i] : 1;
        }
        if constexpr (detail::argument_range<std::remove_cvref_t<decltype(value)>>) {
          if (places[current].expands) {
            for (const auto& element : value) {
              if (!bind(number++, element)) return false;
            }
            return true;
          }
        }
        return static_cast<bool>(bind(number, value));
      };
      return (detail::visit_slots(args, visit) && ...);
    }
  }
  [[maybe_unused]] auto visit = [&](const auto& value) {
    const std::uint32_t number = places[slot++].number;
    return number == 0 || bind(number, value);
  };
  return (detail::visit_slots(args, visit) && ...);
}

}  // namespace dovetail::inline v0

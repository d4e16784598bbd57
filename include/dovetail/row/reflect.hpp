// What is known of a struct at compile time: its members' number, names and types, and access to them.
#pragma once

#include <dovetail/base/fixed_string.hpp>
#include <dovetail/base/name.hpp>
#include <dovetail/row/column.hpp>
#include <dovetail/row/describe.hpp>
#include <dovetail/row/field_kind.hpp>
#include <dovetail/row/member_name.hpp>
#include <dovetail/row/type_name.hpp>

#include <boost/pfr/core.hpp>
#include <boost/version.hpp>
#if BOOST_VERSION >= 108400
#include <boost/pfr/core_name.hpp>
#endif

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace dovetail::inline v0 {

struct uuid;

/// Specialise it to store a type of yours as a built-in one:
/// `using stored_type = std::string; static stored_type encode(const T&); static dt::result<T> decode(stored_type);`.
template <class T>
struct field_codec;

namespace detail {

template <class T>
concept has_field_codec = requires {
  typename field_codec<std::remove_cv_t<T>>::stored_type;
};

/// Types of one backend that fill one column: the backend specialises it.
template <class T>
inline constexpr bool is_native_value = false;

/// What the backend says of them.
template <class T>
inline constexpr const native_traits* traits_of_native = nullptr;

/// Types that are one value although they are aggregates.
template <class T>
inline constexpr bool is_single_value = has_field_codec<T> || is_native_value<T>;
template <>
inline constexpr bool is_single_value<uuid> = true;
template <fixed_string Name, class T>
inline constexpr bool is_single_value<column<Name, T>> = true;
template <class T>
inline constexpr bool is_single_value<json_value<T>> = true;
template <class T>
inline constexpr bool is_single_value<by_position<T>> = true;

template <class T>
concept tuple_like = requires {
  std::tuple_size<T>::value;
};

template <class... Types>
struct type_list {
  static constexpr std::size_t size = sizeof...(Types);
};

}  // namespace detail

/// A struct whose members are known by name: an aggregate of yours, or a class with a `dt::describe<T>`.
/// If the compiler points here: the class has constructors, private members or virtual functions; write a
/// `dt::describe<T>` for it, or a `dt::field_codec<T>` if it is a single value.
template <class T>
concept reflectable = detail::described<T> ||
    (std::is_class_v<T>&& std::is_aggregate_v<T> && !std::is_polymorphic_v<T> &&
     !detail::tuple_like<std::remove_cv_t<T>> && !detail::is_single_value<std::remove_cv_t<T>>);

namespace detail {

/// Converts to a base class of `T` and to nothing else; cannot be copied, so that `std::any` and the like do not take
/// it.
template <class T>
struct any_base_of {
  any_base_of() = default;
  any_base_of(const any_base_of&) = delete;
  template <class Base>
    requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>)
  operator Base() const;
};

template <class T>
inline constexpr bool has_base_class = requires {
  T{any_base_of<T>{}};
};

template <std::size_t>
struct any_lvalue {
  template <class T>
  operator T&() const;
};

template <std::size_t>
struct any_rvalue {
  template <class T>
  operator T() const;
};

/// False when members are C arrays: braces give each element of an array a value, parentheses cannot.
template <class T, std::size_t... I>
constexpr bool takes_parentheses(std::index_sequence<I...>) {
  if constexpr (sizeof...(I) < 2) {
    return true;
  } else if constexpr (std::is_copy_constructible_v<T>) {
    return requires { T(any_lvalue<I>{}...); };
  } else {
    return requires { T(any_rvalue<I>{}...); };
  }
}

template <class T>
consteval std::size_t count_members() {
  if constexpr (described<T>) {
    return std::tuple_size_v<std::remove_cvref_t<decltype(v0::describe<T>::fields)>>;
  } else {
    static_assert(!has_base_class<T>, "dovetail: reflection cannot see through a base class; write a dt::describe<T>");
    if constexpr (!has_base_class<T>) {
      constexpr std::size_t count = boost::pfr::tuple_size_v<T>;
      static_assert(
          takes_parentheses<T>(std::make_index_sequence<count>{}),
          "dovetail: reflection cannot tell the size of a C array; use std::array, or write a dt::describe<T>");
      return count;
    } else {
      return 0;
    }
  }
}

}  // namespace detail

/// The number of members of a reflectable struct.
template <reflectable T>
inline constexpr std::size_t field_count = detail::count_members<std::remove_cv_t<T>>();

namespace detail {

#define DOVETAIL_BIND(count, ...)   \
  if constexpr (members == count) { \
    auto& [__VA_ARGS__] = object;   \
    return call(__VA_ARGS__);       \
  } else
template <std::size_t members, class T, class F>
[[gnu::always_inline]] constexpr decltype(auto) call_with_members(T& object, F& call) {
  DOVETAIL_BIND(1, m0)
  DOVETAIL_BIND(2, m0, m1)
  DOVETAIL_BIND(3, m0, m1, m2)
  DOVETAIL_BIND(4, m0, m1, m2, m3)
  DOVETAIL_BIND(5, m0, m1, m2, m3, m4)
  DOVETAIL_BIND(6, m0, m1, m2, m3, m4, m5)
  DOVETAIL_BIND(7, m0, m1, m2, m3, m4, m5, m6)
  DOVETAIL_BIND(8, m0, m1, m2, m3, m4, m5, m6, m7)
  DOVETAIL_BIND(9, m0, m1, m2, m3, m4, m5, m6, m7, m8)
  DOVETAIL_BIND(10, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9)
  DOVETAIL_BIND(11, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10)
  DOVETAIL_BIND(12, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11)
  DOVETAIL_BIND(13, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12)
  DOVETAIL_BIND(14, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13)
  DOVETAIL_BIND(15, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14)
  DOVETAIL_BIND(16, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15)
  DOVETAIL_BIND(17, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16)
  DOVETAIL_BIND(18, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17)
  DOVETAIL_BIND(19, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18)
  DOVETAIL_BIND(20, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19)
  DOVETAIL_BIND(21, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20)
  DOVETAIL_BIND(22, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21)
  DOVETAIL_BIND(23, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
                m22)
  DOVETAIL_BIND(24, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
                m22, m23)
  DOVETAIL_BIND(25, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
                m22, m23, m24)
  DOVETAIL_BIND(26, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
                m22, m23, m24, m25)
  DOVETAIL_BIND(27, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
                m22, m23, m24, m25, m26)
  DOVETAIL_BIND(28, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
                m22, m23, m24, m25, m26, m27)
  DOVETAIL_BIND(29, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
                m22, m23, m24, m25, m26, m27, m28)
  DOVETAIL_BIND(30, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
                m22, m23, m24, m25, m26, m27, m28, m29)
  DOVETAIL_BIND(31, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
                m22, m23, m24, m25, m26, m27, m28, m29, m30)
  DOVETAIL_BIND(32, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
                m22, m23, m24, m25, m26, m27, m28, m29, m30, m31)
  if constexpr (members == 0) {
    return call();
  } else {
    return std::apply(call, boost::pfr::structure_tie(object));
  }
}
#undef DOVETAIL_BIND

template <class T, class F, std::size_t... I>
[[gnu::always_inline]] constexpr decltype(auto) call_with_described(T& object, F& call, std::index_sequence<I...>) {
  constexpr auto& fields = v0::describe<std::remove_cv_t<T>>::fields;
  return call(object.*(std::get<I>(fields).pointer)...);
}

}  // namespace detail

/// Calls `call` with a reference to each member of `object`, in their order. Plain structs are taken apart by a
/// structured binding, so that optimisers see local names.
template <reflectable T, class F>
[[gnu::always_inline]] constexpr decltype(auto) with_fields(T& object, F&& call) {
  if constexpr (detail::described<T>) {
    return detail::call_with_described(object, call, std::make_index_sequence<field_count<T>>{});
  } else {
    return detail::call_with_members<field_count<T>>(object, call);
  }
}

namespace detail {

struct address_members {
  template <class... Members>
  constexpr auto operator()(const Members&... members) const noexcept {
    return std::tuple{member_address<const Members*>{std::addressof(members)}...};
  }
};

struct list_types {
  template <class... Members>
  constexpr auto operator()(Members&...) const noexcept {
    return type_list<Members...>{};
  }
};

template <class T, std::size_t... I>
consteval std::array<std::string_view, sizeof...(I)> spelled_names(std::index_sequence<I...>) {
  if constexpr (described<T>) {
    return {std::remove_cvref_t<decltype(std::get<I>(v0::describe<T>::fields))>::name.view()...};
  } else {
#if BOOST_VERSION >= 108400
    return boost::pfr::names_as_array<T>();
#else
    constexpr auto addresses = v0::with_fields(unborn_instance<T>(), address_members{});
    return {last_identifier(member_signature<std::get<I>(addresses)>())...};
#endif
  }
}

template <class T, std::size_t I>
struct type_at;
template <std::size_t I, class First, class... Rest>
struct type_at<type_list<First, Rest...>, I> : type_at<type_list<Rest...>, I - 1> {};
template <class First, class... Rest>
struct type_at<type_list<First, Rest...>, 0> {
  using type = First;
};

template <class T>
using field_types = decltype(v0::with_fields(std::declval<T&>(), list_types{}));

template <class T>
inline constexpr std::string_view column_name_of{};
template <fixed_string Name, class T>
inline constexpr std::string_view column_name_of<column<Name, T>> = Name.view();

template <class T, class... Members>
constexpr std::array<std::string_view, sizeof...(Members)> given_names(type_list<Members...>) {
  return {column_name_of<std::remove_cv_t<Members>>...};
}

template <std::size_t Count, std::size_t Size>
struct packed_names {
  std::array<char, Size> text{};
  std::array<std::size_t, Count + 1> ends{};
};

/// Copies the names out of the compiler's long spellings, so that those do not get into the program.
template <class T, std::size_t Count>
consteval auto pack_names() {
  constexpr auto sequence = std::make_index_sequence<Count>{};
  constexpr auto spelled = spelled_names<T>(sequence);
  constexpr std::size_t size = [&] {
    std::size_t sum = 0;
    for (const std::string_view name : spelled) sum += 2 * name.size();
    for (const std::string_view name : given_names<T>(field_types<T>{})) sum += name.size();
    return sum;
  }();
  const auto given = given_names<T>(field_types<T>{});
  packed_names<Count, size> packed;
  char* out = packed.text.data();
  for (std::size_t i = 0; i < Count; ++i) {
    if (!given[i].empty()) {
      for (const char c : given[i]) *out++ = c;
    } else if (name_style_of<T> == name_style::snake_case) {
      out = format_snake_case(out, spelled[i]);
    } else {
      for (const char c : spelled[i]) *out++ = c;
    }
    packed.ends[i + 1] = static_cast<std::size_t>(out - packed.text.data());
  }
  return packed;
}

template <class T>
inline constexpr auto names_of_members = pack_names<T, field_count<T>>();

template <class T, std::size_t... I>
consteval std::array<std::string_view, sizeof...(I)> view_names(std::index_sequence<I...>) {
  constexpr auto& packed = names_of_members<T>;
  return {std::string_view{packed.text.data() + packed.ends[I], packed.ends[I + 1] - packed.ends[I]}...};
}

}  // namespace detail

/// The names of the members in rows and objects, in their order: as they are spelled, or as `name_style_of<T>`,
/// `column<>` or `describe<T>` say.
template <reflectable T>
inline constexpr std::array<std::string_view, field_count<T>> field_names =
    detail::view_names<std::remove_cv_t<T>>(std::make_index_sequence<field_count<T>>{});

/// The type of member `I` of a reflectable struct; const when the member is.
template <reflectable T, std::size_t I>
using field_type = typename detail::type_at<detail::field_types<T>, I>::type;

}  // namespace dovetail::inline v0

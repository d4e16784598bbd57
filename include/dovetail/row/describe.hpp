// Hand-written descriptions of types that reflection cannot see into.
#pragma once

#include <dovetail/base/fixed_string.hpp>

#include <type_traits>

namespace dovetail::inline v0 {

/// One member of a described type: its name in rows and objects, and where it lives. Made by
/// `dt::field<"name">(&T::member)`.
template <fixed_string Name, class Member, class Owner>
struct described_field {
  using member_type = Member;
  static constexpr auto& name = Name;
  Member Owner::*pointer;
};

/// Names a data member (one of a base class too) in a `describe<T>`.
template <fixed_string Name, class Member, class Owner>
  requires std::is_object_v<Member>
constexpr described_field<Name, Member, Owner> field(Member Owner::*pointer) noexcept { return {pointer}; }

/// Specialise it for a class with private members, base classes, constructors or C arrays:
///
///     template <> struct dt::describe<account> {
///       static constexpr auto fields = std::tuple{dt::field<"id">(&account::id), dt::field<"owner">(&account::owner)};
///     };
///
/// and for private members write `friend struct dt::describe<account>;` in the class. The description wins over
/// reflection. For an enum: `static constexpr auto enumerators = std::array{dt::enumerator{color::red, "red"}, …};`.
template <class T>
struct describe;

/// One name of an enum's value, in a `describe<E>`.
template <class E>
struct enumerator {
  E value;
  const char* name;
};

template <class E>
enumerator(E, const char*) -> enumerator<E>;

namespace detail {

template <class T>
concept described = requires {
  v0::describe<std::remove_cv_t<T>>::fields;
};

template <class E>
concept described_enum = requires {
  v0::describe<std::remove_cv_t<E>>::enumerators;
};

}  // namespace detail
}  // namespace dovetail::inline v0

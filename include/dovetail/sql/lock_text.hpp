// Which members of a struct optimistic locking needs, and its statements' texts, written by the compiler.
#pragma once

#include <dovetail/base/fixed_string.hpp>
#include <dovetail/row/field.hpp>
#include <dovetail/row/member_at.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/row/version.hpp>
#include <dovetail/sql/insert_text.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

/// A member that can hold a version.
template <class T>
inline constexpr bool is_version = std::same_as<T, version> || std::same_as<T, std::optional<version>>;
template <class T>
inline constexpr bool can_count_changes = is_version<T> || (std::integral<T> && !std::same_as<T, bool>);

template <class T>
struct not_optional {
  using type = T;
};
template <class T>
struct not_optional<std::optional<T>> {
  using type = T;
};
template <class T>
using without_optional = typename not_optional<T>::type;

template <class Row>
consteval std::size_t find_field(std::string_view name) {
  for (std::size_t i = 0; i < field_count<Row>; ++i) {
    if (field_names<Row>[i] == name) return i;
  }
  return field_count<Row>;
}

template <class Row, std::size_t... I>
consteval std::size_t find_version(std::index_sequence<I...>) {
  std::size_t found = sizeof...(I);
  std::size_t count = 0;
  ((is_version<member_type<Row, I>> ? void((found = I, ++count)) : void()), ...);
  return count == 1 ? found : sizeof...(I);
}

template <class T>
constexpr std::int64_t version_value(const T& from) noexcept {
  if constexpr (std::same_as<T, std::optional<version>>) {
    return from ? from->value : 0;
  } else if constexpr (std::same_as<T, version>) {
    return from.value;
  } else {
    return static_cast<std::int64_t>(from);
  }
}

}  // namespace detail

/// Key, version and payload of a row struct. `Version` may be empty: then it is the only member of type `dt::version`.
template <class Row, fixed_string Key, fixed_string Version>
struct lock_layout {
  using row_type = Row;
  static_assert(reflectable<Row>, "dovetail: optimistic locking needs a struct of columns");
  static_assert(!detail::has_nested_struct<Row>,
                "dovetail: optimistic locking takes no nested structs: give the columns as members");
  static_assert(detail::has_plain_columns<Row>());
  static constexpr std::size_t size = field_count<Row>;
  static constexpr std::size_t key = detail::find_field<Row>(Key.view());
  static_assert(key < size, "dovetail: the struct has no member for the key: optimistic<Row, \"the key's column\">");
  static constexpr std::size_t version = [] {
    if constexpr (Version.size() == 0) {
      return detail::find_version<Row>(std::make_index_sequence<size>{});
    } else {
      return detail::find_field<Row>(Version.view());
    }
  }();
  static_assert(
      version < size,
      "dovetail: the struct needs one member of type dt::version, or optimistic<Row, \"key\", \"its column\">");
  static_assert(version != key, "dovetail: key and version are the same column");
  static_assert(size > 2, "dovetail: a row of key and version alone has nothing to update");
  static_assert(detail::can_count_changes<detail::member_type<Row, version>>,
                "dovetail: a version is a dt::version, a std::optional of one, or an integer");
  using key_type = detail::member_type<Row, key>;
  using version_type = detail::member_type<Row, version>;
  static constexpr bool version_may_be_null = is_optional<version_type>;

  static constexpr bool is_payload(std::size_t i) noexcept { return i != key && i != version; }
  /// The members that are neither key nor version.
  static constexpr std::array<std::size_t, size - 2> payload = [] {
    std::array<std::size_t, size - 2> found{};
    std::size_t count = 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (is_payload(i)) found[count++] = i;
    }
    return found;
  }();

  static const key_type& key_of(const Row& row) noexcept { return detail::member_at<key>(row); }
  static std::int64_t version_of(const Row& row) noexcept {
    return detail::version_value(detail::member_at<version>(row));
  }
  static void set_version(Row& row, std::int64_t value) noexcept {
    auto& to = detail::member_at<version>(row);
    if constexpr (detail::is_version<version_type>) {
      to = v0::version{value};
    } else {
      to = static_cast<version_type>(value);
    }
  }
  /// Calls `each(std::integral_constant<std::size_t, I>)` for the members of the payload.
  template <class Each>
  static constexpr void for_payload(Each&& each) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (each(std::integral_constant<std::size_t, payload[I]>{}), ...); }
    (std::make_index_sequence<payload.size()>{});
  }
};

namespace detail {

template <class Layout>
struct lock_parts {
  static constexpr std::string_view name(std::size_t i) noexcept { return field_names<typename Layout::row_type>[i]; }

  static constexpr void put_version(static_text& out, dialect d) noexcept {
    if (Layout::version_may_be_null) out.put("coalesce(");
    out.put_identifier(d, name(Layout::version));
    if (Layout::version_may_be_null) out.put(", 0)");
  }
  static constexpr void put_where(static_text& out, dialect d, std::size_t& number, bool checks_version) noexcept {
    out.put(" where ");
    out.put_identifier(d, name(Layout::key));
    out.put(" = ");
    out.put_placeholder(d, ++number);
    if (!checks_version) return;
    out.put(" and ");
    put_version(out, d);
    out.put(" = ");
    out.put_placeholder(d, ++number);
  }

  /// `select "id", "name", "version" from `
  struct select {
    template <class Row>
    static constexpr void write(static_text& out, dialect d) noexcept {
      out.put("select ");
      put_columns<Row>(out, d);
      out.put(" from ");
    }
  };
  /// ` where "id" = $1`, and the version
  template <bool ChecksVersion>
  struct where {
    template <class Row>
    static constexpr void write(static_text& out, dialect d) noexcept {
      std::size_t number = 0;
      put_where(out, d, number, ChecksVersion);
    }
  };
  /// ` set "name" = $1, "version" = "version" + 1 where "id" = $2`, and the version
  template <bool ChecksVersion>
  struct set {
    template <class Row>
    static constexpr void write(static_text& out, dialect d) noexcept {
      std::size_t number = 0;
      out.put(" set ");
      for (const std::size_t i : Layout::payload) {
        out.put_identifier(d, name(i));
        out.put(" = ");
        out.put_placeholder(d, ++number);
        out.put(", ");
      }
      out.put_identifier(d, name(Layout::version));
      out.put(" = ");
      put_version(out, d);
      out.put(" + 1");
      put_where(out, d, number, ChecksVersion);
    }
  };
  /// ` returning "version" as "version"`, the second as `version_row` has it
  struct new_version {
    template <class Row>
    static constexpr void write(static_text& out, dialect d) noexcept {
      out.put(" returning ");
      out.put_identifier(d, name(Layout::version));
      out.put(" as version");
    }
  };
};

template <dialect D, class Layout, class... Parts>
inline constexpr std::string_view lock_text = parts_of_statement<D, typename Layout::row_type, Parts...>;

}  // namespace detail

/// What stands before and behind the table's name in the statements of optimistic locking. Cost: written by the
/// compiler.
template <dialect D, class Layout>
struct lock_statements {
  using parts = detail::lock_parts<Layout>;
  static constexpr std::string_view select = detail::lock_text<D, Layout, typename parts::select>;
  static constexpr std::string_view by_key = detail::lock_text<D, Layout, typename parts::template where<false>>;
  static constexpr std::string_view by_version = detail::lock_text<D, Layout, typename parts::template where<true>>;
  static constexpr std::string_view set = detail::lock_text<D, Layout, typename parts::template set<true>>;
  static constexpr std::string_view new_version = detail::lock_text<D, Layout, typename parts::new_version>;
  static constexpr std::string_view force = detail::lock_text<D, Layout, typename parts::template set<false>>;
};

}  // namespace dovetail::inline v0

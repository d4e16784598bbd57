// Containers as arrays: in binary, or as the literal {"a",NULL} that the server reads where only it knows the type.
#pragma once

#include <dovetail/format/postgres/encode.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0::postgres::detail {

template <class T>
struct list_element {
  using type = std::remove_cv_t<T>;
  static constexpr std::int32_t dimensions = 0;
};
template <list_like T>
struct list_element<T> {
  using inner = list_element<std::remove_cv_t<typename T::value_type>>;
  using type = typename inner::type;
  static constexpr std::int32_t dimensions = 1 + inner::dimensions;
};

/// The sizes of the dimensions from the first elements; false when other elements have others.
template <class T>
bool measure_list(const T& list, std::uint32_t* sizes, bool is_first) {
  const auto size = static_cast<std::uint32_t>(list.size());
  if (is_first) *sizes = size;
  if (*sizes != size || list.size() > 0x7FFF'FFFF) return false;
  if constexpr (list_element<T>::dimensions > 1) {
    for (const auto& inner : list) {
      if (!measure_list(inner, sizes + 1, is_first)) return false;
      is_first = false;
    }
  }
  return true;
}

template <class T>
errc encode_elements(byte_buffer& out, const T& list, oid element, encode_context& context) {
  for (const auto& each : list) {
    errc failed{};
    if constexpr (list_element<T>::dimensions > 1) {
      failed = encode_elements(out, each, element, context);
    } else if constexpr (std::is_same_v<typename T::value_type, bool>) {
      failed = encode_nested(out, static_cast<bool>(each), element, context);  // the proxy of std::vector<bool>
    } else {
      failed = encode_nested(out, each, element, context);
    }
    if (failed != errc{}) return failed;
  }
  return errc{};
}

/// Puts an element in quotes: then no character has a meaning, and NULL is a word.
void quote_element(byte_buffer& out, std::string_view text);

template <class T>
errc quote_nested(byte_buffer& out, const T& value, byte_buffer& space, encode_context& context) {
  space.clear();
  const errc failed = encode_nested(space, value, oids::unspecified, context);
  if (failed != errc{}) return failed;
  if (load_big<std::uint32_t>(space.data()) == ~std::uint32_t{0}) {
    out.append(std::string_view{"NULL"});
  } else {
    quote_element(out, as_text(space.view().subspan(4)));
  }
  return errc{};
}

template <class T>
errc encode_list_text(byte_buffer& out, const T& list, byte_buffer& space, encode_context& context) {
  std::string_view separator = "{";
  for (const auto& each : list) {
    out.append(separator);
    separator = ",";
    errc failed{};
    if constexpr (list_element<T>::dimensions > 1) {
      failed = encode_list_text(out, each, space, context);
    } else {
      failed = quote_nested(out, each, space, context);
    }
    if (failed != errc{}) return failed;
  }
  out.append(std::string_view{list.size() == 0 ? "{}" : "}"});
  return errc{};
}

/// All elements of a dimension must have the same number of elements. Text and enums go to arrays of text in binary, to
/// arrays of other types as a literal.
template <class T>
errc encode_list(byte_buffer& out, const T& list, oid wanted, encode_context& context) {
  constexpr std::int32_t dimensions = list_element<T>::dimensions;
  constexpr oid own = parameter_type<typename list_element<T>::type>();
  std::uint32_t sizes[dimensions] = {};
  if (dimensions > 6) return context.refuse("PostgreSQL's arrays have six dimensions at most");
  if (!measure_list(list, sizes, true)) return context.refuse("the rows of a nested array differ in length");
  const oid element = element_of(wanted);
  if constexpr (own == oids::unspecified) {
    const bool is_text = element == oids::text || element == oids::varchar || element == oids::bpchar;
    if (!is_text) {
      if (context.must_be_binary) {
        return context.refuse("a list of text can be copied to text[] only", errc::malformed_value);
      }
      context.is_text = true;
      byte_buffer space;
      bool is_empty = false;
      for (const std::uint32_t size : sizes) is_empty = is_empty || size == 0;
      if (is_empty) return out.append(std::string_view{"{}"}), errc{};
      return encode_list_text(out, list, space, context);
    }
  } else if (element == 0) {
    return context.refuse("a list cannot be sent to a parameter that is no array of a built-in type",
                          errc::malformed_value);
  }
  bool is_empty = false;
  for (const std::uint32_t size : sizes) is_empty = is_empty || size == 0;
  out.append_big(static_cast<std::uint32_t>(is_empty ? 0 : dimensions));
  out.append_big(std::uint32_t{0});  // the server looks for nulls itself
  out.append_big(element);
  if (is_empty) return errc{};
  for (const std::uint32_t size : sizes) {
    out.append_big(size);
    out.append_big(std::uint32_t{1});  // the lower bound
  }
  const errc failed = encode_elements(out, list, element, context);
  context.is_text = false;  // text among elements is the same in both formats
  return failed;
}

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

[[gnu::noinline]] DOVETAIL_DEFINE void quote_element(byte_buffer& out, std::string_view text) {
  out.append(std::string_view{"\""});
  for (const char c : text) {
    if (c == '"' || c == '\\') out.append(std::string_view{"\\"});
    out.append(std::string_view{&c, 1});
  }
  out.append(std::string_view{"\""});
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif

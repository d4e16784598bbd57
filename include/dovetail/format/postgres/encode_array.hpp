// Containers as arrays: in binary, or as the literal {"a",NULL} that the server reads where only it knows the type.
#pragma once

#include <dovetail/format/postgres/encode.hpp>
#include <dovetail/format/postgres/encode_text_form.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0::postgres::detail {

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

/// All elements of a dimension must have the same number of elements. Text and enums go to arrays of text in binary, to
/// arrays of other types as a literal; so do composites, for an array in binary names the type of its elements.
template <class T>
errc encode_list(byte_buffer& out, const T& list, oid wanted, encode_context& context) {
  constexpr std::int32_t dimensions = list_element<T>::dimensions;
  constexpr oid own = parameter_type<typename list_element<T>::type>();
  std::uint32_t sizes[dimensions] = {};
  bool is_empty = false;
  if (const errc failed = measure_array(list, sizes, is_empty, context); failed != errc{}) return failed;
  const oid built_in = element_of(wanted);
  const oid element = built_in != 0 ? built_in : context.array.element;
  if constexpr (own == oids::unspecified) {
    const bool is_text = element == oids::text || element == oids::varchar || element == oids::bpchar;
    if (!context.must_be_binary && !is_text) {
      context.is_text = true;
      if (is_empty) return out.append(std::string_view{"{}"}), errc{};
      return append_list_form<dimensions>(out, list, context);
    }
    if (element == 0) return context.refuse("a list can be copied to an array only", errc::malformed_value);
  } else if (element == 0) {
    return context.refuse("a list cannot be sent to a parameter that is no array of a built-in type",
                          errc::malformed_value);
  }
  out.append_big(static_cast<std::uint32_t>(is_empty ? 0 : dimensions));
  out.append_big(std::uint32_t{0});  // the server looks for nulls itself
  out.append_big(element);
  if (is_empty) return errc{};
  for (const std::uint32_t size : sizes) {
    out.append_big(size);
    out.append_big(std::uint32_t{1});  // the lower bound
  }
  const errc failed = encode_elements(out, list, built_in != 0 ? built_in : context.array.form, context);
  context.is_text = false;  // text among elements is the same in both formats
  return failed;
}

}  // namespace dovetail::inline v0::postgres::detail

// The arguments of a call as parameters of a PostgreSQL statement: their types, declared when it is prepared, and their
// values, written when it is bound.
#pragma once

#include <dovetail/base/parts.hpp>
#include <dovetail/codec/postgres/parameter_list.hpp>
#include <dovetail/format/postgres/value_writer.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/row/written.hpp>
#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/parameters.hpp>
#include <dovetail/sql/statement_view.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres::detail {

/// The types of the value behind a slot: as one parameter, and of each element where a range stands in `in (…)`.
struct slot_type {
  oid whole;
  oid element;
};

template <class T>
constexpr slot_type slot_type_of() {
  using type = std::remove_cvref_t<T>;
  if constexpr (dovetail::detail::argument_range<type>) {
    using element = std::remove_cvref_t<decltype(*std::declval<const type&>().begin())>;
    return {parameter_oid<type>(), parameter_oid<element>()};
  } else {
    return {parameter_oid<type>(), 0};
  }
}

template <class T>
constexpr void put_slot_types(slot_type*& out) {
  if constexpr (dovetail::detail::argument_traits<T>::is_struct) {
    [&out]<std::size_t... I>(std::index_sequence<I...>) { ((*out++ = slot_type_of<field_type<T, I>>()), ...); }
    (std::make_index_sequence<field_count<T>>{});
  } else if constexpr (dovetail::detail::is_named_argument<T>) {
    *out++ = slot_type_of<typename T::value_type>();
  } else {
    *out++ = slot_type_of<T>();
  }
}

template <class... Args>
inline constexpr auto slot_types = [] {
  std::array<slot_type, dovetail::detail::argument_pack<Args...>::slot_count> types{};
  [[maybe_unused]] slot_type* out = types.data();
  (put_slot_types<Args>(out), ...);
  return types;
}();

/// The types of the columns that a struct is written to.
template <class Struct>
inline constexpr auto column_slot_types = [] {
  if constexpr (dovetail::detail::has_nested_struct<Struct>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<slot_type, sizeof...(I)>{slot_type_of<written_type<Struct, I>>()...};
    }
    (std::make_index_sequence<column_count_of<Struct>>{});
  } else {
    return slot_types<Struct>;
  }
}();

/// The same of slots that are one parameter each.
template <class... Args>
inline constexpr auto whole_types = [] {
  std::array<oid, slot_types<Args...>.size()> types{};
  for (std::size_t i = 0; i < types.size(); ++i) types[i] = slot_types<Args...>[i].whole;
  return types;
}();

/// Is each slot the parameter of its place? So it is where placeholders are written one behind the other.
template <class Places>
constexpr bool are_in_order(const Places& places) noexcept {
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].number != i + 1) return false;
  }
  return true;
}

/// The types of a call's parameters, in their order.
class declared_types {
 public:
  /// `sizes` may be empty when no range expands.
  void set(std::span<const slot_type> slot_list, std::span<const parameter_place> places,
           std::span<const std::uint32_t> sizes);
  /// One parameter for each slot.
  void set(std::span<const slot_type> slot_list);

  /// They are these, which live longer.
  void refer(std::span<const oid> to) noexcept {
    fixed_ = to.data();
    count_ = to.size();
  }

  /// For changes; not after `refer`.
  std::span<oid> get() noexcept { return {count_ > few_.size() ? many_.data() : few_.data(), count_}; }
  std::span<const oid> get() const noexcept {
    return {fixed_ != nullptr ? fixed_ : count_ > few_.size() ? many_.data() : few_.data(), count_};
  }

 private:
  std::array<oid, 8> few_{};
  std::vector<oid> many_;
  const oid* fixed_ = nullptr;
  std::size_t count_ = 0;
};

/// The failure of a value that the server's type does not take.
error_info argument_failure(errc code, std::string_view which, std::string_view name, std::string_view end, oid wanted,
                            const char* why);

/// Writes parameters one after the other; keeps the first failure.
class argument_output {
 public:
  explicit argument_output(parameter_list& to) noexcept : to_(&to) {}

  template <class T>
  [[gnu::always_inline]] bool write(std::uint32_t number, const T& value) {
    byte_buffer& out = to_->begin(number);
    if (!write_exact<T>(out, value, to_->type(number))) return write_other(out, number, value);
    to_->end(false);
    return true;
  }

  error_info parameter_failure() const;
  error_info field_failure(std::string_view name) const {
    return argument_failure(code_, "field '", name, "'", to_->type(number_), why_);
  }
  std::uint32_t number() const noexcept { return number_; }

 private:
  template <class T>
  [[gnu::noinline]] bool write_other(byte_buffer& out, std::uint32_t number, const T& value) {
    bool is_text = false;
    const errc code = write_parameter(out, value, to_->type(number), is_text, why_);
    if (code != errc{}) [[unlikely]] {
      number_ = number;
      code_ = code;
      return false;
    }
    to_->end(is_text);
    return true;
  }

  parameter_list* to_;
  std::uint32_t number_ = 0;
  errc code_{};
  const char* why_ = "";
};

/// Writes the arguments of a request. `state`: the request.
template <class Request>
error_info write_arguments(const void* state, parameter_list& to) {
  const Request& request = *static_cast<const Request*>(state);
  argument_output out{to};
  const auto bind = [&out](std::uint32_t number, const auto& value) { return out.write(number, value); };
  const bool written = std::apply(
      [&](const auto&... each) {
        return bind_parameters(request.sql.view().traits, request.sql.places(), bind, each...);
      },
      request.arguments);
  return written ? error_info{} : out.parameter_failure();
}

/// Writes the columns of a struct in their order.
struct member_output {
  argument_output& out;
  std::uint32_t number = 0;

  template <class... Members>
  bool operator()(const Members&... members) {
    return (out.write(++number, members) && ...);
  }
};

template <class Struct>
error_info write_fields(const Struct& row, parameter_list& to) {
  argument_output out{to};
  member_output members{out};
  if (write_columns(row, members)) return {};
  return out.field_failure(column_names<Struct>[out.number() - 1]);
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres::detail {

DOVETAIL_DEFINE void declared_types::set(std::span<const slot_type> slot_list, std::span<const parameter_place> places,
                                         std::span<const std::uint32_t> sizes) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].number != 0) count += places[i].expands ? sizes[i] : 1;
  }
  count_ = count;
  if (count > few_.size()) many_.resize(count);
  oid* const out = count > few_.size() ? many_.data() : few_.data();
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].number == 0) continue;
    std::size_t at = 0;  // behind all values of the parameters with smaller numbers
    for (std::size_t j = 0; j < places.size(); ++j) {
      if (places[j].number != 0 && places[j].number < places[i].number) at += places[j].expands ? sizes[j] : 1;
    }
    const std::size_t width = places[i].expands ? sizes[i] : 1;
    for (std::size_t k = 0; k < width; ++k) out[at + k] = places[i].expands ? slot_list[i].element : slot_list[i].whole;
  }
}

DOVETAIL_DEFINE void declared_types::set(std::span<const slot_type> slot_list) {
  count_ = slot_list.size();
  if (count_ > few_.size()) many_.resize(count_);
  oid* const out = count_ > few_.size() ? many_.data() : few_.data();
  for (std::size_t i = 0; i < count_; ++i) out[i] = slot_list[i].whole;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info argument_failure(errc code, std::string_view which,
                                                                         std::string_view name, std::string_view end,
                                                                         oid wanted, const char* why) {
  std::string text;
  dovetail::detail::append_parts(text, {which, name, end, ", ", type_name_of(wanted), ": ", why});
  return {code, std::move(text)};
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info argument_output::parameter_failure() const {
  char digits[10];
  char* at = digits + sizeof digits;
  for (std::uint32_t rest = number_; rest != 0; rest /= 10) *--at = static_cast<char>('0' + rest % 10);
  return argument_failure(code_, "parameter ", {at, static_cast<std::size_t>(digits + sizeof digits - at)}, {},
                          to_->type(number_), why_);
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif

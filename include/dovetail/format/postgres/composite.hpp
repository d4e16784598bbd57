// Composite types: a row in one column, to a struct and back.
#pragma once

#include <dovetail/format/postgres/decode.hpp>
#include <dovetail/format/postgres/encode.hpp>
#include <dovetail/format/postgres/encode_text_form.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/row/type_name.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres {

/// A value of a composite type, or of `row(…)`: the members of `T` take the attributes in their order. (A struct that
/// is a member of a row struct without this takes a column for each of its members.) Sent, the attributes have the
/// types that the members have as parameters, and text is `text`: PostgreSQL refuses attributes of other types, 42804;
/// send a text like '(1,"a b")' then. In a list the server reads the attributes as text, whatever their types are.
template <class T>
struct composite {
  T value{};

  constexpr T& operator*() noexcept { return value; }
  constexpr const T& operator*() const noexcept { return value; }
  constexpr T* operator->() noexcept { return &value; }
  constexpr const T* operator->() const noexcept { return &value; }

  friend constexpr bool operator==(const composite& a, const composite& b) { return a.value == b.value; }
};

template <class T>
composite(T) -> composite<T>;

}  // namespace dovetail::inline v0::postgres

namespace dovetail::inline v0 {

template <class T>
inline constexpr bool detail::is_native_value<postgres::composite<T>> = true;

namespace postgres::detail {

[[gnu::cold, gnu::noinline]] inline errc refuse_null_attribute(decode_context& context) {
  context.explain("an attribute is null: the struct's member must be a std::optional");
  return errc::unexpected_null;
}

/// Which attribute was refused, counted from 1, with the names of the struct's member and of the type that came.
[[gnu::cold, gnu::noinline]] inline errc refuse_attribute(decode_context& context, errc failed, std::size_t number,
                                                          std::string_view name, std::string_view field_type,
                                                          oid type) {
  std::string where;
  dovetail::detail::append_parts(
      where, {"attribute ", dovetail::detail::number_text{number}, " ('", name, "', ", type_name_of(type), ")"});
  explain_place(context, failed, where, field_type);
  return failed;
}

[[gnu::cold, gnu::noinline]] inline errc refuse_attribute_count(decode_context& context, std::int32_t attributes,
                                                                std::size_t members) {
  if (context.words != nullptr) {
    context.words->clear();
    if (attributes < 0) attributes = 0;
    dovetail::detail::append_parts(*context.words,
                                   {"the composite type and the struct differ in their number of members: ",
                                    dovetail::detail::number_text{static_cast<std::size_t>(attributes)}, " and ",
                                    dovetail::detail::number_text{members}});
  }
  return errc::malformed_value;
}

template <class Member>
errc decode_attribute_value(const value_ref& value, Member& member, decode_context& context) {
  if constexpr (reflectable<Member>) {
    if (value.is_null()) return refuse_null_attribute(context);
    composite<Member> nested;
    const errc failed = native_codec<composite<Member>>::decode(value, nested, context);
    if (failed == errc{}) member = std::move(nested.value);
    return failed;
  } else {
    if (!takes_type<Member>(value.type)) {
      context.explain("");  // the names of both types say it
      return errc::malformed_value;
    }
    const errc failed = decode_nested(value, member, context);
    return failed == errc::unexpected_null && value.is_null() ? refuse_null_attribute(context) : failed;
  }
}

/// Takes the next attribute for member `index` of `Struct`.
template <class Struct, class Member>
errc decode_attribute(part_reader& reader, Member& member, std::size_t index, decode_context& context) {
  value_ref value;
  if (!reader.take(value.type) || !reader.take(value)) return errc::malformed_value;
  const errc failed = decode_attribute_value(value, member, context);
  if (failed == errc{}) [[likely]]
    return failed;
  return refuse_attribute(context, failed, index + 1, field_names<Struct>[index], type_name<Member>(), value.type);
}

template <class Member>
errc encode_attribute(byte_buffer& out, const Member& member, encode_context& context) {
  if constexpr (reflectable<Member>) {
    // record_recv does not compare the types of attributes when both are made by users.
    out.append_big(first_user_type);
    return append_counted(out, context, [&] {
      return native_codec<composite<Member>>::encode(out, composite<Member>{member}, 0, context);
    });
  } else {
    constexpr oid own = parameter_type<Member>();
    constexpr bool is_enum = field_kind_of<stored_t<Member>> == field_kind::enumeration;
    constexpr oid type = own != 0 ? own : is_enum ? first_user_type : oids::text;
    out.append_big(type);
    return encode_nested(out, member, type, context);
  }
}

template <class Member>
errc append_attribute_form(byte_buffer& out, const Member& member, encode_context& context) {
  byte_buffer space;
  bool is_null = false;
  errc failed{};
  if constexpr (reflectable<Member>) {
    failed = native_codec<composite<Member>>::append_form(space, composite<Member>{member}, context);
  } else {
    failed = append_text_form(space, member, is_null, context);
  }
  if (failed == errc{} && !is_null) quote_element(out, as_text(space.view()));
  return failed;
}

template <class T>
struct native_codec<composite<T>> {
  static_assert(reflectable<T>, "dovetail: postgres::composite<T> takes a struct");

  static constexpr bool takes(oid type) noexcept { return type == oids::record || find_type(type).is_known == false; }
  static constexpr oid type() noexcept { return oids::unspecified; }
  static errc decode(const value_ref& value, composite<T>& out, decode_context& context) {
    part_reader reader{value.bytes()};
    std::int32_t count = 0;
    if (!reader.take(count)) return errc::malformed_value;
    if (count != static_cast<std::int32_t>(field_count<T>)) {
      return refuse_attribute_count(context, count, field_count<T>);
    }
    errc failed{};
    std::size_t index = 0;
    v0::with_fields(out.value, [&](auto&... members) {
      static_cast<void>((((failed = decode_attribute<T>(reader, members, index++, context)) == errc{}) && ...));
    });
    if (failed != errc{}) return failed;
    return reader.at_end() ? errc{} : errc::malformed_value;
  }
  static errc encode(byte_buffer& out, const composite<T>& value, oid, encode_context& context) {
    out.append_big(static_cast<std::uint32_t>(field_count<T>));
    errc failed{};
    v0::with_fields(value.value, [&](const auto&... members) {
      static_cast<void>((((failed = encode_attribute(out, members, context)) == errc{}) && ...));
    });
    context.is_text = false;  // text among attributes is the same in both formats
    return failed;
  }
  /// The literal ("a",,"1"), in which the server reads each attribute as its own type; nothing is a null.
  static errc append_form(byte_buffer& out, const composite<T>& value, encode_context& context) {
    errc failed{};
    std::string_view separator = "(";
    const auto append = [&](const auto& member) {
      out.append(separator);
      separator = ",";
      return (failed = append_attribute_form(out, member, context)) == errc{};
    };
    v0::with_fields(value.value, [&](const auto&... members) { static_cast<void>((append(members) && ...)); });
    out.append(std::string_view{")"});
    return failed;
  }
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0

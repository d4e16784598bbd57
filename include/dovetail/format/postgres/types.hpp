// What is known of PostgreSQL's built-in types: names, arrays, the C++ types that their values go to.
#pragma once

#include <dovetail/format/postgres/oids.hpp>
#include <dovetail/row/field_kind.hpp>

#include <string_view>

namespace dovetail::inline v0::postgres {
namespace detail {

/// Types whose values go to the same C++ types.
enum class type_family : std::uint8_t {
  other,  // made by users, or without a binary form: text
  boolean,
  integer,
  number,  // unsigned
  real,
  numeric,
  text,
  bytes,
  json,
  uuid,
  date,
  time,
  timestamp,
  timestamptz,
  interval,
  native,  // a C++ type of its own, in this folder
};

struct type_entry {
  oid type;
  oid array;
  type_family family;
  const char* name;
  const char* array_name;
};

#define DOVETAIL_TYPE(type, array, family, name) \
  { type, array, type_family::family, name, name "[]" }
inline constexpr type_entry known_types[] = {
    DOVETAIL_TYPE(16, 1000, boolean, "boolean"),
    DOVETAIL_TYPE(17, 1001, bytes, "bytea"),
    DOVETAIL_TYPE(18, 1002, text, "\"char\""),
    DOVETAIL_TYPE(19, 1003, text, "name"),
    DOVETAIL_TYPE(20, 1016, integer, "bigint"),
    DOVETAIL_TYPE(21, 1005, integer, "smallint"),
    DOVETAIL_TYPE(23, 1007, integer, "integer"),
    DOVETAIL_TYPE(24, 1008, number, "regproc"),
    DOVETAIL_TYPE(25, 1009, text, "text"),
    DOVETAIL_TYPE(26, 1028, number, "oid"),
    DOVETAIL_TYPE(28, 1011, number, "xid"),
    DOVETAIL_TYPE(29, 1012, number, "cid"),
    DOVETAIL_TYPE(114, 199, json, "json"),
    DOVETAIL_TYPE(142, 143, text, "xml"),
    DOVETAIL_TYPE(600, 1017, native, "point"),
    DOVETAIL_TYPE(601, 1018, native, "lseg"),
    DOVETAIL_TYPE(602, 1019, native, "path"),
    DOVETAIL_TYPE(603, 1020, native, "box"),
    DOVETAIL_TYPE(604, 1027, native, "polygon"),
    DOVETAIL_TYPE(628, 629, native, "line"),
    DOVETAIL_TYPE(650, 651, native, "cidr"),
    DOVETAIL_TYPE(700, 1021, real, "real"),
    DOVETAIL_TYPE(701, 1022, real, "double precision"),
    DOVETAIL_TYPE(705, 0, text, "unknown"),
    DOVETAIL_TYPE(718, 719, native, "circle"),
    DOVETAIL_TYPE(774, 775, native, "macaddr8"),
    DOVETAIL_TYPE(790, 791, native, "money"),
    DOVETAIL_TYPE(829, 1040, native, "macaddr"),
    DOVETAIL_TYPE(869, 1041, native, "inet"),
    DOVETAIL_TYPE(1042, 1014, text, "character"),
    DOVETAIL_TYPE(1043, 1015, text, "character varying"),
    DOVETAIL_TYPE(1082, 1182, date, "date"),
    DOVETAIL_TYPE(1083, 1183, time, "time without time zone"),
    DOVETAIL_TYPE(1114, 1115, timestamp, "timestamp without time zone"),
    DOVETAIL_TYPE(1184, 1185, timestamptz, "timestamp with time zone"),
    DOVETAIL_TYPE(1186, 1187, interval, "interval"),
    DOVETAIL_TYPE(1266, 1270, native, "time with time zone"),
    DOVETAIL_TYPE(1560, 1561, native, "bit"),
    DOVETAIL_TYPE(1562, 1563, native, "bit varying"),
    DOVETAIL_TYPE(1700, 1231, numeric, "numeric"),
    DOVETAIL_TYPE(1790, 2201, text, "refcursor"),
    DOVETAIL_TYPE(2202, 2207, number, "regprocedure"),
    DOVETAIL_TYPE(2203, 2208, number, "regoper"),
    DOVETAIL_TYPE(2204, 2209, number, "regoperator"),
    DOVETAIL_TYPE(2205, 2210, number, "regclass"),
    DOVETAIL_TYPE(2206, 2211, number, "regtype"),
    DOVETAIL_TYPE(2249, 2287, native, "record"),
    DOVETAIL_TYPE(2278, 0, text, "void"),
    DOVETAIL_TYPE(2950, 2951, uuid, "uuid"),
    DOVETAIL_TYPE(3734, 3735, number, "regconfig"),
    DOVETAIL_TYPE(3769, 3770, number, "regdictionary"),
    DOVETAIL_TYPE(3802, 3807, json, "jsonb"),
    DOVETAIL_TYPE(3904, 3905, native, "int4range"),
    DOVETAIL_TYPE(3906, 3907, native, "numrange"),
    DOVETAIL_TYPE(3908, 3909, native, "tsrange"),
    DOVETAIL_TYPE(3910, 3911, native, "tstzrange"),
    DOVETAIL_TYPE(3912, 3913, native, "daterange"),
    DOVETAIL_TYPE(3926, 3927, native, "int8range"),
    DOVETAIL_TYPE(4089, 4090, number, "regnamespace"),
    DOVETAIL_TYPE(4096, 4097, number, "regrole"),
    DOVETAIL_TYPE(4191, 4192, number, "regcollation"),
    DOVETAIL_TYPE(4451, 6150, native, "int4multirange"),
    DOVETAIL_TYPE(4532, 6151, native, "nummultirange"),
    DOVETAIL_TYPE(4533, 6152, native, "tsmultirange"),
    DOVETAIL_TYPE(4534, 6153, native, "tstzmultirange"),
    DOVETAIL_TYPE(4535, 6155, native, "datemultirange"),
    DOVETAIL_TYPE(4536, 6157, native, "int8multirange"),
    DOVETAIL_TYPE(5069, 271, number, "xid8"),
};
#undef DOVETAIL_TYPE

struct known_type {
  const type_entry* entry = nullptr;
  bool is_array = false;
  bool is_known = false;  // false: not built in; GCC's UBSan lets no constant expression compare `entry` with null
};

constexpr known_type find_type(oid type) noexcept {
  if (type == 0) return {};
  for (const type_entry& entry : known_types) {
    if (entry.type == type) return {&entry, false, true};
    if (entry.array == type) return {&entry, true, true};
  }
  return {};
}

constexpr field_kinds kinds_of_family(type_family family) noexcept {
  using enum field_kind;
  switch (family) {
    case type_family::boolean:
      return boolean;
    case type_family::integer:
      return field_kinds{integer} | unsigned_integer | enumeration;
    case type_family::number:
      return field_kinds{unsigned_integer} | text;
    case type_family::real:
      return real;
    case type_family::numeric:
      return field_kinds{decimal} | text | unsigned_integer;  // as which std::uint64_t is sent
    case type_family::text:
      return field_kinds{text} | enumeration | json | native;
    case type_family::bytes:
      return bytes;
    case type_family::json:
      return field_kinds{json} | text;
    case type_family::uuid:
      return field_kinds{uuid} | text;
    case type_family::date:
      return date;
    case type_family::time:
      return field_kinds{time_of_day} | duration;
    case type_family::timestamp:
      return local_timestamp;
    case type_family::timestamptz:
      return timestamp;
    case type_family::interval:
      return field_kinds{native} | duration | text;
    case type_family::native:
      return field_kinds{native} | text;
    case type_family::other:
      break;
  }
  return field_kinds{text} | enumeration | native | list;
}

}  // namespace detail

/// The type in the words of psql: "bigint", "timestamp with time zone", "integer[]"; "a user-defined type" for those
/// that are not built in.
constexpr std::string_view type_name_of(oid type) noexcept {
  const detail::known_type found = detail::find_type(type);
  if (!found.is_known) return "a user-defined type";
  return found.is_array ? found.entry->array_name : found.entry->name;
}

/// The fields that a column of this type can fill.
constexpr field_kinds kinds_of(oid type) noexcept {
  const detail::known_type found = detail::find_type(type);
  if (found.is_array) return field_kinds{field_kind::list} | field_kind::native | field_kind::text;
  // Every type can be read as postgres::raw.
  return detail::kinds_of_family(!found.is_known ? detail::type_family::other : found.entry->family) |
         field_kind::native;
}

/// The fields whose values can be sent to a parameter or a column of this type. `native` says no more than that there
/// is such a type.
constexpr field_kinds sent_kinds_of(oid type) noexcept {
  using enum field_kind;
  const detail::known_type found = detail::find_type(type);
  if (!found.is_known) return field_kinds{text} | enumeration | native | list;
  if (found.is_array) return field_kinds{list} | text | native;
  const field_kinds integers = field_kinds{integer} | unsigned_integer;
  const field_kinds always = field_kinds{text} | native;
  switch (found.entry->family) {
    case detail::type_family::boolean:
      return always | boolean;
    case detail::type_family::integer:
      return always | integers | enumeration;
    case detail::type_family::number:
      return always | integers;
    case detail::type_family::real:
      return type == oids::float8 ? always | real | integers : always | real;
    case detail::type_family::numeric:
      return always | decimal | integers;
    case detail::type_family::text:
      return always | enumeration | (type == oids::text || type == oids::varchar ? field_kinds{json} : field_kinds{});
    case detail::type_family::bytes:
      return always | bytes;
    case detail::type_family::json:
      return always | json;
    case detail::type_family::uuid:
      return always | uuid;
    case detail::type_family::date:
    case detail::type_family::timestamp:
      return always | date | timestamp | local_timestamp;
    case detail::type_family::timestamptz:
      return always | date | timestamp;
    case detail::type_family::time:
    case detail::type_family::interval:
      return always | duration | time_of_day;
    default:
      return always;
  }
}

/// What to do with a column of this type that the field's type cannot take; empty when the kinds say it.
constexpr std::string_view advice_of(oid type) noexcept {
  const detail::known_type found = detail::find_type(type);
  if (!found.is_known) return "use std::string, an enum, or dt::postgres::raw";
  if (found.is_array) return "use std::vector of its element's type";
  switch (found.entry->family) {
    case detail::type_family::numeric:
      return "use dt::decimal, or cast it in the query: ::float8, ::bigint";
    case detail::type_family::timestamp:
      return "use std::chrono::local_time, or cast it in the query: at time zone 'utc', ::text";
    case detail::type_family::timestamptz:
      return "use std::chrono::sys_time, or cast it in the query: ::text";
    case detail::type_family::date:
      return "use std::chrono::year_month_day, or cast it in the query: ::text";
    case detail::type_family::time:
      return "use std::chrono::microseconds, or std::chrono::hh_mm_ss, or cast it in the query: ::text";
    case detail::type_family::interval:
      return "use dt::postgres::interval, or std::chrono::microseconds";
    case detail::type_family::number:
      return "use std::uint32_t, or std::string";
    case detail::type_family::native:
      return "use its type in dt::postgres, or std::string";
    default:
      return {};
  }
}

/// The array type of an element type; 0 when it is not built in.
constexpr oid array_of(oid element) noexcept {
  const detail::known_type found = detail::find_type(element);
  return !found.is_known || found.is_array ? 0 : found.entry->array;
}

/// The type of an array's elements; 0 when `array` is no built-in array.
constexpr oid element_of(oid array) noexcept {
  const detail::known_type found = detail::find_type(array);
  return found.is_array ? found.entry->type : 0;
}

/// Whether a column of this type is to be asked for in binary format, when it fills a field of this kind. Types that we
/// do not know, and other types that go to strings, come as the server's own text.
constexpr bool is_asked_in_binary(oid type, field_kind field) noexcept {
  const detail::known_type found = detail::find_type(type);
  if (!found.is_known) return field == field_kind::native || field == field_kind::list;
  if (field != field_kind::text) return true;
  return !found.is_array && (found.entry->family == detail::type_family::text || type == oids::json);
}

/// What a value of a column without a field is: see `dt::row_value`.
constexpr field_kind dynamic_kind_of(oid type) noexcept {
  const detail::known_type found = detail::find_type(type);
  if (!found.is_known) return field_kind::text;
  if (found.is_array) return field_kind::list;
  switch (found.entry->family) {
    case detail::type_family::boolean:
      return field_kind::boolean;
    case detail::type_family::integer:
      return field_kind::integer;
    case detail::type_family::real:
      return field_kind::real;
    case detail::type_family::bytes:
      return field_kind::bytes;
    case detail::type_family::numeric:
      return field_kind::decimal;
    case detail::type_family::json:
      return field_kind::json;
    case detail::type_family::uuid:
      return field_kind::uuid;
    case detail::type_family::date:
      return field_kind::date;
    case detail::type_family::time:
      return field_kind::time_of_day;
    case detail::type_family::timestamp:
      return field_kind::local_timestamp;
    case detail::type_family::timestamptz:
      return field_kind::timestamp;
    case detail::type_family::interval:
      return field_kind::duration;
    default:
      return field_kind::text;
  }
}

/// Whether such a value is asked for in binary format.
constexpr bool is_dynamic_binary(oid type) noexcept {
  const field_kind kind = dynamic_kind_of(type);
  return kind == field_kind::boolean || kind == field_kind::integer || kind == field_kind::real ||
         kind == field_kind::bytes;
}

}  // namespace dovetail::inline v0::postgres

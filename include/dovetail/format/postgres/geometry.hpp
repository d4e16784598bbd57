// Points, lines, boxes, paths, polygons and circles.
#pragma once

#include <dovetail/format/postgres/native.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

struct point {
  double x = 0;
  double y = 0;
  friend constexpr bool operator==(const point&, const point&) noexcept = default;
};

/// The endless line Ax + By + C = 0.
struct line {
  double a = 0;
  double b = 0;
  double c = 0;
  friend constexpr bool operator==(const line&, const line&) noexcept = default;
};

/// A line between two points.
struct lseg {
  point from;
  point to;
  friend constexpr bool operator==(const lseg&, const lseg&) noexcept = default;
};

/// A rectangle; the server puts the corners into this order.
struct box {
  point upper_right;
  point lower_left;
  friend constexpr bool operator==(const box&, const box&) noexcept = default;
};

struct path {
  std::vector<point> points;
  bool is_closed = false;
  friend bool operator==(const path&, const path&) = default;
};

struct polygon {
  std::vector<point> points;
  friend bool operator==(const polygon&, const polygon&) = default;
};

struct circle {
  point center;
  double radius = 0;
  friend constexpr bool operator==(const circle&, const circle&) noexcept = default;
};

namespace detail {

/// Shapes of a fixed number of coordinates, and those that are a list of points.
template <class T>
struct shape_coordinates;
template <>
struct shape_coordinates<point> {
  static constexpr oid type = oids::point;
  template <class S, class F>
  static bool each(S& s, F&& f) {
    return f(s.x) && f(s.y);
  }
};
template <>
struct shape_coordinates<line> {
  static constexpr oid type = oids::line;
  template <class S, class F>
  static bool each(S& s, F&& f) {
    return f(s.a) && f(s.b) && f(s.c);
  }
};
template <>
struct shape_coordinates<lseg> {
  static constexpr oid type = oids::lseg;
  template <class S, class F>
  static bool each(S& s, F&& f) {
    return f(s.from.x) && f(s.from.y) && f(s.to.x) && f(s.to.y);
  }
};
template <>
struct shape_coordinates<box> {
  static constexpr oid type = oids::box;
  template <class S, class F>
  static bool each(S& s, F&& f) {
    return f(s.upper_right.x) && f(s.upper_right.y) && f(s.lower_left.x) && f(s.lower_left.y);
  }
};
template <>
struct shape_coordinates<circle> {
  static constexpr oid type = oids::circle;
  template <class S, class F>
  static bool each(S& s, F&& f) {
    return f(s.center.x) && f(s.center.y) && f(s.radius);
  }
};

template <class T>
concept fixed_shape = requires {
  shape_coordinates<T>::type;
};

bool take_points(part_reader& reader, std::vector<point>& out);

errc append_points(byte_buffer& out, const std::vector<point>& points, encode_context& context);

}  // namespace detail
}  // namespace dovetail::inline v0::postgres

namespace dovetail::inline v0 {

template <postgres::detail::fixed_shape T>
inline constexpr bool detail::is_native_value<T> = true;
template <>
inline constexpr bool detail::is_native_value<postgres::path> = true;
template <>
inline constexpr bool detail::is_native_value<postgres::polygon> = true;

namespace postgres::detail {

template <fixed_shape T>
struct native_codec<T> {
  using coordinates = shape_coordinates<T>;

  static constexpr bool takes(oid type) noexcept { return type == coordinates::type; }
  static constexpr oid type() noexcept { return coordinates::type; }
  static errc decode(const value_ref& value, T& out, decode_context&) noexcept {
    part_reader reader{value.bytes()};
    const bool is_whole = coordinates::each(out, [&](double& each) { return reader.take(each); });
    return is_whole && reader.at_end() ? errc{} : errc::malformed_value;
  }
  static errc encode(byte_buffer& out, const T& value, oid wanted, encode_context& context) {
    if (wanted != type()) return context.refuse("the parameter is of another type", errc::malformed_value);
    coordinates::each(value, [&](double each) { return out.append_big(std::bit_cast<std::uint64_t>(each)), true; });
    return errc{};
  }
};

template <>
struct native_codec<path> {
  static constexpr bool takes(oid type) noexcept { return type == oids::path; }
  static constexpr oid type() noexcept { return oids::path; }
  static errc decode(const value_ref& value, path& out, decode_context&) {
    part_reader reader{value.bytes()};
    std::uint8_t is_closed = 0;
    if (!reader.take(is_closed) || is_closed > 1 || !take_points(reader, out.points)) return errc::malformed_value;
    out.is_closed = is_closed != 0;
    return errc{};
  }
  static errc encode(byte_buffer& out, const path& value, oid wanted, encode_context& context) {
    if (wanted != oids::path) return context.refuse("the parameter is no path", errc::malformed_value);
    *out.grow(1) = std::byte{value.is_closed};
    return append_points(out, value.points, context);
  }
};

template <>
struct native_codec<polygon> {
  static constexpr bool takes(oid type) noexcept { return type == oids::polygon; }
  static constexpr oid type() noexcept { return oids::polygon; }
  static errc decode(const value_ref& value, polygon& out, decode_context&) {
    part_reader reader{value.bytes()};
    return take_points(reader, out.points) ? errc{} : errc::malformed_value;
  }
  static errc encode(byte_buffer& out, const polygon& value, oid wanted, encode_context& context) {
    if (wanted != oids::polygon) return context.refuse("the parameter is no polygon", errc::malformed_value);
    return append_points(out, value.points, context);
  }
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {
namespace detail {

[[gnu::noinline]] DOVETAIL_DEFINE bool take_points(part_reader& reader, std::vector<point>& out) {
  std::uint32_t count = 0;
  if (!reader.take(count) || reader.left() != std::uint64_t{count} * 16) return false;
  out.resize(count);
  for (point& each : out) static_cast<void>(reader.take(each.x) && reader.take(each.y));
  return true;
}

[[gnu::noinline]] DOVETAIL_DEFINE errc append_points(byte_buffer& out, const std::vector<point>& points,
                                                     encode_context& context) {
  // path_recv and polygon_recv refuse none, and what does not fit their size.
  if (points.empty() || points.size() > 0x7FFF'FFFF / sizeof(point) - 4) {
    return context.refuse("PostgreSQL takes no path or polygon of so many points");
  }
  out.append_big(static_cast<std::uint32_t>(points.size()));
  for (const point& each : points) {
    out.append_big(std::bit_cast<std::uint64_t>(each.x));
    out.append_big(std::bit_cast<std::uint64_t>(each.y));
  }
  return errc{};
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif

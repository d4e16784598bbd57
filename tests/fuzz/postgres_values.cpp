// Any bytes are read as values and rows of PostgreSQL without harm, and what was read and sent reads as the same.
#include <dovetail/format/json.hpp>
#include <dovetail/format/postgres/bits.hpp>
#include <dovetail/format/postgres/composite.hpp>
#include <dovetail/format/postgres/geometry.hpp>
#include <dovetail/format/postgres/money.hpp>
#include <dovetail/format/postgres/network.hpp>
#include <dovetail/format/postgres/range.hpp>
#include <dovetail/format/postgres/raw.hpp>
#include <dovetail/format/postgres/time_tz.hpp>
#include <dovetail/format/postgres/value_reader.hpp>
#include <dovetail/format/postgres/value_writer.hpp>
#include <dovetail/row/plan.hpp>

#include <chrono>
#include <cstdlib>

namespace fuzzed {

struct inner {
  std::int32_t number = 0;
  std::optional<std::string> text;
};

struct row {
  std::int64_t a = 0;
  std::int32_t b = 0;
  double c = 0;
  bool d = false;
  std::string e;
  std::chrono::sys_time<std::chrono::microseconds> f{};
  dovetail::uuid g;
  std::optional<std::string> h;
  std::optional<std::vector<std::optional<std::int32_t>>> i;
};

}  // namespace fuzzed

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;
namespace oids = dovetail::postgres::oids;

template <class T>
bool read_value(dt::byte_view bytes, pg::oid type, bool is_binary, T& out) {
  std::string words;
  pg::detail::decode_context context{&words};
  const pg::value_ref value{bytes.data(), static_cast<std::int32_t>(bytes.size()), type, is_binary};
  return pg::detail::decode_value(value, out, context) == dt::errc{};
}

/// Sends what was read: it must read as a value that is sent as the same bytes.
template <class T>
void round_trip(dt::byte_view bytes, pg::oid type, bool is_binary) {
  T first{};
  if (!read_value(bytes, type, is_binary, first)) return;
  dt::byte_buffer written;
  bool is_text = false;
  const char* why = "";
  if (pg::write_parameter(written, first, type, is_text, why) != dt::errc{}) {
    if (*why == '\0') std::abort();
    return;  // out of the server's range
  }
  T second{};
  if (!read_value(written.view().subspan(4), type, !is_text, second)) std::abort();
  dt::byte_buffer again;
  if (pg::write_parameter(again, second, type, is_text, why) != dt::errc{}) std::abort();
  if (dt::as_text(again.view()) != dt::as_text(written.view())) std::abort();
}

template <class T>
void read_only(dt::byte_view bytes, pg::oid type, bool is_binary) {
  T value{};
  read_value(bytes, type, is_binary, value);
}

void read_as_everything(unsigned choice, dt::byte_view bytes, bool is_binary) {
  using namespace std::chrono;
  using microseconds_64 = duration<std::int64_t, std::micro>;
  switch (choice) {
    case 0:
      return round_trip<dt::decimal>(bytes, oids::numeric, is_binary);
    case 1:
      return round_trip<sys_time<microseconds_64>>(bytes, oids::timestamptz, is_binary);
    case 2:
      return round_trip<local_time<seconds>>(bytes, oids::timestamp, is_binary);
    case 3:
      round_trip<year_month_day>(bytes, oids::date, is_binary);
      return round_trip<sys_days>(bytes, oids::date, is_binary);
    case 4:
      round_trip<pg::interval>(bytes, oids::interval, is_binary);
      return round_trip<microseconds_64>(bytes, oids::interval, is_binary);
    case 5:
      return round_trip<hh_mm_ss<microseconds_64>>(bytes, oids::time, is_binary);
    case 6:
      return round_trip<std::vector<std::optional<std::int32_t>>>(bytes, 1007, is_binary);
    case 7:
      return round_trip<std::vector<std::vector<double>>>(bytes, 1022, is_binary);
    case 8:
      return round_trip<std::vector<std::optional<dt::decimal>>>(bytes, 1231, is_binary);
    case 9:
      return round_trip<pg::range<std::int32_t>>(bytes, oids::int4range, is_binary);
    case 10:
      return round_trip<pg::multirange<dt::decimal>>(bytes, oids::nummultirange, is_binary);
    case 11:
      return round_trip<pg::composite<fuzzed::inner>>(bytes, oids::record, is_binary);
    case 12:
      return read_only<std::vector<std::optional<pg::composite<fuzzed::inner>>>>(bytes, 16390, is_binary);
    case 13:
      round_trip<pg::inet>(bytes, oids::inet, is_binary);
      return round_trip<std::vector<pg::inet>>(bytes, 1041, is_binary);
    case 14:
      return round_trip<pg::bits>(bytes, oids::varbit, is_binary);
    case 15:
      round_trip<pg::path>(bytes, oids::path, is_binary);
      return round_trip<pg::polygon>(bytes, oids::polygon, is_binary);
    case 16:
      return round_trip<pg::time_tz>(bytes, oids::timetz, is_binary);
    case 17:
      return read_only<dt::json_value<fuzzed::inner>>(bytes, oids::jsonb, is_binary);
    case 18:
      read_only<std::string>(bytes, oids::numeric, is_binary);
      read_only<std::string>(bytes, oids::jsonb, is_binary);
      return round_trip<std::vector<std::byte>>(bytes, oids::bytea, is_binary);
    case 19:
      round_trip<std::int64_t>(bytes, oids::int8, is_binary);
      round_trip<std::uint16_t>(bytes, oids::int4, is_binary);
      round_trip<std::uint32_t>(bytes, oids::oid_, is_binary);
      round_trip<float>(bytes, oids::float4, is_binary);
      return round_trip<double>(bytes, oids::float8, is_binary);
    case 20:
      round_trip<pg::circle>(bytes, oids::circle, is_binary);
      round_trip<pg::money>(bytes, oids::money, is_binary);
      round_trip<pg::macaddr8>(bytes, oids::macaddr8, is_binary);
      return round_trip<pg::raw>(bytes, 16400, is_binary);
    default:
      return read_only<std::vector<std::vector<std::vector<std::string>>>>(bytes, 1009, is_binary);
  }
}

/// The straight path and the one over a table must agree.
void read_rows(dt::byte_view body) {
  const dt::binding bound{{0, 1, 2, 3, 4, 5, 6, 7, 8}};
  const std::vector<pg::column_type> columns{{oids::int8},    {oids::int4}, {oids::float8},
                                             {oids::boolean}, {oids::text}, {oids::timestamptz},
                                             {oids::uuid},    {oids::text}, {1007}};
  pg::row_source straight;
  straight.describe(columns, dt::row_plan<fuzzed::row>::description, bound);
  pg::row_source mapped;
  mapped.describe(columns);
  fuzzed::row first;
  fuzzed::row second;
  const dt::read_status one = straight.read_row<fuzzed::row>(body, first, bound);
  const dt::read_status other = mapped.read_row<fuzzed::row>(body, second, bound);
  if ((one.code == dt::errc{}) != (other.code == dt::errc{})) std::abort();
  if (one.code == dt::errc{} && (first.e != second.e || first.a != second.a || first.i != second.i)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const dt::byte_view bytes{reinterpret_cast<const std::byte*>(data) + 1, size - 1};
  if ((data[0] & 0x80) != 0) {
    read_rows(bytes);
  } else {
    read_as_everything(data[0] & 0x1F, bytes, (data[0] & 0x40) == 0);
  }
  return 0;
}

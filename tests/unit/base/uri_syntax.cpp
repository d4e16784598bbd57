#include <dovetail/base/uri_syntax.hpp>

#include <gtest/gtest.h>

#include <string_view>

namespace {

namespace detail = dovetail::detail;
using detail::uri_mistake;
using detail::uri_part;

struct split_case {
  std::string_view text, scheme, user, password, hosts, path, query;
};

constexpr split_case split_cases[] = {
    {"sqlite::memory:", "sqlite", "", "", "", ":memory:", ""},
    {"sqlite:a/b.db?x=1", "sqlite", "", "", "", "a/b.db", "x=1"},
    {"sqlite:?x", "sqlite", "", "", "", "", "x"},
    {"sqlite:/abs", "sqlite", "", "", "", "/abs", ""},
    {"sqlite:///abs", "sqlite", "", "", "", "/abs", ""},
    {"kv://h", "kv", "", "", "h", "", ""},
    {"kv://h/", "kv", "", "", "h", "/", ""},
    {"kv://h?a=/b?c", "kv", "", "", "h", "", "a=/b?c"},
    {"kv://u@h:1/p/q/?", "kv", "u", "", "h:1", "/p/q/", ""},
    {"kv://u:p@h1,h2:2/d?a=1&b", "kv", "u", "p", "h1,h2:2", "/d", "a=1&b"},
    {"kv://u:a:b@h", "kv", "u", "a:b", "h", "", ""},
    {"kv://u:p@ss@h", "kv", "u", "p@ss", "h", "", ""},
    {"kv://:p@h", "kv", "", "p", "h", "", ""},
    {"kv://u:@h", "kv", "u", "", "h", "", ""},
    {"kv://u:p@[::1]:1/x", "kv", "u", "p", "[::1]:1", "/x", ""},
    {"kv+tls-1.2://h", "kv+tls-1.2", "", "", "h", "", ""},
    {"kv:///", "kv", "", "", "", "/", ""},
    {"kv://", "kv", "", "", "", "", ""},
};

constexpr bool holds(const split_case& each) {
  const detail::uri_parts parts = detail::split_uri(each.text);
  const auto is_at_its_place = [&each](detail::uri_piece piece) {
    return each.text.substr(piece.position, piece.text.size()) == piece.text;
  };
  return parts.problem.what == uri_mistake::none && parts.scheme.text == each.scheme && parts.user.text == each.user &&
         parts.password.text == each.password && parts.hosts.text == each.hosts && parts.path.text == each.path &&
         parts.query.text == each.query && is_at_its_place(parts.user) && is_at_its_place(parts.password) &&
         is_at_its_place(parts.hosts) && is_at_its_place(parts.path) && is_at_its_place(parts.query);
}

constexpr bool all_split_cases_hold() {
  for (const split_case& each : split_cases) {
    if (!holds(each)) return false;
  }
  return true;
}
static_assert(all_split_cases_hold());

TEST(UriSyntax, PartsAreFoundWithTheirPlaces) {
  for (const split_case& each : split_cases) EXPECT_TRUE(holds(each)) << each.text;
}

struct mistake_case {
  std::string_view text;
  uri_mistake what;
  uri_part part;
  std::size_t position;
};

constexpr mistake_case mistake_cases[] = {
    {"", uri_mistake::empty, uri_part::whole, 0},
    {"host", uri_mistake::no_scheme, uri_part::whole, 0},
    {"/path:x", uri_mistake::no_scheme, uri_part::whole, 0},
    {" kv://h", uri_mistake::no_scheme, uri_part::whole, 0},
    {"1kv://h", uri_mistake::no_scheme, uri_part::whole, 0},
    {"://h", uri_mistake::no_scheme, uri_part::whole, 0},
    {"kv://h\n", uri_mistake::control_character, uri_part::whole, 6},
    {"kv://h/\x7F", uri_mistake::control_character, uri_part::whole, 7},
    {"kv://u:p#w@h", uri_mistake::fragment, uri_part::whole, 8},
    {"kv://u:p/w@h/d", uri_mistake::at_in_path, uri_part::path, 8},
    {"kv://u%@h", uri_mistake::bad_escape, uri_part::user, 6},
    {"kv://u:%4@h", uri_mistake::bad_escape, uri_part::password, 7},
    {"kv://u:%g0@h", uri_mistake::bad_escape, uri_part::password, 7},
    {"kv://u:ab%00@h", uri_mistake::zero_byte, uri_part::password, 9},
    {"kv://h/50%", uri_mistake::bad_escape, uri_part::path, 9},
    {"sqlite:100%.db", uri_mistake::bad_escape, uri_part::path, 10},
};

constexpr bool holds(const mistake_case& each) {
  const detail::uri_problem problem = detail::split_uri(each.text).problem;
  return problem.what == each.what && problem.part == each.part && problem.position == each.position;
}

constexpr bool all_mistake_cases_hold() {
  for (const mistake_case& each : mistake_cases) {
    if (!holds(each)) return false;
  }
  return true;
}
static_assert(all_mistake_cases_hold());

TEST(UriSyntax, MistakesAreFoundWithPartAndPlace) {
  for (const mistake_case& each : mistake_cases) EXPECT_TRUE(holds(each)) << each.text;
}

struct host_case {
  std::string_view text;
  uri_mistake what;
  std::string_view name{};
  std::uint16_t port = 0;
  bool is_ipv6 = false;
};

constexpr host_case host_cases[] = {
    {"h", uri_mistake::none, "h"},
    {"h:1", uri_mistake::none, "h", 1},
    {"h:65535", uri_mistake::none, "h", 65535},
    {"h:0080", uri_mistake::none, "h", 80},
    {"127.0.0.1:80", uri_mistake::none, "127.0.0.1", 80},
    {"[::]", uri_mistake::none, "::", 0, true},
    {"[::1]:5432", uri_mistake::none, "::1", 5432, true},
    {"[fe80::1%25eth0]:1", uri_mistake::none, "fe80::1%25eth0", 1, true},
    {"%2Fvar%2Frun", uri_mistake::none, "%2Fvar%2Frun"},
    {"", uri_mistake::empty_host},
    {":1", uri_mistake::empty_host},
    {"h:", uri_mistake::empty_port},
    {"h:0", uri_mistake::bad_port},
    {"h:65536", uri_mistake::bad_port},
    {"h:99999999999999999999", uri_mistake::bad_port},
    {"h:+1", uri_mistake::bad_port},
    {"h:-1", uri_mistake::bad_port},
    {"h:1a", uri_mistake::bad_port},
    {"h: 1", uri_mistake::bad_port},
    {"h:1:2", uri_mistake::missing_brackets},
    {"::1", uri_mistake::missing_brackets},
    {"fe80::1:8080", uri_mistake::missing_brackets},
    {"[::1", uri_mistake::open_bracket},
    {"[::1]1", uri_mistake::behind_bracket},
    {"[::1]:", uri_mistake::empty_port},
    {"[::1]:x", uri_mistake::bad_port},
    {"[]", uri_mistake::no_ip_address},
    {"[host]", uri_mistake::no_ip_address},
    {"[127.0.0.1]", uri_mistake::no_ip_address},
    {"[fe80::1%eth0]", uri_mistake::no_ip_address},
    {"[fe80::1%25]", uri_mistake::no_ip_address},
    {"h]", uri_mistake::bad_host},
    {"a b", uri_mistake::bad_host},
    {"h\\x", uri_mistake::bad_host},
    {"h%", uri_mistake::bad_escape},
    {"h%00", uri_mistake::zero_byte},
};

constexpr bool holds(const host_case& each) {
  detail::uri_piece rest{each.text, 0};
  detail::uri_host_parts host;
  const detail::uri_problem problem = detail::take_host(rest, 3, host);
  if (problem.what != each.what || !rest.empty()) return false;
  if (each.what != uri_mistake::none) return problem.part == uri_part::host && problem.ordinal == 3;
  return host.name.text == each.name && host.port == each.port && host.is_ipv6 == each.is_ipv6;
}

constexpr bool all_host_cases_hold() {
  for (const host_case& each : host_cases) {
    if (!holds(each)) return false;
  }
  return true;
}
static_assert(all_host_cases_hold());

TEST(UriSyntax, HostsAndPortsAreReadOrRefused) {
  for (const host_case& each : host_cases) EXPECT_TRUE(holds(each)) << each.text;
}

constexpr std::string_view addresses[] = {
    "::",
    "::1",
    "1::",
    "1::8",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "2001:db8::ff00:42:8329",
    "::ffff:192.0.2.1",
    "1:2:3:4:5:6:1.2.3.4",
    "ABCD:EF01::",
    "0000::0000",
    "1::1.2.3.4",
};
constexpr std::string_view no_addresses[] = {
    "",
    ":",
    ":::",
    "1",
    "1:",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "12345::",
    "g::",
    "::1:",
    ":1::",
    ":1",
    "1.2.3.4",
    "::1.2.3",
    "::1.2.3.256",
    "::1.2.3.04",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "1:2:3:4:5:6:7:8::",
    "::1.2.3.4.5",
    "::+1.2.3.4",
};

constexpr bool addresses_are_told_from_others() {
  for (const std::string_view text : addresses) {
    if (!detail::is_ipv6_address(text)) return false;
  }
  for (const std::string_view text : no_addresses) {
    if (detail::is_ipv6_address(text)) return false;
  }
  return true;
}
static_assert(addresses_are_told_from_others());

TEST(UriSyntax, IPv6AddressesAreToldFromOtherTexts) {
  for (const std::string_view text : addresses) EXPECT_TRUE(detail::is_ipv6_address(text)) << text;
  for (const std::string_view text : no_addresses) EXPECT_FALSE(detail::is_ipv6_address(text)) << text;
}

constexpr bool parameters_are_taken_one_by_one() {
  detail::uri_piece rest{"a=b=c&&flag&x=&=y&z=%4", 10};
  detail::uri_parameter_parts p;
  const auto take = [&] { return detail::take_parameter(rest, 0, p).what; };
  if (take() != uri_mistake::none || p.name.text != "a" || p.value.text != "b=c" || !p.has_value) return false;
  if (take() != uri_mistake::none || !p.name.empty() || p.has_value) return false;
  if (take() != uri_mistake::none || p.name.text != "flag" || !p.value.empty() || p.has_value) return false;
  if (take() != uri_mistake::none || p.name.text != "x" || !p.value.empty() || !p.has_value) return false;
  if (take() != uri_mistake::unnamed_parameter) return false;
  return take() == uri_mistake::bad_escape && rest.empty() && p.value.position == 30;
}
static_assert(parameters_are_taken_one_by_one());

TEST(UriSyntax, ParametersAreTakenOneByOne) { EXPECT_TRUE(parameters_are_taken_one_by_one()); }

constexpr bool escapes_are_decoded() {
  char out[16]{};
  const char* const end = detail::decode_escapes(out, "a%20b%2Bc+%c3%BC");
  return std::string_view{out, static_cast<std::size_t>(end - out)} == "a b+c+\xC3\xBC";
}
static_assert(escapes_are_decoded());

TEST(UriSyntax, EscapesOfEitherCaseAreDecodedAndAPlusStays) { EXPECT_TRUE(escapes_are_decoded()); }

constexpr bool passwords_are_suspected() {
  return detail::split_uri("kv://u:1?w@h/d").may_hide_password &&
         detail::split_uri("kv://h/d?mail=a@b").may_hide_password &&
         detail::split_uri("kv://h/d?mail=a%40b").may_hide_password &&
         !detail::split_uri("kv://h/d?mail=a%2540b").may_hide_password &&
         detail::split_uri("kv:u:p@h").may_hide_password && !detail::split_uri("kv://u:p@h/d?x=1").may_hide_password &&
         !detail::split_uri("sqlite::memory:").may_hide_password;
}
static_assert(passwords_are_suspected());

TEST(UriSyntax, AnAtBehindTheHostIsSuspectedToEndAPassword) { EXPECT_TRUE(passwords_are_suspected()); }

}  // namespace

// Numbers of PostgreSQL's built-in types, as its catalogue pg_type has them.
#pragma once

#include <cstdint>

namespace dovetail::inline v0::postgres {

/// The number of a type. Built-in types have the same on every server; types made by users differ between databases.
using oid = std::uint32_t;

/// Built-in types, by the names of their catalogue. Source: pg_type.dat.
namespace oids {

inline constexpr oid unspecified = 0;  ///< in Parse: the server infers the parameter's type
inline constexpr oid boolean = 16;
inline constexpr oid bytea = 17;
inline constexpr oid char_ = 18;  ///< "char": one byte
inline constexpr oid name = 19;
inline constexpr oid int8 = 20;
inline constexpr oid int2 = 21;
inline constexpr oid int4 = 23;
inline constexpr oid text = 25;
inline constexpr oid oid_ = 26;
inline constexpr oid xid = 28;
inline constexpr oid cid = 29;
inline constexpr oid json = 114;
inline constexpr oid xml = 142;
inline constexpr oid point = 600;
inline constexpr oid lseg = 601;
inline constexpr oid path = 602;
inline constexpr oid box = 603;
inline constexpr oid polygon = 604;
inline constexpr oid line = 628;
inline constexpr oid cidr = 650;
inline constexpr oid float4 = 700;
inline constexpr oid float8 = 701;
inline constexpr oid unknown = 705;
inline constexpr oid circle = 718;
inline constexpr oid macaddr8 = 774;
inline constexpr oid money = 790;
inline constexpr oid macaddr = 829;
inline constexpr oid inet = 869;
inline constexpr oid bpchar = 1042;
inline constexpr oid varchar = 1043;
inline constexpr oid date = 1082;
inline constexpr oid time = 1083;
inline constexpr oid timestamp = 1114;
inline constexpr oid timestamptz = 1184;
inline constexpr oid interval = 1186;
inline constexpr oid timetz = 1266;
inline constexpr oid bit = 1560;
inline constexpr oid varbit = 1562;
inline constexpr oid numeric = 1700;
inline constexpr oid record = 2249;
inline constexpr oid void_ = 2278;
inline constexpr oid uuid = 2950;
inline constexpr oid jsonb = 3802;
inline constexpr oid int4range = 3904;
inline constexpr oid numrange = 3906;
inline constexpr oid tsrange = 3908;
inline constexpr oid tstzrange = 3910;
inline constexpr oid daterange = 3912;
inline constexpr oid int8range = 3926;
inline constexpr oid int4multirange = 4451;
inline constexpr oid nummultirange = 4532;
inline constexpr oid tsmultirange = 4533;
inline constexpr oid tstzmultirange = 4534;
inline constexpr oid datemultirange = 4535;
inline constexpr oid int8multirange = 4536;
inline constexpr oid xid8 = 5069;

}  // namespace oids

/// Types made by users have this number or a higher one (FirstNormalObjectId).
inline constexpr oid first_user_type = 16384;

}  // namespace dovetail::inline v0::postgres

// The format of `json_value` fields: included by whoever has such fields, and by nobody else.
#pragma once

namespace dovetail::inline v0 {

struct json;

namespace detail {

/// `json`, once it is known. For `T`, a field's type, so that the header may come behind the client's.
template <class T, class Format = json>
struct json_format {
  static_assert(
      requires { sizeof(Format); }, "dovetail: dt::json_value needs #include <dovetail/format/json.hpp>");
  using type = Format;
};

}  // namespace detail
}  // namespace dovetail::inline v0

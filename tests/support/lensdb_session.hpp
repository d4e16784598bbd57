// What tests of LensDB dialogues share: an open session, frames by name, a value format for numbers.
#pragma once

#include <dovetail/codec/lensdb/session.hpp>
#include <dovetail/format/lensdb/ldbd_v1.hpp>
#include <dovetail/format/lensdb/reply.hpp>

#include <charconv>
#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lensdb_test {

namespace dt = dovetail;
namespace lensdb = dovetail::lensdb;

/// Numbers as decimal digits: enough of a value format for tests that are not about formats.
struct digits {
  template <class T>
  static void encode(const T& value, std::string& out) {
    out += std::to_string(value);
  }
  template <class T>
  static dt::result<T> decode(std::string_view text) {
    T value{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size()) return dt::errc::malformed_value;
    return value;
  }
};

template <class D = lensdb::lens_v1>
std::vector<std::byte> reply(lensdb::status status, std::string_view data, std::string_view message = {}) {
  const lensdb::reply answer{status, data, message};
  std::vector<std::byte> bytes(lensdb::frame_size<D>(answer));
  lensdb::frame<D>(answer, bytes);
  return bytes;
}

template <class D = lensdb::lens_v1>
std::vector<std::byte> ok(std::string_view data = "OK") {
  return reply<D>(lensdb::status::success, data);
}

template <class D = lensdb::lens_v1>
std::vector<std::byte> request(lensdb::operation code, std::string_view key = {}, std::string_view value = {},
                               std::uint32_t flags = 0) {
  return lensdb::frame<D>(lensdb::any_request{code, key, value, flags});
}

/// A session as it is after a good start, without one: each call of `fresh()` gives a new one.
template <class D = lensdb::lens_v1>
class session_maker {
 public:
  explicit session_maker(const lensdb::session_limits& limits = {}) : limits_(limits) { fresh(); }

  lensdb::session<D>& fresh() {
    session_ = std::make_unique<lensdb::session<D>>(limits_);
    session_->state().set_health(dt::session_health::idle);
    return *session_;
  }
  lensdb::session<D>& operator*() noexcept { return *session_; }
  lensdb::session<D>* operator->() noexcept { return session_.get(); }
  dt::session_health health() const noexcept { return session_->health(); }

 private:
  lensdb::session_limits limits_;
  std::unique_ptr<lensdb::session<D>> session_;
};

}  // namespace lensdb_test

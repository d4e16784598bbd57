// Writes the heads of requests and responses.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/format/http1/characters.hpp>
#include <dovetail/format/http1/date.hpp>
#include <dovetail/format/http1/problem.hpp>
#include <dovetail/format/http1/status.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>

namespace dovetail::inline v0::http1 {

/// Writes one head behind what `out` has. What could end a line, or make another field or message of a value, is
/// refused; the first refusal is kept for `end()`. Lifetime: borrows `out`. Does not add fields of its own: Host,
/// Content-Length or Transfer-Encoding are the caller's.
class head_writer {
 public:
  explicit head_writer(byte_buffer& out) noexcept : out_(&out), begin_(out.size()) {}

  /// `target` is escaped already (`append_escaped`).
  head_writer& request(std::string_view method, std::string_view target) {
    bool is_good = is_fresh() && detail::is_token(method) && !target.empty();
    for (const char c : target) is_good = is_good && c > ' ' && c < 0x7F && c != '#';
    if (!is_good) return refuse(problem::refused_start_line);
    return put({method, " ", target, " HTTP/1.1\r\n"});
  }

  head_writer& response(unsigned status) { return response(status, reason_of(status)); }
  head_writer& response(unsigned status, std::string_view reason) {
    if (!is_fresh() || status < 100 || status > 999 || !is_value(reason)) return refuse(problem::refused_start_line);
    const char digits[] = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                           static_cast<char>('0' + status % 10)};
    return put({"HTTP/1.1 ", {digits, sizeof digits}, " ", reason, "\r\n"});
  }

  head_writer& field(std::string_view name, std::string_view value) {
    if (out_->size() == begin_) return refuse(problem::refused_start_line);
    if (!detail::is_token(name)) return refuse(problem::refused_name);
    if (!is_value(value)) return refuse(problem::refused_value);
    return put({name, ": ", value, "\r\n"});
  }
  head_writer& field(std::string_view name, std::uint64_t value) {
    char digits[20];
    char* begin = digits + sizeof digits;
    do {
      *--begin = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    return field(name, std::string_view{begin, static_cast<std::size_t>(digits + sizeof digits - begin)});
  }

  /// The field Date.
  head_writer& date(std::chrono::sys_seconds now) {
    char text[http_date_size];
    write_http_date(text, now);
    return field("Date", {text, sizeof text});
  }

  /// Ends the head. After a refusal `out` is as it was before.
  [[nodiscard]] problem end() {
    if (why_ == problem::none && out_->size() == begin_) why_ = problem::refused_start_line;
    if (why_ == problem::none) {
      put({"\r\n"});
    } else {
      out_->truncate(begin_);
    }
    return why_;
  }

 private:
  bool is_fresh() const noexcept { return out_->size() == begin_; }

  static bool is_value(std::string_view text) noexcept {
    for (std::size_t at = 0; (at = detail::find_control(text, at)) < text.size(); ++at) {
      if (text[at] != '\t') return false;
    }
    return true;
  }

  head_writer& refuse(problem why) noexcept {
    if (why_ == problem::none) why_ = why;
    return *this;
  }

  head_writer& put(std::initializer_list<std::string_view> parts) {
    if (why_ != problem::none) return *this;
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    std::byte* to = out_->grow(size);
    for (const std::string_view part : parts) {
      if (!part.empty()) std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
    return *this;
  }

  byte_buffer* out_;
  std::size_t begin_;
  problem why_ = problem::none;
};

}  // namespace dovetail::inline v0::http1

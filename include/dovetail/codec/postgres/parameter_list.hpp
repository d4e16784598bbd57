// The parameters of a Bind message: written in any order, sent in theirs.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/bytes.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

/// Takes each parameter once: `begin(number)`, then its int32 length and its bytes appended to the buffer, then
/// `end(is_text)`. Numbers count from 1. Cost: nothing is copied when they come in their order.
class parameter_list {
 public:
  /// Writes the formats and counts that stand in front of the values.
  parameter_list(byte_buffer& out, const std::uint32_t* types, std::size_t count);
  /// They are written: the last bytes of the buffer.
  parameter_list(byte_buffer& out, const std::uint32_t* types, std::size_t count, std::size_t formats_at) noexcept
      : out_(&out), types_(types), count_(count), formats_at_(formats_at) {}
  parameter_list(const parameter_list&) = delete;
  parameter_list& operator=(const parameter_list&) = delete;

  std::size_t count() const noexcept { return count_; }
  /// The type (an OID) that the server wants; 0 when it has not said. Any number may be asked for.
  std::uint32_t type(std::uint32_t number) const noexcept {
    return number - 1 < count_ && types_ != nullptr ? types_[number - 1] : 0;
  }

  byte_buffer& begin(std::uint32_t number) {
    current_ = number;
    if (number != written_ + 1) [[unlikely]]
      is_shuffled_ = true;
    if (is_shuffled_) [[unlikely]]
      note_place(number);
    return *out_;
  }
  void end(bool is_text) noexcept {
    ++written_;
    if (is_text && current_ - 1 < count_) {
      store_big(out_->data() + formats_at_ + 2 * (std::size_t{current_} - 1), std::uint16_t{0});
    }
  }

  /// All are there, as they came: `finish` has nothing to do.
  bool is_in_order() const noexcept { return written_ == count_ && !is_shuffled_; }
  /// Brings the values into their order. Errors: errc::wrong_argument_count, when they are not as many as the
  /// statement has parameters.
  error_info finish() {
    if (written_ != count_) return wrong_count();
    return is_shuffled_ ? sort() : error_info{};
  }

 private:
  struct place {
    std::uint32_t number;
    std::size_t at;
  };

  error_info wrong_count() const;

  /// From the first parameter that is out of order on; those before it are where they belong.
  void note_place(std::uint32_t number);

  error_info sort();

  byte_buffer* out_;
  const std::uint32_t* types_;
  std::size_t count_;
  std::size_t formats_at_ = 0;
  std::size_t shuffled_at_ = 0;
  std::uint32_t written_ = 0;
  std::uint32_t current_ = 0;
  std::uint32_t in_order_ = 0;
  bool is_shuffled_ = false;
  std::vector<place> places_;
};

/// Writes the arguments of a call; null when there are none. Lifetime: the state must outlive the dialogue; it may be
/// called again, when the statement has to be prepared again.
struct argument_writer {
  const void* state = nullptr;
  error_info (*write)(const void* state, parameter_list& to) = nullptr;
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE parameter_list::parameter_list(byte_buffer& out, const std::uint32_t* types, std::size_t count)
    : out_(&out), types_(types), count_(count) {
  out.append_big(static_cast<std::uint16_t>(count));
  formats_at_ = out.size();
  for (std::size_t i = 0; i < count; ++i) out.append_big(std::uint16_t{1});
  out.append_big(static_cast<std::uint16_t>(count));
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info parameter_list::wrong_count() const {
  std::string text = "the statement has ";
  v0::detail::append_parts(text, {v0::detail::number_text{count_}, " parameters on the server, and ",
                                  v0::detail::number_text{written_}, " arguments are given"});
  return {errc::wrong_argument_count, std::move(text)};
}

[[gnu::noinline]] DOVETAIL_DEFINE void parameter_list::note_place(std::uint32_t number) {
  if (places_.empty()) {
    in_order_ = written_;
    shuffled_at_ = out_->size();
  }
  places_.push_back({number, out_->size()});
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info parameter_list::sort() {
  byte_buffer unsorted;
  unsorted.append(out_->view().subspan(shuffled_at_));
  const std::size_t end = out_->size();
  out_->truncate(shuffled_at_);
  for (std::uint32_t number = in_order_ + 1; number <= count_; ++number) {
    std::size_t i = 0;
    while (i != places_.size() && places_[i].number != number) ++i;
    if (i == places_.size()) return wrong_count();
    const std::size_t behind = i + 1 == places_.size() ? end : places_[i + 1].at;
    out_->append(unsorted.view().subspan(places_[i].at - shuffled_at_, behind - places_[i].at));
  }
  return {};
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif

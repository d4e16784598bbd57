// COPY as the user writes it, from and to text: CSV files, lines, whatever the server's COPY speaks.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/later.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/codec/postgres/copy_in.hpp>
#include <dovetail/codec/postgres/copy_out.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres {

/// Takes the data of a copy, some of it at a time.
template <class T>
concept copy_consumer = std::invocable<T&, std::string_view>;

/// Gives the data of a copy, some of it at a time; empty at the end.
template <class T>
concept copy_producer = requires(T& from) {
  { from() } -> std::convertible_to<std::string_view>;
};

/// Lines of a copy's data: strings, with a newline at the end or without.
template <class T>
concept line_range = !copy_producer<T> && !std::convertible_to<const T&, std::string_view> && requires(T & lines) {
  { *lines.begin() } -> std::convertible_to<std::string_view>;
  { lines.begin() != lines.end() } -> std::convertible_to<bool>;
};

/// Runs a COPY … TO STDOUT; `Consumer` is a reference or a value.
template <class Consumer>
struct copy_text_out {
  using value_type = summary;
  static constexpr std::string_view name = "copy_out_text";
  std::string text;
  Consumer to;
  bool is_idempotent() const noexcept { return false; }  // the consumer has had some of it
};

/// Runs a COPY … FROM STDIN; `Source` is a reference or a value: lines, or a producer.
template <class Source>
struct copy_text_in {
  using value_type = summary;
  static constexpr std::string_view name = "copy_in_text";
  std::string text;
  Source from;
  bool is_idempotent() const noexcept { return false; }
};

namespace detail {

/// Lifetime: borrows the session and the operation.
template <class Consumer>
class copy_text_out_call {
 public:
  using value_type = summary;

  copy_text_out_call(session& on, copy_text_out<Consumer>& op) noexcept
      : running_(on, op.text, copy_sink{&op, &take}) {}

  action resume(const event& ev) { return running_.resume(ev); }
  error_info failure(std::error_code ec) const { return running_.failure(ec); }
  summary value() && noexcept { return {std::move(running_).value().rows_affected(), std::nullopt}; }

 private:
  static error_info take(void* state, byte_view data, const copy_format&) {
    try {
      static_cast<copy_text_out<Consumer>*>(state)->to(as_text(data));
      return {};
    } catch (...) {
      return dovetail::detail::current_failure();
    }
  }

  copy_out_dialogue running_;
};

/// Lifetime: borrows the session and the operation. Stays where it is once it has begun.
template <class Source>
class copy_text_in_call {
  using source_type = std::remove_reference_t<Source>;

 public:
  using value_type = summary;

  copy_text_in_call(session& on, copy_text_in<Source>& op) noexcept : on_(&on), op_(&op) {}

  action resume(const event& ev) {
    if (!running_) running_.emplace(*on_, op_->text, copy_source{this, &produce});
    return running_->resume(ev);
  }
  error_info failure(std::error_code ec) const { return running_ ? running_->failure(ec) : error_info{ec}; }
  summary value() && noexcept { return {std::move(*running_).value().rows_affected(), std::nullopt}; }

 private:
  static error_info produce(void* state, byte_buffer& out, const copy_format&, bool& is_last) {
    try {
      is_last = static_cast<copy_text_in_call*>(state)->give(out);
      return {};
    } catch (...) {
      return dovetail::detail::current_failure();
    }
  }
  /// True at the end.
  bool give(byte_buffer& out) {
    if constexpr (copy_producer<source_type>) {
      const auto& some = op_->from();
      const std::string_view text = some;
      out.append(text);
      return text.empty();
    } else {
      if (!at_) at_.emplace(op_->from.begin());
      const auto end = op_->from.end();
      for (int i = 0; i < 64 && *at_ != end; ++i, ++*at_) {
        const auto& line = **at_;
        const std::string_view text = line;
        out.append(text);
        if (!text.ends_with('\n')) out.append(std::string_view{"\n"});
      }
      return *at_ == end;
    }
  }

  struct no_iterator {};
  template <class T>
  struct iterator_of {
    using type = no_iterator;
  };
  template <line_range T>
  struct iterator_of<T> {
    using type = decltype(std::declval<T&>().begin());
  };

  session* on_;
  copy_text_in<Source>* op_;
  std::optional<typename iterator_of<source_type>::type> at_;
  v0::detail::later<copy_in_dialogue> running_;
};

}  // namespace detail
}  // namespace postgres
}  // namespace dovetail::inline v0

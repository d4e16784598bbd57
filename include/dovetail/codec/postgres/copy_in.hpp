// COPY … FROM STDIN: data from a producer, in messages of about 64 KiB.
#pragma once

#include <dovetail/codec/postgres/copy_format.hpp>
#include <dovetail/codec/postgres/script.hpp>

#include <cstddef>
#include <string_view>
#include <utility>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DECLARE
#else
#define DOVETAIL_DECLARE inline  // or GCC writes them into every file that sees the class
#endif
namespace dovetail::inline v0::postgres {

/// Gives the bytes of a copy. Lifetime: the state must outlive the dialogue.
struct copy_source {
  void* state = nullptr;
  /// Appends some bytes to `out` (rows, in parts as it likes), and sets `is_last` with the last of them. Asked again
  /// and again until then. A failure ends the copy, and nothing of it stays. `format` is what the server expects.
  error_info (*produce)(void* state, byte_buffer& out, const copy_format& format, bool& is_last) = nullptr;
};

/// Runs one COPY statement that takes data. The value is its tag: `rows_affected()` counts the rows.
/// Errors: those of `dialogue` and of the source; errc::operation_unsupported when the statement is no such COPY.
/// Cost: the data is written once, into the buffer that is sent. What the server says meanwhile is read; when it fails,
///   no more data is asked for.
class copy_in_dialogue final : public detail::query_dialogue {
 public:
  using value_type = command_tag;

  copy_in_dialogue(session& on, std::string_view text, const copy_source& from)
      : query_dialogue(on, text), from_(from) {}

  command_tag value() && noexcept { return tag_; }

 private:
  using verdict = detail::verdict;
  static constexpr std::size_t message_size_ = 64 * 1024;
  static constexpr int look_each_ = 8;  // messages

  DOVETAIL_DECLARE verdict on_answer(const detail::message& came) override;

  std::size_t on_rows(byte_view unread) override {
    return is_asked() && !has_begun_ && noted() ? detail::skip_rows(unread) : 0;
  }

  verdict on_sent() override {
    if (is_last_) on().set_copying_in(false);
    return verdict::go_on;
  }
  DOVETAIL_DECLARE verdict before_reading() override;
  verdict on_error(error_info failure) override {
    on().set_copying_in(false);  // the server drops what is still sent
    detail::name_copied_row(failure, format_.is_binary ? "row " : "line ");
    return query_dialogue::on_error(std::move(failure));
  }

  verdict send_some();

  copy_source from_;
  copy_format format_;
  command_tag tag_;
  int messages_ = 0;  // since the last look
  bool has_begun_ = false;
  bool is_last_ = false;
};

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DECLARE

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE copy_in_dialogue::verdict copy_in_dialogue::on_answer(const detail::message& came) {
  namespace from_server = detail::from_server;
  switch (came.type) {
    case from_server::copy_in_response:
      if (has_begun_ || noted()) return verdict::unexpected;
      if (!detail::read_copy_format(came.body, format_)) return verdict::malformed;
      has_begun_ = true;
      on().set_copying_in(true);
      return verdict::go_on;  // then the data
    case from_server::command_complete:
      if (has_begun_ && on().is_copying_in()) return verdict::unexpected;
      if (!detail::read_tag(came.body, tag_)) return verdict::malformed;
      if (!has_begun_) note({errc::operation_unsupported, "the statement is no COPY … FROM STDIN"});
      return verdict::go_on;
    case from_server::row_description:
    case from_server::empty_query_response:
    case from_server::copy_out_response:
    case from_server::copy_data:
    case from_server::copy_done:
      if (has_begun_) return verdict::unexpected;
      note({errc::operation_unsupported, "the statement is no COPY … FROM STDIN"});
      return verdict::go_on;
    default:
      return verdict::unexpected;
  }
}

DOVETAIL_DEFINE copy_in_dialogue::verdict copy_in_dialogue::before_reading() {
  if (!on().is_copying_in()) return verdict::go_on;
  // A server that has failed takes all data, and drops it: it would never be waited for.
  if (messages_ == look_each_) {
    messages_ = 0;
    return verdict::look;
  }
  ++messages_;
  return send_some();
}

DOVETAIL_DEFINE copy_in_dialogue::verdict copy_in_dialogue::send_some() {
  on().begin_batch();
  detail::message_writer to = on().writer();
  byte_buffer& out = on().facts.output;
  to.begin(detail::from_client::copy_data);
  is_last_ = from_.produce == nullptr;
  error_info failure;
  while (!is_last_ && !failure && out.size() < message_size_) {
    failure = from_.produce(from_.state, out, format_, is_last_);
  }
  if (!to.end() && !failure) failure = {errc::request_too_large, "the copy's source gave 1 GiB at once"};
  if (!failure && !is_last_) return verdict::send;
  is_last_ = true;
  if (failure) {
    on().begin_batch();
    note(std::move(failure));
  }
  const std::size_t before = out.size();
  if (noted()) {
    to.begin(detail::from_client::copy_fail).text("the client's source of data has failed");
  } else {
    to.begin(detail::from_client::copy_done);
  }
  static_cast<void>(to.end());
  on().note_copy_end(out.size() - before);
  return verdict::send;
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif

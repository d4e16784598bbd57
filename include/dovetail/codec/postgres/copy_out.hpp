// COPY … TO STDOUT: data to a consumer, straight from the read buffer.
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

/// Takes the bytes of a copy. Lifetime: the state must outlive the dialogue.
struct copy_sink {
  void* state = nullptr;
  /// Takes one CopyData; servers send a row in each, but do not promise it. A failure ends the copy: what is behind is
  /// skipped. Lifetime: `data` until it returns.
  error_info (*take)(void* state, byte_view data, const copy_format& format) = nullptr;
};

/// Runs one COPY statement that gives data. The value is its tag: `rows()` counts the rows.
/// Errors: those of `dialogue` and of the sink; errc::operation_unsupported when the statement is no such COPY.
class copy_out_dialogue final : public detail::query_dialogue {
 public:
  using value_type = command_tag;

  copy_out_dialogue(session& on, std::string_view text, const copy_sink& to)
      : query_dialogue(on, text, true), to_(to) {}

  command_tag value() && noexcept { return tag_; }

 private:
  using verdict = detail::verdict;
  enum class step : std::uint8_t { before, data, behind };

  DOVETAIL_DECLARE verdict on_answer(const detail::message& came) override;

  std::size_t on_rows(byte_view unread) override {
    return is_asked() && step_ == step::before && noted() ? detail::skip_rows(unread) : 0;
  }

  verdict on_end() override { return step_ == step::behind || noted() ? verdict::finish : verdict::unexpected; }

  void refuse() { note({errc::operation_unsupported, "the statement is no COPY … TO STDOUT"}); }

  copy_sink to_;
  copy_format format_;
  command_tag tag_;
  step step_ = step::before;
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

DOVETAIL_DEFINE copy_out_dialogue::verdict copy_out_dialogue::on_answer(const detail::message& came) {
  namespace from_server = detail::from_server;
  switch (came.type) {
    case from_server::copy_out_response:
      if (step_ != step::before || noted()) return verdict::unexpected;
      step_ = step::data;
      return detail::read_copy_format(came.body, format_) ? verdict::go_on : verdict::malformed;
    case from_server::copy_data:
      if (step_ != step::data) return verdict::unexpected;
      if (to_.take != nullptr && !noted()) note(to_.take(to_.state, came.body, format_));
      return verdict::go_on;
    case from_server::copy_done:
      if (step_ != step::data) return verdict::unexpected;
      step_ = step::behind;
      return verdict::go_on;
    case from_server::command_complete:
      if (step_ == step::data) return verdict::unexpected;
      if (step_ == step::before) refuse();
      return detail::read_tag(came.body, tag_) ? verdict::go_on : verdict::malformed;
    case from_server::copy_in_response:
      refuse();
      on().begin_batch();
      static_cast<void>(on().writer().begin(detail::from_client::copy_fail).u8(0).end());
      return step_ == step::before ? verdict::send : verdict::unexpected;
    case from_server::row_description:
    case from_server::empty_query_response:
      refuse();
      return step_ == step::before ? verdict::go_on : verdict::unexpected;
    default:
      return verdict::unexpected;
  }
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif

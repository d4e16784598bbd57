// Waiting for a notification on a session that has nothing else to do.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/codec/postgres/dialogue.hpp>
#include <dovetail/sansio/action.hpp>

#include <utility>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DECLARE
#else
#define DOVETAIL_DECLARE inline  // or GCC writes them into every file that sees the class
#endif
namespace dovetail::inline v0::postgres {

/// Gives the oldest notification; reads until there is one, or takes what has come and waits for nothing.
/// Errors: the server's when it ends the connection, the transport's; errc::deadline_passed where nothing has come.
/// Cancellation, deadline: the session stays as it was.
class wait_notification_dialogue final : public detail::dialogue {
 public:
  using value_type = notification;

  explicit wait_notification_dialogue(session& on, bool only_looks = false) noexcept
      : dialogue(on, true), only_looks_(only_looks) {}

  DOVETAIL_DECLARE action resume(const event& ev);
  notification value() && { return std::move(found_); }

 private:
  using verdict = detail::verdict;

  verdict begin() override { return on_unasked(); }
  DOVETAIL_DECLARE verdict on_unasked() override;
  verdict on_message(const detail::message&) override { return verdict::unexpected; }
  verdict on_ready() override { return verdict::unexpected; }
  verdict on_error(error_info failure) override {
    on().close();
    return fail(std::move(failure));
  }

  static constexpr int most_looks = 64;  // at a server that never stops

  notification found_;
  int looks_ = 0;
  bool only_looks_;
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

DOVETAIL_DEFINE action wait_notification_dialogue::resume(const event& ev) {
  const event late{make_error_code(errc::deadline_passed)};
  const bool is_nothing_there = only_looks_ && looks_ != 0 && ev.bytes == 0 && !ev.ec && !ev.cancelled;
  const action next = dialogue::resume(is_nothing_there ? late : ev);
  if (!only_looks_ || next.what() != verb::read) return next;
  return ++looks_ > most_looks ? dialogue::resume(late) : action::look(next.input());
}

DOVETAIL_DEFINE wait_notification_dialogue::verdict wait_notification_dialogue::on_unasked() {
  if (on().notifications.empty()) return verdict::go_on;
  found_ = on().notifications.pop();
  return verdict::finish;
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif

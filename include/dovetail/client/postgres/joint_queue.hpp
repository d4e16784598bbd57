// The callers that share one connection: those that wait to be sent, and those whose answers are on the way.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/postgres/pipeline.hpp>
#include <dovetail/driver/traffic.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <source_location>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres::detail {

/// Where the statement of a caller is.
enum class joint_place : std::uint8_t {
  elsewhere,  ///< not asked yet, between two attempts, or over
  waiting,    ///< to be sent
  sent,       ///< in the batch that is under way
};

/// One statement with the caller who waits for it. Everything that a batch uses of it is its own: a caller who does not
/// want to wait any longer may go while the server still executes.
/// Threads: the queue decides, under its lock, who may end an attempt; all others leave it alone then.
class joint_caller {
 public:
  joint_caller(const joint_caller&) = delete;
  joint_caller& operator=(const joint_caller&) = delete;

  /// For the batch. Makes `into` of the statement, or sets its failure.
  virtual void prepare(session& on, pipeline_item& into, bool shows_text) = 0;
  /// It is in a batch now.
  virtual void joined() noexcept = 0;
  /// It was answered: ends the attempt.
  virtual void answered(pipeline_item& with, bool shows_text, traffic moved) = 0;
  /// It was not: ends the attempt. `sent`: the server may have seen it.
  virtual void lost(error_info why, bool sent) = 0;
  /// Its time is over: ends the attempt.
  virtual void expired(joint_place in) = 0;

 protected:
  joint_caller() = default;
  ~joint_caller() = default;

  deadline by_;       // of the call
  deadline sent_by_;  // of the wait

 private:
  friend class joint_queue;
  deadline due() const noexcept { return place_ == joint_place::waiting ? sent_by_ : by_; }

  joint_place place_ = joint_place::elsewhere;
};

/// What sends one batch after the other.
class joint_sender {
 public:
  /// An earlier deadline than all others has come into the queue.
  virtual void look_at_deadlines() = 0;
  /// Nobody wants what is under way any more, if that is still so when it is looked at again.
  virtual void stop_unwanted() = 0;

 protected:
  ~joint_sender() = default;
};

/// Threads: any number at once.
class joint_queue {
 public:
  using member = std::shared_ptr<joint_caller>;
  enum class entry : std::uint8_t { refused, joins, begins };

  joint_queue() = default;
  joint_queue(const joint_queue&) = delete;
  joint_queue& operator=(const joint_queue&) = delete;

  /// Puts a caller at the end. `begins`: nobody sends; make a sender, and have it `begin`.
  entry enter(member who, std::size_t most);

  void begin(std::weak_ptr<joint_sender> with);

  /// A caller gives up. Says where its statement was; the caller ends its attempt, unless that is `elsewhere`. With
  /// `only_waiting` what was sent stays.
  joint_place leave(joint_caller& who, bool only_waiting);

  /// The next batch: at most so many of those that have waited longest. Gives their number.
  std::size_t take_batch(std::size_t most);

  /// Of the sender alone, while a batch is under way.
  const std::vector<member>& batch() const noexcept { return batch_; }

  /// True when the caller still wants its answer; nobody else ends the attempt then.
  bool claim(joint_caller& who) noexcept;
  bool is_wanted(const joint_caller& who) const noexcept;

  /// The batch is over; gives those who were not answered, claimed.
  std::vector<member> end_batch();

  /// All who wait, claimed: the connection could not be had.
  std::vector<member> take_waiting();

  /// After a batch: true when there is another one to send; else the sender is not the sender any more.
  bool goes_on() noexcept;

  /// The sender is destroyed with its executor: so are those who wait for it.
  std::vector<member> abandon();

  /// Nobody wants what the sender is about.
  bool is_unwanted_now() const noexcept;

  struct overdue {
    member who;
    joint_place was;
  };
  /// Claims those whose time is over; `next` is when to look again.
  std::vector<overdue> expire(clock::time_point now, clock::time_point& next);

  /// Callers that wait to be sent.
  std::size_t size() const noexcept;

 private:
  bool is_unwanted() const noexcept { return is_in_batch_ ? wanted_ == 0 : waiting_.empty(); }

  mutable std::mutex mutex_;
  std::vector<member> waiting_;
  std::vector<member> batch_;
  std::size_t wanted_ = 0;  // of the batch
  std::weak_ptr<joint_sender> sender_;
  clock::time_point next_look_ = (clock::time_point::max)();
  bool is_sending_ = false;
  bool is_in_batch_ = false;
};

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_async_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_ASYNC_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <algorithm>

namespace dovetail::inline v0::postgres::detail {

DOVETAIL_DEFINE joint_queue::entry joint_queue::enter(member who, std::size_t most) {
  std::shared_ptr<joint_sender> told;
  {
    const std::lock_guard lock{mutex_};
    if (waiting_.size() >= most) return entry::refused;
    joint_caller& caller = *who;
    waiting_.push_back(std::move(who));
    caller.place_ = joint_place::waiting;
    if (!std::exchange(is_sending_, true)) return entry::begins;
    if (caller.due().when() < next_look_) {
      next_look_ = caller.due().when();
      told = sender_.lock();
    }
  }
  if (told) told->look_at_deadlines();
  return entry::joins;
}

DOVETAIL_DEFINE void joint_queue::begin(std::weak_ptr<joint_sender> with) {
  const std::lock_guard lock{mutex_};
  sender_ = std::move(with);
}

DOVETAIL_DEFINE joint_place joint_queue::leave(joint_caller& who, bool only_waiting) {
  std::shared_ptr<joint_sender> told;
  member gone;  // goes without the lock
  joint_place was = joint_place::elsewhere;
  {
    const std::lock_guard lock{mutex_};
    if (who.place_ == joint_place::sent && only_waiting) return joint_place::elsewhere;
    was = std::exchange(who.place_, joint_place::elsewhere);
    if (was == joint_place::waiting) {
      const auto at = std::find_if(waiting_.begin(), waiting_.end(), [&](const member& m) { return m.get() == &who; });
      gone = std::move(*at);
      waiting_.erase(at);
    } else if (was == joint_place::sent) {
      --wanted_;
    }
    if (was != joint_place::elsewhere && is_unwanted()) told = sender_.lock();
  }
  if (told) told->stop_unwanted();
  return was;
}

DOVETAIL_DEFINE std::size_t joint_queue::take_batch(std::size_t most) {
  const std::lock_guard lock{mutex_};
  const std::size_t count = (std::min)(most == 0 ? 1 : most, waiting_.size());
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  batch_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  for (const member& each : batch_) {
    each->place_ = joint_place::sent;
    each->joined();
  }
  wanted_ = count;
  is_in_batch_ = count != 0;
  return count;
}

DOVETAIL_DEFINE bool joint_queue::claim(joint_caller& who) noexcept {
  const std::lock_guard lock{mutex_};
  if (who.place_ != joint_place::sent) return false;
  who.place_ = joint_place::elsewhere;
  --wanted_;
  return true;
}

DOVETAIL_DEFINE bool joint_queue::is_wanted(const joint_caller& who) const noexcept {
  const std::lock_guard lock{mutex_};
  return who.place_ == joint_place::sent;
}

DOVETAIL_DEFINE std::vector<joint_queue::member> joint_queue::end_batch() {
  std::vector<member> all;  // who is over goes without the lock
  std::vector<member> unanswered;
  const std::lock_guard lock{mutex_};
  all.swap(batch_);
  for (const member& each : all) {
    if (each->place_ != joint_place::sent) continue;
    each->place_ = joint_place::elsewhere;
    unanswered.push_back(each);
  }
  wanted_ = 0;
  is_in_batch_ = false;
  return unanswered;
}

DOVETAIL_DEFINE std::vector<joint_queue::member> joint_queue::take_waiting() {
  const std::lock_guard lock{mutex_};
  for (const member& each : waiting_) each->place_ = joint_place::elsewhere;
  return std::exchange(waiting_, {});
}

DOVETAIL_DEFINE bool joint_queue::goes_on() noexcept {
  const std::lock_guard lock{mutex_};
  is_sending_ = !waiting_.empty();
  if (!is_sending_) {
    sender_.reset();
    next_look_ = (clock::time_point::max)();
  }
  return is_sending_;
}

DOVETAIL_DEFINE std::vector<joint_queue::member> joint_queue::abandon() {
  const std::lock_guard lock{mutex_};
  std::vector<member> all = std::exchange(waiting_, {});
  const std::vector<member> sent = std::exchange(batch_, {});
  all.insert(all.end(), sent.begin(), sent.end());
  for (const member& each : all) each->place_ = joint_place::elsewhere;
  is_sending_ = is_in_batch_ = false;
  wanted_ = 0;
  sender_.reset();
  next_look_ = (clock::time_point::max)();
  return all;
}

DOVETAIL_DEFINE bool joint_queue::is_unwanted_now() const noexcept {
  const std::lock_guard lock{mutex_};
  return is_unwanted();
}

DOVETAIL_DEFINE std::vector<joint_queue::overdue> joint_queue::expire(clock::time_point now, clock::time_point& next) {
  std::vector<overdue> late;
  const std::lock_guard lock{mutex_};
  next_look_ = (clock::time_point::max)();
  const auto look = [&](const member& each) {
    if (each->place_ == joint_place::elsewhere) return;
    const clock::time_point when = each->due().when();
    if (when > now) {
      next_look_ = (std::min)(next_look_, when);
      return;
    }
    if (each->place_ == joint_place::sent) --wanted_;
    late.push_back({each, std::exchange(each->place_, joint_place::elsewhere)});
  };
  for (const member& each : waiting_) look(each);
  for (const member& each : batch_) look(each);
  std::erase_if(waiting_, [](const member& each) { return each->place_ == joint_place::elsewhere; });
  next = next_look_;
  return late;
}

DOVETAIL_DEFINE std::size_t joint_queue::size() const noexcept {
  const std::lock_guard lock{mutex_};
  return waiting_.size();
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif

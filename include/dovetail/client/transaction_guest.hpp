// What lives on a transaction's connection, a stream or a nested transaction, and must be over when the transaction is.
#pragma once

namespace dovetail::inline v0::detail {

class guest_list;

/// One of a transaction's guests. May move. Threads: those of its transaction.
class transaction_guest {
 public:
  using end_function = void (*)(transaction_guest&) noexcept;

  /// `ended` is called when the transaction ends first; the guest has left the list then.
  explicit transaction_guest(end_function ended) noexcept : end_(ended) {}
  transaction_guest(transaction_guest&& other) noexcept : end_(other.end_) { take_place(other); }
  transaction_guest& operator=(transaction_guest&&) = delete;
  ~transaction_guest() { leave(); }

  /// Enters the list; `depth` is the transaction's: 0, or its number of savepoints.
  void join(guest_list& list, int depth) noexcept;
  void leave() noexcept {
    if (place_ == nullptr) return;
    *place_ = next_;
    if (next_ != nullptr) next_->place_ = place_;
    next_ = nullptr;
    place_ = nullptr;
  }
  bool is_listed() const noexcept { return place_ != nullptr; }
  /// As its transaction does when that ends first.
  void end() noexcept {
    leave();
    end_(*this);
  }

 private:
  friend class guest_list;

  void take_place(transaction_guest& other) noexcept {
    next_ = other.next_;
    place_ = other.place_;
    depth_ = other.depth_;
    other.next_ = nullptr;
    other.place_ = nullptr;
    if (place_ != nullptr) *place_ = this;
    if (next_ != nullptr) next_->place_ = &next_;
  }

  end_function end_;
  transaction_guest* next_ = nullptr;
  transaction_guest** place_ = nullptr;  // what points to this one
  int depth_ = 0;
};

/// The guests of one transaction, the latest first.
class guest_list {
 public:
  guest_list() noexcept = default;
  guest_list(guest_list&& other) noexcept : first_(other.first_) {
    other.first_ = nullptr;
    if (first_ != nullptr) first_->place_ = &first_;
  }
  guest_list& operator=(guest_list&&) = delete;
  ~guest_list() { end_from(0); }

  /// Ends the guests of this depth and of those below.
  void end_from(int depth) noexcept {
    for (transaction_guest* each = first_; each != nullptr;) {
      transaction_guest& guest = *each;
      if (guest.depth_ < depth) {
        each = guest.next_;
        continue;
      }
      guest.end();
      each = first_;  // the end of one may be the end of others
    }
  }
  /// What is deeper is of this depth from now on: the savepoint before it has been forgotten.
  void raise_to(int depth) noexcept {
    for (transaction_guest* each = first_; each != nullptr; each = each->next_) {
      if (each->depth_ > depth) each->depth_ = depth;
    }
  }

 private:
  friend class transaction_guest;
  transaction_guest* first_ = nullptr;
};

inline void transaction_guest::join(guest_list& list, int depth) noexcept {
  leave();
  depth_ = depth;
  next_ = list.first_;
  place_ = &list.first_;
  if (next_ != nullptr) next_->place_ = &next_;
  list.first_ = this;
}

}  // namespace dovetail::inline v0::detail

// The savepoints of a transaction in their order: what was opened behind one ends when the transaction goes back to it.
#pragma once

#include <dovetail/base/name.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0::asyncsql::detail {

/// Depth 0 is before the first savepoint, depth n behind the n-th that is still set. Of those that a statement's own
/// text has set nothing is known. Threads: one at a time.
class savepoint_marks {
 public:
  /// `folds_case`: the database takes names for one that differ in the case of ASCII letters (SQLite).
  explicit savepoint_marks(bool folds_case) noexcept : folds_case_(folds_case) {}

  int depth() const noexcept { return static_cast<int>(names_.size()); }
  void set(std::string_view name) { names_.emplace_back(name); }
  /// The depth behind the latest savepoint of this name; 0 when none is known.
  int behind(std::string_view name) const noexcept {
    std::size_t at = names_.size();
    while (at != 0 && !is_same(names_[at - 1], name)) --at;
    return static_cast<int>(at);
  }
  /// Forgets the savepoints that are deeper.
  void shrink(int depth) noexcept {
    if (depth < this->depth()) names_.erase(names_.begin() + depth, names_.end());
  }

 private:
  bool is_same(std::string_view a, std::string_view b) const noexcept {
    if (!folds_case_ || a.size() != b.size()) return a == b;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
    }
    return true;
  }

  std::vector<std::string> names_;
  bool folds_case_;
};

/// What a savepoint's statement does.
enum class mark_action : unsigned char { set, go_back, forget };

constexpr std::string_view text_of(mark_action action) noexcept {
  return action == mark_action::set       ? "savepoint "
         : action == mark_action::go_back ? "rollback to savepoint "
                                          : "release savepoint ";
}

}  // namespace dovetail::inline v0::asyncsql::detail

// What is remembered with a prepared statement for each row type that it was read into.
#pragma once

#include <dovetail/row/binding.hpp>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

/// One address per row type: tells row types apart without RTTI.
template <class Row>
inline constexpr char row_tag = 0;

/// How the columns of a statement fill a row type, and how many rows it gave lately.
struct bound_row {
  const char* tag = nullptr;
  binding columns{};
  std::size_t lately[2]{};

  /// As many rows as the last two runs both gave: worth making room for.
  std::size_t likely_rows() const noexcept { return lately[0] < lately[1] ? lately[0] : lately[1]; }
  void gave(std::size_t count) noexcept {
    lately[0] = lately[1];
    lately[1] = count;
  }
};

/// The bindings of one prepared statement; a backend may remember more with each (`Entry`).
template <class Entry = bound_row>
class bound_rows {
 public:
  /// What is remembered for the row type with this tag, or null. Lifetime: until `clear`.
  Entry* find(const char* tag) noexcept {
    for (const auto& known : known_) {
      if (known->tag == tag) return known.get();
    }
    return nullptr;
  }
  Entry* remember(const char* tag, binding columns) {
    known_.push_back(std::make_unique<Entry>());
    known_.back()->tag = tag;
    known_.back()->columns = std::move(columns);
    return known_.back().get();
  }
  void clear() noexcept { known_.clear(); }

 private:
  std::vector<std::unique_ptr<Entry>> known_;
};

}  // namespace dovetail::inline v0::detail

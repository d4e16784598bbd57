// The prepared statements that a connection keeps: bounded, found by a literal's address or by the text.
#pragma once

#include <dovetail/client/sqlite/statement.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// A prepared statement in use by one operation: reset, and given back to its cache, when it goes.
class statement_use {
 public:
  statement_use() noexcept = default;
  /// In use from a cache; `busy` is cleared at the end.
  statement_use(statement& kept, bool& busy) noexcept : statement_(&kept), busy_(&busy) { busy = true; }
  /// Not in a cache: finalized at the end.
  explicit statement_use(statement own) : statement_(new statement{std::move(own)}), is_own_(true) {}
  statement_use(statement_use&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)),
        busy_(std::exchange(other.busy_, nullptr)),
        is_own_(std::exchange(other.is_own_, false)) {}
  statement_use& operator=(statement_use&& other) noexcept {
    if (this != &other) {
      end();
      statement_ = std::exchange(other.statement_, nullptr);
      busy_ = std::exchange(other.busy_, nullptr);
      is_own_ = std::exchange(other.is_own_, false);
    }
    return *this;
  }
  ~statement_use() { end(); }

  explicit operator bool() const noexcept { return statement_ != nullptr; }
  statement& operator*() const noexcept { return *statement_; }
  statement* operator->() const noexcept { return statement_; }
  sqlite3_stmt* get() const noexcept { return statement_->get(); }

  /// Ends the use now: releases the locks that the statement holds.
  void end() noexcept {
    if (statement_ == nullptr) return;
    if (is_own_) return destroy();
    sqlite3_reset(statement_->get());
    if (busy_ != nullptr) *busy_ = false;
    statement_ = nullptr;
    busy_ = nullptr;
  }

 private:
  [[gnu::cold, gnu::noinline]] void destroy() noexcept {
    delete std::exchange(statement_, nullptr);
    is_own_ = false;
  }

  statement* statement_ = nullptr;
  bool* busy_ = nullptr;
  bool is_own_ = false;
};

/// At most `capacity` prepared statements; the one not used for longest makes room. A statement that is in use is
/// never handed out twice: a second use of the same text gets a statement of its own.
/// Cost: a literal seen before is found by its address and one comparison of its text.
class statement_cache {
 public:
  explicit statement_cache(std::size_t capacity) noexcept : capacity_(capacity) {}
  statement_cache(const statement_cache&) = delete;
  statement_cache& operator=(const statement_cache&) = delete;
  ~statement_cache() { clear(); }

  /// A free statement for the literal at this address, or an empty use.
  statement_use find_literal(std::string_view literal) noexcept {
    const shortcut& way = shortcuts_[place_of(literal.data())];
    if (way.target == nullptr || way.address != literal.data() || way.text.size() != literal.size() ||
        std::memcmp(way.text.data(), literal.data(), literal.size()) != 0) {
      return {};
    }
    return use(*way.target);
  }

  /// A free statement with this text, or an empty use. `literal` is remembered as a shortcut when it is not empty.
  statement_use find(std::string_view native, std::string_view literal) {
    const std::uint64_t hash = hash_of(native);
    for (entry* kept = first_; kept != nullptr; kept = kept->next) {
      if (kept->hash != hash || kept->text != native) continue;
      remember(literal, *kept);
      return use(*kept);
    }
    return {};
  }

  /// Keeps a statement, and hands it out. Without room (capacity 0, or all in use) it is not kept.
  [[gnu::cold]] statement_use insert(std::string_view native, std::string_view literal, statement prepared);

  std::size_t size() const noexcept { return size_; }

  /// Finalizes all; none may be in use.
  void clear() noexcept;

  /// The same, and how many are kept from now on.
  void restart(std::size_t capacity) noexcept {
    clear();
    capacity_ = capacity;
  }

 private:
  struct entry {
    statement prepared;
    std::string text;
    std::uint64_t hash = 0;
    std::uint64_t last_use = 0;
    bool busy = false;
    entry* next = nullptr;
  };
  struct shortcut {
    const char* address = nullptr;
    std::string text;  // compared too: another library may have been loaded to the same address since
    entry* target = nullptr;
  };
  static constexpr std::size_t shortcut_count = 64;

  static std::size_t place_of(const char* address) noexcept {
    const auto number = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address));
    return static_cast<std::size_t>((number * 0x9E3779B97F4A7C15u) >> 58);  // 58: the top six bits
  }

  static std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a, in words of eight bytes
    while (text.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), 8);
      hash = (hash ^ word) * 0x100000001B3u;
      hash ^= hash >> 32;
      text.remove_prefix(8);
    }
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    return hash;
  }

  statement_use use(entry& kept) noexcept {
    if (kept.busy) return {};
    kept.last_use = ++uses_;
    return statement_use{kept.prepared, kept.busy};
  }

  [[gnu::cold, gnu::noinline]] void remember(std::string_view literal, entry& kept) {
    if (literal.empty()) return;
    shortcuts_[place_of(literal.data())] = {literal.data(), std::string{literal}, &kept};
  }

  [[gnu::cold, gnu::noinline]] void forget_shortcuts(const entry& kept) noexcept {
    for (shortcut& way : shortcuts_) {
      if (way.target == &kept) way = {};
    }
  }

  std::size_t capacity_;
  std::size_t size_ = 0;
  std::uint64_t uses_ = 0;
  entry* first_ = nullptr;  // a list by hand: a vector of std::unique_ptr is some hundreds of functions
  shortcut shortcuts_[shortcut_count];
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/sqlite_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SQLITE_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace sqlite::detail {

[[gnu::noinline]] DOVETAIL_DEFINE statement_use statement_cache::insert(std::string_view native,
                                                                        std::string_view literal, statement prepared) {
  const std::uint64_t hash = hash_of(native);
  for (entry* kept = first_; kept != nullptr;
       kept = kept->next) {  // the kept one is in use: this one serves as its double
    if (kept->hash == hash && kept->text == native) return statement_use{std::move(prepared)};
  }
  entry* place = nullptr;
  if (size_ < capacity_) {
    place = new entry;
    place->next = std::exchange(first_, place);
    ++size_;
  } else {
    for (entry* kept = first_; kept != nullptr; kept = kept->next) {
      if (!kept->busy && (place == nullptr || kept->last_use < place->last_use)) place = kept;
    }
    if (place == nullptr) return statement_use{std::move(prepared)};
    forget_shortcuts(*place);
  }
  place->prepared = std::move(prepared);
  place->text = native;
  place->hash = hash;
  remember(literal, *place);
  return use(*place);
}

[[gnu::noinline]] DOVETAIL_DEFINE void statement_cache::clear() noexcept {
  for (shortcut& way : shortcuts_) way = {};
  while (first_ != nullptr) delete std::exchange(first_, first_->next);
  size_ = 0;
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif

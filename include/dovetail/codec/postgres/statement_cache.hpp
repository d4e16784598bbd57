// The prepared statements that a connection keeps on its server: bounded, found by a literal's address or by the text.
#pragma once

#include <dovetail/base/sole.hpp>
#include <dovetail/codec/postgres/statement_description.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {
namespace detail {

/// FNV-1a in words of eight bytes; `seed` makes independent hashes of one text.
std::uint64_t statement_hash(std::string_view text, std::span<const std::uint32_t> types,
                             std::uint64_t seed = 0xCBF29CE484222325u) noexcept;

/// `==`, in the cache of instructions where it is called: memcmp() is one more place that is cold when a statement is
/// looked for once a round trip.
[[gnu::always_inline]] inline bool is_same_text(std::string_view one, std::string_view other) noexcept {
  if (one.size() != other.size()) return false;
  if (one.size() < 8 || one.size() > 256) return one == other;
  const auto differs = [&](std::size_t at) {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    std::memcpy(&first, one.data() + at, 8);
    std::memcpy(&second, other.data() + at, 8);
    return first != second;
  };
  for (std::size_t at = 0; at < one.size() - 8; at += 8) {
    if (differs(at)) return false;
  }
  return !differs(one.size() - 8);
}

}  // namespace detail

/// A statement that the server has prepared.
struct prepared_statement {
  std::string name;  ///< on the server; empty: the unnamed statement
  std::string text;
  std::string bind_head;  ///< how each Bind of it begins, up to the values (unnamed portal, binary parameters)
  std::vector<std::uint32_t> types;  ///< that were declared for its parameters
  statement_description description;
  std::uint64_t hash = 0;
  std::uint64_t last_use = 0;
  unsigned uses = 0;
  bool is_kept = false;  ///< by the cache, which deletes it; otherwise its last use does

  bool is_for(std::string_view sql, std::span<const std::uint32_t> declared) const noexcept;
};

/// A statement in use: it stays where it is as long as one of these is there. Threads: those of its connection.
class statement_use {
 public:
  statement_use() noexcept = default;
  explicit statement_use(prepared_statement& used) noexcept : statement_(&used) { ++used.uses; }
  statement_use(statement_use&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  statement_use& operator=(statement_use&& other) noexcept {
    std::swap(statement_, other.statement_);
    return *this;
  }
  ~statement_use() {
    if (statement_ != nullptr && --statement_->uses == 0 && !statement_->is_kept) delete statement_;
  }

  statement_use again() const noexcept { return statement_ == nullptr ? statement_use{} : statement_use{*statement_}; }

  explicit operator bool() const noexcept { return statement_ != nullptr; }
  prepared_statement& operator*() const noexcept { return *statement_; }
  prepared_statement* operator->() const noexcept { return statement_; }

 private:
  prepared_statement* statement_ = nullptr;
};

/// At most `capacity` statements; the one that was not used for longest makes room, and is closed on the server with
/// the next batch. The server's names are hashes of text and types, so that poolers which mix up connections cannot mix
/// up statements.
/// Cost: a literal seen before is found by its address and one comparison of its text.
class statement_cache {
 public:
  explicit statement_cache(std::size_t capacity) : capacity_(capacity) {}
  statement_cache(const statement_cache&) = delete;
  statement_cache& operator=(const statement_cache&) = delete;
  ~statement_cache() { clear(); }

  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t size() const noexcept { return kept_.size(); }

  /// `literal`: the text when its address stands for it as long as the program runs, else empty.
  statement_use find(std::string_view text, std::string_view literal, std::span<const std::uint32_t> types);

  /// The text that was made of a literal before, as the server takes it; empty when it is not known (any more).
  /// Cost: one comparison of the literal.
  std::string_view native_text(std::string_view literal, std::span<const std::uint32_t> types) const noexcept;

  /// The name on the server of a statement that is to be prepared.
  static std::string name_of(std::string_view text, std::span<const std::uint32_t> types);

  /// Keeps a statement that was prepared under its name.
  statement_use insert(v0::detail::sole<prepared_statement> made, std::string_view literal);

  /// Forgets a statement: the server does not have it any more, or not as it was.
  void forget(prepared_statement& gone) noexcept;

  /// Names that the server may forget; the next batch closes them.
  std::vector<std::string>& to_close() noexcept { return to_close_; }
  const std::vector<std::string>& to_close() const noexcept { return to_close_; }

  /// For a fresh connection, which has none prepared.
  void clear() noexcept;

 private:
  struct entry {
    std::uint64_t hash;
    prepared_statement* statement;
  };
  struct shortcut {
    const char* address = nullptr;
    prepared_statement* target = nullptr;
    std::string literal{};
  };
  static constexpr std::size_t shortcut_count = 64;

  static std::size_t place_of(const char* address) noexcept {
    const auto number = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address));
    return static_cast<std::size_t>((number * 0x9E3779B97F4A7C15u) >> 58);  // 58: the top six bits
  }

  statement_use use(prepared_statement& kept) noexcept {
    kept.last_use = ++uses_;
    return statement_use{kept};
  }
  void remember(std::string_view literal, prepared_statement& kept);
  /// The least recently used statement goes; one that is in use stays, and the cache is larger for a while.
  void make_room();

  std::size_t capacity_;
  std::uint64_t uses_ = 0;
  std::vector<entry> kept_;
  shortcut shortcuts_[shortcut_count];
  std::vector<std::string> to_close_;
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <algorithm>

namespace dovetail::inline v0::postgres {
namespace detail {

DOVETAIL_DEFINE std::uint64_t statement_hash(std::string_view text, std::span<const std::uint32_t> types,
                                             std::uint64_t seed) noexcept {
  constexpr std::uint64_t prime = 0x100000001B3u;
  std::uint64_t hash = seed;
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    hash = (hash ^ word) * prime;
    hash ^= hash >> 32;
    text.remove_prefix(8);
  }
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
  for (const std::uint32_t type : types) {
    hash = (hash ^ type) * prime;
    hash ^= hash >> 29;
  }
  return hash;
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE statement_use statement_cache::find(std::string_view text, std::string_view literal,
                                                    std::span<const std::uint32_t> types) {
  if (!literal.empty()) {
    const shortcut& way = shortcuts_[place_of(literal.data())];
    if (way.address == literal.data() && way.target->is_for(text, types)) return use(*way.target);
  }
  const std::uint64_t hash = detail::statement_hash(text, types);
  for (const entry& kept : kept_) {
    if (kept.hash != hash || !kept.statement->is_for(text, types)) continue;
    remember(literal, *kept.statement);
    return use(*kept.statement);
  }
  return {};
}

DOVETAIL_DEFINE std::string_view statement_cache::native_text(std::string_view literal,
                                                              std::span<const std::uint32_t> types) const noexcept {
  const shortcut& way = shortcuts_[place_of(literal.data())];
  if (way.address != literal.data() || way.literal != literal || !std::ranges::equal(way.target->types, types)) {
    return {};
  }
  return way.target->text;
}

DOVETAIL_DEFINE std::string statement_cache::name_of(std::string_view text, std::span<const std::uint32_t> types) {
  constexpr char digits[] = "0123456789abcdef";
  std::string name = "dt_";
  for (const std::uint64_t seed : {0xCBF29CE484222325u, 0x9AE16A3B2F90404Fu}) {
    const std::uint64_t hash = detail::statement_hash(text, types, seed);
    for (int shift = 60; shift >= 0; shift -= 4) name += digits[(hash >> shift) & 15];
  }
  return name;
}

DOVETAIL_DEFINE statement_use statement_cache::insert(v0::detail::sole<prepared_statement> made,
                                                      std::string_view literal) {
  made->hash = detail::statement_hash(made->text, made->types);
  if (kept_.size() >= capacity_) make_room();
  kept_.push_back({made->hash, made.get()});
  prepared_statement& kept = *made.release();
  kept.is_kept = true;
  remember(literal, kept);
  return use(kept);
}

DOVETAIL_DEFINE void statement_cache::forget(prepared_statement& gone) noexcept {
  for (shortcut& way : shortcuts_) {
    if (way.target == &gone) way = {};
  }
  std::erase_if(kept_, [&gone](const entry& each) { return each.statement == &gone; });
  gone.is_kept = false;
  if (gone.uses == 0) delete &gone;
}

DOVETAIL_DEFINE void statement_cache::make_room() {
  while (kept_.size() >= capacity_) {
    prepared_statement* oldest = nullptr;
    for (const entry& each : kept_) {
      if (each.statement->uses == 0 && (oldest == nullptr || each.statement->last_use < oldest->last_use)) {
        oldest = each.statement;
      }
    }
    if (oldest == nullptr) return;
    to_close_.push_back(oldest->name);
    forget(*oldest);
  }
}

}  // namespace dovetail::inline v0::postgres
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE bool prepared_statement::is_for(std::string_view sql,
                                                std::span<const std::uint32_t> declared) const noexcept {
  if (types.size() != declared.size() || !detail::is_same_text(text, sql)) return false;
  for (std::size_t i = 0; i < declared.size(); ++i) {
    if (types[i] != declared[i]) return false;
  }
  return true;
}

DOVETAIL_DEFINE void statement_cache::clear() noexcept {
  while (!kept_.empty()) forget(*kept_.back().statement);
  to_close_.clear();
}

DOVETAIL_DEFINE void statement_cache::remember(std::string_view literal, prepared_statement& kept) {
  if (!literal.empty()) shortcuts_[place_of(literal.data())] = {literal.data(), &kept, std::string{literal}};
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif

// The least that a client of PostgreSQL can do, the limit of the PostgreSQL tasks: blocking system calls on a Unix
// socket, the one statement's messages written by hand, each answer checked and decoded where it was received.
#pragma once

#include "account.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// One connection to a server that trusts the user. Stops the program at any mistake.
class raw_postgres {
 public:
  raw_postgres(const std::string& path, std::string_view user, std::string_view database)
      : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)), in_(64 * 1024) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path.size() >= sizeof to.sun_path) stop("the socket's path is too long");
    std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) stop("the raw socket: connect");
    std::string start(4, '\0');
    append(start, std::int32_t{196'608});
    for (const std::string_view part : {std::string_view{"user"}, user, std::string_view{"database"}, database}) {
      start.append(part).push_back('\0');
    }
    start.push_back('\0');
    store_big(start.data(), static_cast<std::int32_t>(start.size()));
    out_ = start;
    exchange();
  }
  raw_postgres(const raw_postgres&) = delete;
  raw_postgres& operator=(const raw_postgres&) = delete;
  ~raw_postgres() { ::close(socket_); }

  void prepare(const char* name, const char* text) {
    std::string body{name};
    body.push_back('\0');
    body.append(text).push_back('\0');
    body.append(2, '\0');
    message('P', body);
    message('S', {});
    exchange();
  }

  /// Bind and Execute of the prepared statement "point".
  void write_point(std::int64_t id) {
    static constexpr char bytes[] =
        "B\0\0\0\x21\0point\0\0\1\0\1\0\1\0\0\0\x08\0\0\0\0\0\0\0\0\0\1\0\1"
        "E\0\0\0\x09\0\0\0\0\0";
    constexpr std::size_t id_at = 22;
    const std::size_t at = out_.size();
    out_.append(bytes, sizeof bytes - 1);
    store_big(out_.data() + at + id_at, id);
  }
  void write_sync() { out_.append("S\0\0\0\4", 5); }

  /// Sends what was written, and gives each account that comes to `take`, until the server is ready.
  template <class Take>
  void exchange(Take take) {
    send();
    do {
      // Not a recv() that waits: it is woken too when the server has read what was sent.
      pollfd watched{socket_, POLLIN, 0};
      if (::poll(&watched, 1, -1) != 1) stop("poll");
    } while (!receive(take));
  }

  /// The parts of `exchange` for who waits in another way: sends what was written …
  void send() {
    if (::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out_.size())) stop("send");
    out_.clear();
  }
  /// … and reads what has come, when something has; true when the server is ready.
  template <class Take>
  bool receive(Take& take) {
    const ssize_t came = ::recv(socket_, in_.data() + used_, in_.size() - used_, MSG_DONTWAIT);
    if (came <= 0) stop("recv");
    const char* at = in_.data();
    const char* const end = at + used_ + static_cast<std::size_t>(came);
    used_ = 0;
    while (end - at >= 5) {
      const std::int32_t length = load_big<std::int32_t>(at + 1);
      if (length < 4) stop("a message of the wrong length");
      if (end - at < 1 + std::ptrdiff_t{length}) break;
      if (*at == 'D') take(read(at + 5, at + 1 + length));
      if (*at == 'E') stop("the server refuses");
      if (*at == 'Z') return true;
      at += 1 + length;
    }
    used_ = static_cast<std::size_t>(end - at);
    std::memmove(in_.data(), at, used_);
    return false;
  }
  int handle() const noexcept { return socket_; }

 private:
  template <class T>
  static void append(std::string& to, T value) {
    char bytes[sizeof value];
    store_big(bytes, value);
    to.append(bytes, sizeof bytes);
  }

  static account read(const char* at, const char* end) {
    const auto field = [&at, end]() -> std::int32_t {
      if (end - at < 4) stop("a row that is too short");
      const std::int32_t size = load_big<std::int32_t>(at);
      at += 4;
      if (size > end - at) stop("a row that is too short");
      return size;
    };
    account row{};
    if (end - at < 2 || load_big<std::int16_t>(at) != 4) stop("a row of other columns");
    at += 2;
    if (field() != 8) stop("an id of the wrong size");
    row.id = load_big<std::int64_t>(at);
    at += 8;
    if (const std::int32_t size = field(); size >= 0) {
      row.name.assign(at, static_cast<std::size_t>(size));
      at += size;
    }
    if (field() != 8) stop("a balance of the wrong size");
    row.balance = std::bit_cast<double>(load_big<std::int64_t>(at));
    at += 8;
    if (const std::int32_t size = field(); size >= 0) {
      row.note.emplace(at, static_cast<std::size_t>(size));
      at += size;
    }
    if (at != end) stop("a row that is too long");
    return row;
  }

  void message(char type, const std::string& body) {
    out_.push_back(type);
    append(out_, static_cast<std::int32_t>(body.size() + 4));
    out_.append(body);
  }
  void exchange() {
    exchange([](const account&) {});
  }

  int socket_;
  std::string out_;
  std::vector<char> in_;
  std::size_t used_ = 0;  // of an answer that has come in part
};

}  // namespace bench

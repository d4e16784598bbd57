// A real HTTP proxy, tinyproxy of this machine's installation, started for one test on a loopback port.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace dovetail::test {

/// Takes CONNECT to every port. Never as root: as "nobody" when the tests run as root.
class tinyproxy {
 public:
  /// `user` and `password` are what it wants by the Basic scheme; without a user it wants nothing. Throws a sentence
  /// when it cannot be started: a machine without tinyproxy fails the tests that need it.
  explicit tinyproxy(const std::string& user = {}, const std::string& password = {}) {
    if (::access(program, X_OK) != 0) {
      throw std::runtime_error(std::string{program} + " is missing (Debian: tinyproxy-bin; tools/packages.sh test)");
    }
    char pattern[] = "/tmp/dovetail-proxy-XXXXXX";
    folder_ = mkdtemp(pattern);
    ::chmod(folder_.c_str(), 0755);  // nobody reads its settings there
    if (!user.empty()) credentials_ = "BasicAuth " + user + " " + password + "\n";
    for (int tries = 0; !try_start(free_port()); ++tries) {
      if (tries == 3) {
        const std::string words = log();
        remove_folder();
        throw std::runtime_error("tinyproxy does not start:\n" + words);
      }
    }
  }
  tinyproxy(const tinyproxy&) = delete;
  tinyproxy& operator=(const tinyproxy&) = delete;
  ~tinyproxy() {
    kill();
    remove_folder();
  }

  std::uint16_t port() const { return port_; }
  /// What it has written.
  std::string log() const {
    std::ifstream file{folder_ + "/log", std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  /// As when the machine's power fails. Any thread, as `restart`.
  void kill() {
    const std::lock_guard lock{mutex_};
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }
  /// On the same port again.
  void restart() {
    kill();
    if (!try_start(port_)) throw std::runtime_error("tinyproxy does not start again:\n" + log());
  }

 private:
  static constexpr const char* program = "/usr/bin/tinyproxy";

  static sockaddr_in address_of(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }

  static std::uint16_t free_port() {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = address_of(0);
    socklen_t size = sizeof address;
    ::bind(probe, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(probe);
    return ntohs(address.sin_port);
  }

  bool try_start(std::uint16_t port) {
    const std::lock_guard lock{mutex_};
    port_ = port;
    const std::string settings = folder_ + "/conf";
    std::ofstream{settings} << "Port " << port << "\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\nMaxClients 50\n"
                            << credentials_;
    const std::string written = folder_ + "/log";
    const int out = ::open(written.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const passwd* const nobody = ::geteuid() == 0 ? ::getpwnam("nobody") : nullptr;
    const pid_t parent = ::getpid();
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(out, 1);
      ::dup2(out, 2);
      const bool is_user_set = nobody == nullptr || (::setgroups(0, nullptr) == 0 && ::setgid(nobody->pw_gid) == 0 &&
                                                     ::setuid(nobody->pw_uid) == 0);
      if (!is_user_set) ::_exit(126);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // behind setuid, which would undo it
      if (::getppid() != parent) ::_exit(126);
      ::execl(program, program, "-d", "-c", settings.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(out);
    for (int waited = 0; waited < 6000; ++waited) {
      if (::waitpid(process_, nullptr, WNOHANG) == process_) break;
      const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = address_of(port);
      const bool is_there = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
      ::close(probe);
      if (is_there) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    process_ = -1;
    return false;
  }

  void remove_folder() {
    std::error_code ec;
    std::filesystem::remove_all(folder_, ec);
  }

  std::mutex mutex_;
  std::string folder_;
  std::string credentials_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

}  // namespace dovetail::test

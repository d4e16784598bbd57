// A PostgreSQL server of this machine's installation, started for one test program and stopped at its end.
#pragma once

#include <support/certificate.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace dovetail::test {

/// Runs on a Unix socket and on the loopback address, with TLS and without. Never as root: as "postgres" or "nobody"
/// when the tests run as root. Databases: "app", owned by "app". Roles and how they log in (the password of each is
/// `password`, the administrator is "admin" and a superuser):
///   app, admin    trust
///   plain         password in plain text
///   md5           MD5
///   scram         SCRAM-SHA-256; over TLS -PLUS too
///   cert          a client certificate, over TLS only
///   gss           GSSAPI, which no client here can
///   tls_only      SCRAM, over TLS only; the server refuses without
///   no_tls        SCRAM, without TLS only
///   nobody_knows  refused
class postgres_server {
 public:
  static constexpr std::string_view password = "pencil's \\ sharp";

  /// The one server of this program, started at the first call. Throws a sentence when that fails: a machine without
  /// PostgreSQL fails the tests that need it.
  static postgres_server& shared() {
    static postgres_server server;
    return server;
  }

  postgres_server() {
    try {
      prepare();
      start(true);
      create_roles();
    } catch (...) {
      stop();
      remove_folder();
      throw;
    }
  }
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;
  ~postgres_server() {
    stop();
    remove_folder();
  }

  std::uint16_t port() const { return port_; }
  const std::string& socket_folder() const { return folder_; }
  std::string authority_file() const { return folder_ + "/authority.pem"; }
  /// For the role "cert"; the key has no password.
  std::string client_certificate_file() const { return folder_ + "/client.pem"; }
  std::string client_key_file() const { return folder_ + "/client.key"; }
  /// An authority that has signed nothing here.
  std::string other_authority_file() const { return folder_ + "/other.pem"; }

  /// "postgresql://role:password@127.0.0.1:port/app" with `more` behind, such as "?sslmode=require".
  std::string url(std::string_view role = "app", std::string_view more = {}) const {
    std::string text = "postgresql://";
    text.append(role).append(":pencil's%20%5C%20sharp@127.0.0.1:").append(std::to_string(port_)).append("/app");
    return text.append(more);
  }
  /// The same through the Unix socket, as key=value words; `more` such as " application_name=x".
  std::string socket_string(std::string_view role = "app", std::string_view more = {}) const {
    std::string text = "host=" + folder_ + " port=" + std::to_string(port_) + " dbname=app user=";
    text.append(role).append(" password='pencil\\'s \\\\ sharp'");
    return text.append(more);
  }

  /// The Unix socket itself.
  std::string socket_path() const { return folder_ + "/.s.PGSQL." + std::to_string(port_); }

  /// What psql prints for `statements` as the administrator: no headings, columns separated by '|'. Throws its message.
  std::string sql(const std::string& statements, const std::string& database = "app") const {
    const std::string port = std::to_string(port_);
    const outcome said = run({program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder_, "-p",
                              port, "-U", "admin", "-d", database, "-c", statements});
    if (said.status != 0) throw std::runtime_error("psql: " + said.text);
    return said.text;
  }

  /// Waits until `sql` gives the text, at most two minutes: what the server sees of a client that has gone, it sees
  /// when it has time.
  bool becomes(const std::string& statements, const std::string& expected) const {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes{2};
    while (sql(statements) != expected) {
      if (std::chrono::steady_clock::now() > limit) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
  }

  /// Stops hard, as when the machine's power fails, and starts again on the same port.
  void crash_and_restart() {
    crash();
    start();
  }
  /// Ends all sessions, stops, and starts again on the same port.
  void restart() {
    stop();
    start();
  }
  /// Freezes and thaws every process of the server.
  void freeze() { signal_all(SIGSTOP); }
  void thaw() { signal_all(SIGCONT); }
  /// Kills one backend as `kill -9` does; the server then ends all sessions and recovers.
  static void kill_backend(int process) { ::kill(process, SIGKILL); }

  /// What the server has written.
  std::string log() const { return read_file(folder_ + "/log"); }

 private:
  struct outcome {
    int status = -1;
    std::string text;
  };

  std::string data() const { return folder_ + "/data"; }
  std::string program(const char* name) const { return programs_ + "/" + name; }

  static std::string read_file(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  /// The folder that DOVETAIL_POSTGRES_PROGRAMS names, or that of the newest installation.
  static std::string find_programs() {
    if (const char* const named = std::getenv("DOVETAIL_POSTGRES_PROGRAMS"); named != nullptr) return named;
    std::string best;
    int best_version = -1;
    std::error_code ec;
    for (const auto& each : std::filesystem::directory_iterator{"/usr/lib/postgresql", ec}) {
      const std::string version = each.path().filename().string();
      int number = 0;
      std::from_chars(version.data(), version.data() + version.size(), number);
      if (number > best_version && std::filesystem::exists(each.path() / "bin/initdb")) {
        best_version = number;
        best = (each.path() / "bin").string();
      }
    }
    if (!best.empty()) return best;
    const char* const path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
      const std::size_t colon = std::min(rest.find(':'), rest.size());
      const std::filesystem::path tried = std::filesystem::path{rest.substr(0, colon)} / "initdb";
      if (std::filesystem::exists(tried, ec)) return std::filesystem::canonical(tried).parent_path().string();
      rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    throw std::runtime_error("these tests need a PostgreSQL server: install postgresql (tools/packages.sh test)");
  }

  void prepare() {
    programs_ = find_programs();
    char pattern[] = "/tmp/dovetail-postgres-XXXXXX";
    if (::mkdtemp(pattern) == nullptr) throw std::runtime_error("cannot make a temporary folder for PostgreSQL");
    folder_ = pattern;
    if (::geteuid() == 0) {
      const passwd* user = ::getpwnam("postgres");
      if (user == nullptr) user = ::getpwnam("nobody");
      if (user == nullptr) throw std::runtime_error("PostgreSQL does not run as root, and there is no other user here");
      user_ = user->pw_uid;
      group_ = user->pw_gid;
    }
    make_certificates();
    own(folder_);
    must(
        {program("initdb"), "-D", data(), "-U", "admin", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"});
    write_file(data() + "/pg_hba.conf",
               "local all app trust\n"
               "host all app 127.0.0.1/32 trust\n"
               "local all admin trust\n"
               "host all admin 127.0.0.1/32 trust\n"
               "local all plain password\n"
               "host all plain 127.0.0.1/32 password\n"
               "local all md5 md5\n"
               "host all md5 127.0.0.1/32 md5\n"
               "local all scram scram-sha-256\n"
               "host all scram 127.0.0.1/32 scram-sha-256\n"
               "hostssl all cert 127.0.0.1/32 cert\n"
               "host all gss 127.0.0.1/32 gss\n"
               "hostssl all tls_only 127.0.0.1/32 scram-sha-256\n"
               "hostnossl all no_tls 127.0.0.1/32 scram-sha-256\n");
  }

  void make_certificates() {
    using tests::certificate;
    certificate authority = certificate::make("test authority", nullptr, nullptr);
    certificate other = certificate::make("another authority", nullptr, nullptr);
    certificate mine = certificate::make("test server", "DNS:localhost,IP:127.0.0.1", &authority);
    certificate client = certificate::make("cert", nullptr, &authority);
    const bool is_saved = authority.save_certificate(authority_file()) &&
                          other.save_certificate(other_authority_file()) &&
                          mine.save_certificate(folder_ + "/server.pem") && mine.save_key(folder_ + "/server.key") &&
                          client.save_certificate(client_certificate_file()) && client.save_key(client_key_file());
    for (certificate* each : {&authority, &other, &mine, &client}) each->free();
    if (!is_saved) throw std::runtime_error("cannot save the test server's certificates");
    own(folder_ + "/server.pem");
    own(folder_ + "/server.key");
    own(authority_file());
    ::chmod((folder_ + "/server.key").c_str(), 0600);
    ::chmod(client_key_file().c_str(), 0600);
  }

  void start(bool may_choose_port = false) {
    for (int tries = 0;; ++tries) {
      if (may_choose_port) port_ = free_port();  // each time anew: somebody else may have taken it meanwhile
      write_file(data() + "/postgresql.auto.conf",
                 "listen_addresses = '127.0.0.1'\nport = " + std::to_string(port_) + "\nunix_socket_directories = '" +
                     folder_ +
                     "'\nfsync = off\nmax_connections = 60\nshared_buffers = 32MB\nmax_prepared_transactions = 4\n"
                     "password_encryption = 'scram-sha-256'\nssl = on\nssl_cert_file = '" +
                     folder_ + "/server.pem'\nssl_key_file = '" + folder_ + "/server.key'\nssl_ca_file = '" +
                     authority_file() + "'\n");
      server_ = spawn({program("postgres"), "-D", data()}, folder_ + "/log", true);
      if (becomes_ready()) return;
      stop();
      if (tries == 3) throw std::runtime_error("PostgreSQL does not start:\n" + log());
    }
  }

  /// The server says so in the last line of its lock file.
  bool becomes_ready() {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes{3};
    while (std::chrono::steady_clock::now() < limit) {
      if (read_file(data() + "/postmaster.pid").find("\nready") != std::string::npos) return true;
      int status = 0;
      if (::waitpid(server_, &status, WNOHANG) == server_) {
        server_ = -1;
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return false;
  }

  void create_roles() {
    std::string text;
    for (const char* role : {"app", "plain", "scram", "cert", "gss", "tls_only", "no_tls", "nobody_knows"}) {
      text.append("create role ").append(role).append(" login password 'pencil''s \\ sharp';\n");
    }
    text += "set password_encryption = 'md5'; create role md5 login password 'pencil''s \\ sharp';\n";
    sql(text, "postgres");
    sql("create database app owner app", "postgres");
  }

  void stop() {
    if (server_ <= 0) return;
    signal_all(SIGCONT);
    ::kill(server_, SIGINT);
    for (int waited = 0; waited < 6000; ++waited) {
      int status = 0;
      if (::waitpid(server_, &status, WNOHANG) == server_) {
        server_ = -1;
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    crash();
  }

  /// Kills all of the server's processes and waits for their end: the next server wants their memory to be free.
  void crash() {
    if (server_ <= 0) return;
    ::kill(server_, SIGSTOP);  // no child more, and they stay its children
    const std::vector<int> all = children();
    ::kill(server_, SIGKILL);
    for (const int each : all) ::kill(each, SIGKILL);
    int status = 0;
    ::waitpid(server_, &status, 0);
    server_ = -1;
    for (const int each : all) {
      for (int waited = 0; waited < 6000 && is_alive(each); ++waited) {
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
      }
    }
    std::error_code ec;
    std::filesystem::remove(data() + "/postmaster.pid", ec);
  }

  /// What /proc says of a process about one thing; empty when the process is not there.
  static std::string status_of(int process, const std::string& what) {
    const std::string status = read_file("/proc/" + std::to_string(process) + "/status");
    const std::size_t at = status.find("\n" + what + ":\t");
    if (at == std::string::npos) return {};
    return status.substr(at + what.size() + 3, status.find('\n', at + 1) - at - what.size() - 3);
  }

  static bool is_alive(int process) {
    const std::string state = status_of(process, "State");
    return !state.empty() && state.front() != 'Z' && state.front() != 'X';
  }

  /// Each leads a group of its own.
  std::vector<int> children() const {
    std::vector<int> found;
    std::error_code ec;
    for (const auto& each : std::filesystem::directory_iterator{"/proc", ec}) {
      const std::string name = each.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const int process = std::atoi(name.c_str());
      if (status_of(process, "PPid") == std::to_string(server_)) found.push_back(process);
    }
    return found;
  }

  /// The server's own process and its children.
  void signal_all(int signal) const {
    if (server_ <= 0) return;
    ::kill(server_, signal);
    for (const int each : children()) ::kill(each, signal);
  }

  void remove_folder() {
    std::error_code ec;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ec);
  }

  /// Below the ports that the system gives to whoever asks for any: the server must get the same one again when it is
  /// restarted. Other programs begin to look elsewhere.
  static std::uint16_t free_port() {
    constexpr int first = 10000;
    constexpr int count = 20000;
    for (int tries = 0; tries < 1000; ++tries) {
      const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const int port = first + static_cast<int>((static_cast<long>(::getpid()) * 7 + tries) % count);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(static_cast<std::uint16_t>(port));
      const bool is_free = ::bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
      ::close(probe);
      if (is_free) return static_cast<std::uint16_t>(port);
    }
    throw std::runtime_error("no free port for PostgreSQL");
  }

  void own(const std::string& path) const {
    if (user_ != 0 && ::chown(path.c_str(), user_, group_) != 0) {
      throw std::runtime_error("cannot give " + path + " to the database's user");
    }
  }

  void write_file(const std::string& path, const std::string& text) const {
    std::ofstream{path, std::ios::binary} << text;
    if (read_file(path) != text) throw std::runtime_error("cannot write " + path);
    own(path);
  }

  void must(const std::vector<std::string>& command) const {
    const outcome said = run(command);
    if (said.status != 0) throw std::runtime_error(command.front() + " failed:\n" + said.text);
  }

  /// Runs a program to its end and gives what it wrote.
  outcome run(const std::vector<std::string>& command) const {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
    const pid_t child = spawn(command, {}, false, ends[1]);
    ::close(ends[1]);
    outcome said;
    char part[4096];
    for (ssize_t got; (got = ::read(ends[0], part, sizeof part)) > 0;) {
      said.text.append(part, static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    said.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    while (said.text.ends_with('\n')) said.text.pop_back();
    return said;
  }

  pid_t spawn(const std::vector<std::string>& command, const std::string& log, bool dies_with_us,
              int output = -1) const {
    // Everything that allocates is done before the fork: the program may have threads.
    std::vector<char*> words;
    for (const std::string& each : command) words.push_back(const_cast<char*>(each.c_str()));
    words.push_back(nullptr);
    std::string home = "HOME=" + folder_;
    std::string path = "PATH=" + programs_ + ":/usr/bin:/bin";
    std::string language = "LC_ALL=C";
    char* environment[] = {home.data(), path.data(), language.data(), nullptr};
    const int out = output >= 0 ? output : ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(in, 0);
      ::dup2(out, 1);
      ::dup2(out, 2);
      const bool is_user_set =
          user_ == 0 || (::setgroups(0, nullptr) == 0 && ::setgid(group_) == 0 && ::setuid(user_) == 0);
      if (!is_user_set || ::chdir("/") != 0) ::_exit(126);
      if (dies_with_us) {
        ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // behind setuid, which would undo it
        if (::getppid() != parent) ::_exit(126);
        ::setpgid(0, 0);  // the terminal's Ctrl-C is for the test program
      }
      ::execve(words[0], words.data(), environment);
      ::_exit(127);
    }
    if (output < 0) ::close(out);
    ::close(in);
    if (child < 0) throw std::runtime_error("cannot start " + command.front());
    return child;
  }

  std::string programs_;
  std::string folder_;
  uid_t user_ = 0;  // 0: as we are
  gid_t group_ = 0;
  std::uint16_t port_ = 0;
  pid_t server_ = -1;
};

}  // namespace dovetail::test

// Starts a PostgreSQL server, and runs the given program with its connection string as argument: for examples.
#include <support/postgres_server.hpp>

#include <cstdio>
#include <exception>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    const std::string text = dovetail::test::postgres_server::shared().socket_string();
    const pid_t child = fork();
    if (child == 0) {
      execl(argv[1], argv[1], text.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}

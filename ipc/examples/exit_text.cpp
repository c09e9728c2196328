// Leaving with a text that nobody catches: it goes to standard error, and the exit code is 1.
#include "ipc/process/exit.hpp"

int main() {
  return ipc::exit_code_of([] { ipc::exit("退出"); });
}

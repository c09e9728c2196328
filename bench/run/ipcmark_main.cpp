// The ipcmark command: what can be measured, whether this machine is fit for it, and measuring it.
#include "bench/run/cli.hpp"

int main(int argc, char** argv) {
  return bench::run::run_cli(argc, argv);
}

// The main of a bench binary; the build says which, as IPCMARK_BINARY and IPCMARK_CASES.
#include "bench/binaries.hpp"
#include "bench/harness/program.hpp"

int main(int argc, char** argv) {
  return bench::run_program(IPCMARK_BINARY, bench::IPCMARK_CASES(), argc, argv);
}

// The command line of ipcmark.
#pragma once

namespace bench::run {

/// Does what the arguments ask for and gives the exit code: 0 all well, 1 finished with problems, 2
/// it could not be done as asked, 128 + signal when it was interrupted. Never throws.
int run_cli(int argc, char** argv);

}  // namespace bench::run

// For tests: a folder of fake bench binaries, and the ipcmark command over it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bench/harness/command.hpp"
#include "bench/harness/json_file.hpp"
#include "bench/run/catalogue.hpp"

namespace bench::run::test {

namespace fs = std::filesystem;

/// A temporary folder with fakes in "bin"; gone, with all environment variables set, after the
/// test. Fails a test that leaves a child, and kills one that hangs. (It does not look at /dev/shm:
/// the command takes away what dead processes of others left there.)
class WithFakes : public testing::Test {
 protected:
  void SetUp() override {
    ::alarm(kHangSeconds);
    std::string name = (fs::temp_directory_path() / "ipcmark_test.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directory(folder_ / "bin");
    for (const auto binary : kBinaries)
      fs::create_symlink(own_folder() / "ipcmark_fake_bench", folder_ / "bin" / binary);
  }
  void TearDown() override {
    for (const auto& name : variables_) ::unsetenv(name.c_str());
    fs::remove_all(folder_);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "children left behind";
    ::alarm(0);
  }

  /// Read once: in a mount namespace made later, the link may name a path from outside a chroot.
  static const fs::path& own_folder() {
    static const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
    return folder;
  }

  void set(const std::string& variable, const std::string& value) {
    ::setenv(variable.c_str(), value.c_str(), 1);
    variables_.insert(variable);
  }
  void unset(const std::string& variable) { ::unsetenv(variable.c_str()); }

  /// The whole command line for a subcommand of ipcmark over the fakes.
  std::vector<std::string> command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), (own_folder() / "ipcmark").string());
    arguments.push_back("--bench-dir=" + (folder_ / "bin").string());
    return arguments;
  }
  CommandResult ipcmark(const std::vector<std::string>& arguments) const {
    return run_command(command(arguments), ipc::os::Deadline::after(std::chrono::seconds(50)));
  }
  /// `ipcmark run` of the quick preset into out().
  CommandResult run_quick(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"run", "--preset=quick", "--rounds=2", "--out=" + out().string()});
    return ipcmark(more);
  }
  CommandResult resume() const { return ipcmark({"run", "--resume", out().string()}); }

  fs::path out() const { return folder_ / "run"; }
  Json record() const { return read_json(out() / "run.json"); }
  /// Names in a folder, hidden ones included.
  static std::set<std::string> names_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
    return names;
  }

  fs::path folder_;

 private:
  static constexpr unsigned kHangSeconds = 120;
  std::set<std::string> variables_;
};

/// The files of a whole quick run of two rounds.
inline std::set<std::string> whole_run() {
  std::set<std::string> names{"run.json", "environment.json"};
  for (const auto binary : kBinaries)
    for (const char* end : {".json", ".hist.json", ".reps.json"})
      for (const char* round : {".1", ".2"}) names.insert(std::string(binary) + round + end);
  return names;
}

inline testing::AssertionResult holds(const std::string& text, const std::string& part) {
  return testing::IsSubstring("the part", "the text", part, text);
}

inline int code_of(const CommandResult& result) {
  return result.finished && result.status.exited() ? result.status.code() : -1;
}

}  // namespace bench::run::test

// Stands in for a bench binary in the tests of the command. It is the binary under whose name it is
// started, has three cases, each held against that of `limits`, measures nothing, and misbehaves as
// environment variables ask:
//   FAKE_FAIL=CASE            that case fails
//   FAKE_CRASH=BINARY         it aborts after its first case
//   FAKE_HANG=BINARY          it hangs after its first case, with a child, both deaf to SIGTERM
//   FAKE_READY_FD=N           where it writes a byte once it hangs
//   FAKE_BAD_JSON=BINARY      its results break off
//   FAKE_BAD_HISTOGRAMS=BINARY, FAKE_BAD_REPETITIONS=BINARY, FAKE_NO_ROW=BINARY
//   FAKE_BAD_CATALOGUE=BINARY, FAKE_DUPLICATE=BINARY
//   FAKE_PADDING=N            bytes added to its results
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "bench/harness/build_info.hpp"
#include "ipc/os/child.hpp"

namespace {

using Json = nlohmann::ordered_json;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

class Fake {
 public:
  Fake(std::string name, std::map<std::string, std::string> options)
      : name_(std::move(name)), options_(std::move(options)) {}

  int run() {
    if (options_.contains("--catalogue")) return print_catalogue();
    Json rows = Json::array();
    std::ifstream cases(options_.at("--cases"));
    for (std::string one; std::getline(cases, one) && is_our_turn();) {
      rows.push_back(measure(one));
      misbehave();
    }
    while (is_our_turn()) continue;
    if (wants("FAKE_NO_ROW")) rows.erase(0);
    write(std::move(rows));
    return 0;
  }

 private:
  bool is_our_turn() const {
    char turn = 0;
    return ::read(std::stoi(options_.at("--turns_fd")), &turn, 1) == 1;
  }
  bool wants(const char* what) const { return variable(what) == name_; }
  bool is_limits() const { return name_ == "limits"; }

  static std::string case_name(const std::string& binary, const std::string& backend) {
    return binary + "/pipe/" + backend + "/size:64/placement:unpinned";
  }

  int print_catalogue() const {
    if (wants("FAKE_BAD_CATALOGUE")) {
      std::cout << "{\"binary\": ";
      return 0;
    }
    Json cases = Json::array();
    for (const std::string backend : {"quick", "slow", "impossible"}) {
      cases.push_back({{"name", case_name(name_, backend)},
                       {"measure", name_},
                       {"noun", "pipe"},
                       {"backend", backend},
                       {"placement", "unpinned"},
                       {"quick", backend == "quick"},
                       {"control", false},
                       {"cpus", 0},
                       {"setup_ms", 0},
                       {"reason", backend == "impossible" ? Json("not on this machine") : Json()},
                       {"floor", is_limits() ? Json() : Json(case_name("limits", backend))},
                       {"no_floor", is_limits() ? Json("it is a limit itself") : Json()}});
    }
    if (wants("FAKE_DUPLICATE")) cases.push_back(cases[0]);
    const Json git{{"sha", bench::build_info().git_sha}, {"dirty", bench::build_info().git_dirty}};
    const Json build{{"ipcmark_version", bench::build_info().version}, {"git", git}};
    std::cout << Json{{"binary", name_}, {"build", build}, {"cases", cases}}.dump() << '\n';
    return 0;
  }

  Json measure(const std::string& one) const {
    Json row{{"name", one + "/manual_time"},
             {"run_type", "iteration"},
             {"real_time", is_limits() ? 2.0 : 3.0}};
    const bool fails = variable("FAKE_FAIL") == one;
    if (fails) {
      row["error_occurred"] = true;
      row["error_message"] = "the peer: it is gone";
    }
    tell(fails ? "failed " + one + ": the peer: it is gone\n" : "done " + one + "\n");
    return row;
  }

  void tell(const std::string& line) const {
    if (::write(std::stoi(options_.at("--progress_fd")), line.data(), line.size()) < 0)
      std::abort();
  }

  void misbehave() const {
    if (wants("FAKE_CRASH")) {
      std::cerr << "something went wrong\n" << std::flush;
      std::abort();
    }
    if (!wants("FAKE_HANG")) return;
    ::signal(SIGTERM, SIG_IGN);
    const auto hang = [] {
      for (;;) ::pause();
      return 0;
    };
    const auto child = ipc::os::Child::fork(hang);
    if (const auto ready = variable("FAKE_READY_FD"); !ready.empty())
      if (::write(std::stoi(ready), "x", 1) != 1) std::abort();
    hang();
  }

  void write(Json rows) const {
    const Json results{{"context", {{"padding", std::string(padding(), 'x')}}},
                       {"benchmarks", std::move(rows)}};
    std::string text = results.dump();
    if (wants("FAKE_BAD_JSON")) text.resize(text.size() / 2);
    std::ofstream(options_.at("--benchmark_out")) << text;
    Json histograms{{"schema_version", 1}, {"binary", name_}, {"histograms", Json::array()}};
    if (wants("FAKE_BAD_HISTOGRAMS")) histograms.erase("histograms");
    std::ofstream(options_.at("--histograms")) << histograms.dump();
    Json repetitions{{"schema_version", 1}, {"binary", name_}, {"cases", Json::array()}};
    if (wants("FAKE_BAD_REPETITIONS")) repetitions.erase("cases");
    std::ofstream(options_.at("--repetition_records")) << repetitions.dump();
  }

  static std::size_t padding() {
    const auto wanted = variable("FAKE_PADDING");
    return wanted.empty() ? 0 : std::stoul(wanted);
  }

  std::string name_;
  std::map<std::string, std::string> options_;
};

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    options[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  return Fake(std::filesystem::path(argv[0]).filename(), options).run();
}
